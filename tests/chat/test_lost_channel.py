"""Cards whose review channel was deleted, what the doctor says of it, and the doctor's other new findings."""

from __future__ import annotations

import discord
import pytest
import simcord

from bot.chat.doctor import _yearly, inspect_guild
from bot.core.findings import Finding
from tests.chat.conftest import Stage, text_of


def guild_of(stage: Stage) -> discord.Guild:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    return guild


async def lose_the_channel(stage: Stage, *, system: simcord.ChannelHandle) -> None:
    """The review channel is deleted; `system` is where Discord writes of the server's own matters."""
    stage.env.backend.delete_channel(stage.review.id)
    await stage.env.settle()
    guild_of(stage)._system_channel_id = system.id


def private(stage: Stage) -> simcord.ChannelHandle:
    return stage.guild.create_text_channel(
        "office",
        overwrites={
            stage.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            guild_of(stage).me.top_role: discord.PermissionOverwrite(view_channel=True),
        },
    )


async def findings(stage: Stage) -> dict[str, Finding]:
    rules = await stage.house.setup.rules(stage.guild.id)
    return {finding.about: finding for finding in await inspect_guild(guild_of(stage), rules)}


async def test_cards_go_to_a_private_system_channel_and_the_doctor_says_so(stage: Stage) -> None:
    office = private(stage)
    await lose_the_channel(stage, system=office)

    await stage.say("what an insult")

    assert office.last_message is not None
    assert "case 1" in text_of(office.last_message)
    found = (await findings(stage))["review channel"]
    assert not found.ok
    assert found.sentence == f"The review channel is gone or hidden; cards go to <#{office.id}> meanwhile."
    assert found.fix == "Run `/candor setup`."


async def test_a_public_system_channel_gets_one_line_and_no_members_text(stage: Stage) -> None:
    lobby = stage.guild.create_text_channel("lobby")
    await lose_the_channel(stage, system=lobby)

    await stage.say("what an insult")
    await stage.say("another insult", who=stage.priya)

    (line,) = [message.content for message in lobby.history()]
    assert "`/candor setup`" in line
    assert "insult" not in line
    assert (await findings(stage))["review channel"].sentence.endswith("cards wait.")


async def test_cards_that_waited_come_once_there_is_a_channel_again(stage: Stage) -> None:
    await lose_the_channel(stage, system=stage.general)
    await stage.say("what an insult")
    office = private(stage)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 8})

    await stage.house.setup.setup(guild_id=stage.guild.id, review_channel_id=office.id, ping_role_id=None, by=1)
    await stage.post_cards()

    assert office.last_message is not None
    assert "case 1" in text_of(office.last_message)


async def test_permissions_that_only_extras_need_are_named_with_what_they_are_for(stage: Stage) -> None:
    role = guild_of(stage).me.top_role
    few = discord.Permissions(role.permissions.value)
    few.update(ban_members=False, manage_channels=False, administrator=False)
    stage.env.backend.edit_role(stage.guild.id, role.id, {"permissions": few.value})
    await stage.env.settle()

    found = (await findings(stage))["extras"]

    assert found.ok
    assert "Ban Members (to ban when a moderator says so on a card)" in found.sentence
    assert "Manage Channels (to make the review channel for you)" in found.sentence


@pytest.mark.parametrize(("members", "words"), [(10_001, "every year anew"), (10_000, "; above 10,000")])
def test_above_ten_thousand_people_the_yearly_review_is_named(members: int, words: str) -> None:
    guild = discord.Guild.__new__(discord.Guild)
    guild.approximate_member_count = members

    assert words in _yearly([guild]).sentence
