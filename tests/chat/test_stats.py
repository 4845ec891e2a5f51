"""`/candor stats` as an administrator uses it: pictures with descriptions, privately or for the channel."""

from __future__ import annotations

import discord
import pytest
from simcord.backend.errors import SetupError

from moderation_model.errors import ModelUnavailable
from tests.builders import message, prediction
from tests.chat.conftest import Stage, said


async def stats(stage: Stage, **options: object) -> discord.Message:
    """The private answer."""
    result = await stage.admin.slash(stage.general, "candor stats", **options)
    answer = [each for each in [result.response, *result.followups] if each is not None][-1]
    assert answer.ephemeral
    return answer.message


async def test_statistics_are_pictures_that_are_described(stage: Stage) -> None:
    await stage.say("what an insult")
    await stage.lena.click(stage.card, label="Breaks rules")

    answer = await stats(stage)

    assert answer.content == "**Last 30 days**: 1 message flagged, 1 case for moderators."
    assert [each.filename for each in answer.attachments] == ["statistics.png", "weeks.png"]
    numbers, weeks = (each.description or "" for each in answer.attachments)
    assert "Insult: 1 of 1 right, too few to say more." in numbers
    assert "Cases: 1 broke rules." in numbers
    assert "#general few" in weeks
    assert "Kai" not in numbers + weeks


async def test_a_server_without_records_gets_one_friendly_sentence(stage: Stage) -> None:
    answer = await stats(stage)
    assert answer.content.startswith("Nothing was read or flagged here in that time")
    assert answer.attachments == []


async def test_one_channel_is_shown_alone(stage: Stage) -> None:
    await stage.say("what an insult")
    assert "**Last 7 days, #general**: 1 message flagged" in (await stats(stage, days=7, channel=stage.general)).content
    assert (await stats(stage, channel=stage.review)).content.startswith("Nothing was read")


async def test_a_category_is_refused_with_what_to_choose(stage: Stage) -> None:
    talk = stage.guild.create_category("Talk")
    answer = await stats(stage, channel=talk)
    assert answer.content == f"No message stands in <#{talk.id}> itself. Choose a channel or thread inside it."


async def test_without_the_model_server_the_text_says_it_all(stage: Stage) -> None:
    await stage.say("what an insult")
    stage.house.model.down = ModelUnavailable("The model server does not answer; it is being restarted.")
    answer = await stats(stage)
    assert "1 flagged in 30 days" in answer.content
    assert answer.content.endswith("There is no picture. The model server does not answer; it is being restarted.")
    refused = await stats(stage, public=True)
    assert refused.content.endswith("So nothing was posted here.")
    assert [each.content for each in stage.general.history()] == ["what an insult"]


async def test_public_statistics_stand_in_the_channel(stage: Stage) -> None:
    await stage.say("what an insult")
    answer = await stats(stage, public=True)
    assert answer.content == "It stands in this channel now, for everybody who reads here."
    posted = stage.general.last_message
    assert posted is not None
    assert posted.content.startswith("**Last 30 days**: 1 message flagged")
    assert [each.filename for each in posted.attachments] == ["statistics.png", "weeks.png"]
    assert all(each.description for each in posted.attachments)


async def test_public_statistics_name_no_channel_that_not_everybody_sees(stage: Stage) -> None:
    (admins,) = (role for role in stage.guild.roles.values() if role.name == "Admins")
    hidden = discord.PermissionOverwrite(view_channel=False)
    staff = stage.guild.create_text_channel(
        "staff-only",
        overwrites={stage.guild.default_role: hidden, admins: discord.PermissionOverwrite(view_channel=True)},
    )
    for number in range(30):
        read = message(message_id=number, guild_id=stage.guild.id, channel_id=staff.id, at=stage.env.now())
        await stage.house.predictions.record(read, [prediction()], at=stage.env.now())

    assert "#staff-only 3.0" in ((await stats(stage)).attachments[1].description or "")
    await stats(stage, public=True)

    posted = stage.general.last_message
    assert posted is not None
    assert "1 other channel 3.0" in (posted.attachments[1].description or "")


async def test_who_may_not_post_files_in_the_channel_posts_no_statistics(stage: Stage) -> None:
    await stage.say("what an insult")
    everyone = stage.guild.default_role
    quiet = stage.guild.create_text_channel(
        "quiet", overwrites={everyone: discord.PermissionOverwrite(attach_files=False)}
    )
    result = await stage.admin.slash(quiet, "candor stats", public=True)
    assert said(result) == ("You need Attach Files in this channel to post there. Leave `public` out to see it alone.")
    assert quiet.history() == []


async def test_the_bot_says_what_it_lacks_to_post_statistics(stage: Stage) -> None:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    news = stage.guild.create_text_channel(
        "news", overwrites={guild.me.top_role: discord.PermissionOverwrite(send_messages=False)}
    )
    result = await stage.admin.slash(news, "candor stats", public=True)
    assert said(result).startswith("I need Send Messages in this channel to post there.")


async def test_moderators_without_manage_server_get_no_statistics(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.lena.slash(stage.general, "candor stats")
    commands = {command.name: command for command in await stage.bot.tree.fetch_commands()}
    stage.guild.set_command_permissions(commands["candor"], {stage.mods: True})
    result = await stage.lena.slash(stage.general, "candor stats")
    assert said(result) == "You need the permission Manage Server for that."
