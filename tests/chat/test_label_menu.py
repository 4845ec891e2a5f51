""" "Label message": a moderator says what the model missed, or flagged for nothing."""

from __future__ import annotations

from typing import Any

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.chat.client import create_bot
from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import House, Stage, menu_text, private, said, settings_in

MENU = "Label message"


async def opened(stage: Stage, message: discord.Message, who: simcord.MemberActor | None = None) -> discord.Message:
    """The private menu with the labels."""
    result = await (who or stage.lena).context_menu(stage.general, MENU, message)
    assert private(result).components, said(result)
    return private(result)


async def label(stage: Stage, message: discord.Message, *values: str, who: simcord.MemberActor | None = None) -> str:
    """What the moderator reads after the choice."""
    shown = await opened(stage, message, who)
    return await choose(stage, shown, *values, who=who)


async def choose(stage: Stage, shown: discord.Message, *values: str, who: simcord.MemberActor | None = None) -> str:
    result = await (who or stage.lena).select(shown, list(values))
    await stage.post_cards()
    return said(result) if result.followups else menu_text(stage, shown)


async def refusal(stage: Stage, message: discord.Message, who: simcord.MemberActor | None = None) -> str:
    return said(await (who or stage.lena).context_menu(stage.general, MENU, message))


def options_of(message: discord.Message) -> dict[str, bool]:
    """The labels to choose from, and which are ticked."""
    (row,) = message.components
    assert isinstance(row, discord.ActionRow)
    (select,) = row.children
    assert isinstance(select, discord.SelectMenu)
    return {option.label: option.default for option in select.options}


async def test_a_missed_message_is_labelled_and_its_card_says_so(stage: Stage) -> None:
    message = await stage.say("aww, did someone help you type that?")
    shown = await opened(stage, message)
    assert not any(options_of(shown).values())
    assert list(options_of(shown))[-1] == "Nothing wrong"

    answer = await choose(stage, shown, "insult", "toxic")

    assert answer == "This is case 1 now. Recorded: it breaks the rules."
    case = await stage.case(1)
    assert (case.opened_why, case.state) == ("labelled", "closed")
    assert case.votes[0].labels["insult"] == "missing"
    assert "🏷️ Labelled by a moderator · case 1" in stage.card_text
    assert "Why: a moderator labelled it; no score reached a limit." in stage.card_text
    assert "✅ Broke rules" in stage.card_text
    assert "labelled by a moderator" in said(await stage.lena.slash(stage.general, "case why", case_id=1))


async def test_a_flagged_message_shows_its_labels_ticked_and_takes_one_more_verdict(stage: Stage) -> None:
    message = await stage.say("what an insult")
    shown = await opened(stage, message)
    assert [name for name, ticked in options_of(shown).items() if ticked] == ["Insult"]

    assert await choose(stage, shown, "threat") == "Recorded: it breaks the rules."

    (vote,) = (await stage.only_case()).votes
    assert (vote.labels["threat"], vote.labels["insult"]) == ("missing", "wrong")


async def test_nothing_wrong_takes_back_what_was_done(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    message = await stage.say("what an insult")
    assert stage.timed_out_until(stage.kai) is not None

    assert await label(stage, message, "nothing") == "Recorded: it's fine. The timeout is lifted."
    assert stage.timed_out_until(stage.kai) is None
    assert (await stage.only_case()).votes[0].verdict == "fine"


async def test_nothing_wrong_and_a_label_do_not_go_together(stage: Stage) -> None:
    message = await stage.say("what an insult")

    assert await label(stage, message, "nothing", "insult") == "Choose labels, or “nothing wrong”, not both."
    assert (await stage.only_case()).votes == ()


async def test_nothing_wrong_where_nothing_was_found_records_nothing(stage: Stage) -> None:
    message = await stage.say("hello there")

    assert "nothing is recorded" in await label(stage, message, "nothing")
    assert stage.review.last_message is None


async def test_labelling_is_for_moderators(stage: Stage) -> None:
    message = await stage.say("hello there")

    with pytest.raises(SetupError, match="not visible"):
        await stage.priya.context_menu(stage.general, MENU, message)


async def test_a_moderator_who_lost_the_role_labels_nothing(stage: Stage) -> None:
    message = await stage.say("hello there")
    shown = await opened(stage, message)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    result = await stage.lena.select(shown, ["insult"])

    assert said(result) == "You need the permission Moderate Members for that."
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_nobody_labels_his_own_message(stage: Stage) -> None:
    message = await stage.say("hello there", who=stage.lena)

    assert await refusal(stage, message) == "Nobody judges their own message. Please ask another moderator."


async def test_messages_of_staff_are_for_administrators(stage: Stage) -> None:
    other = stage.guild.add_member(stage.env.create_user("Robin"), roles=[stage.mods])
    message = await stage.say("hello there", who=other)

    assert await refusal(stage, message) == "Messages of the server's staff are labelled by administrators."
    assert "This is case 1 now." in await label(stage, message, "insult", who=stage.admin)


async def test_messages_of_bots_and_without_text_are_not_labelled(stage: Stage) -> None:
    helper = stage.guild.add_member(stage.env.create_user("Helper", bot=True))
    beep = await helper.send(stage.general, "beep")
    await stage.say("what an insult")

    sentence = "Only messages of members that hold text can be labelled."
    assert await refusal(stage, beep) == sentence
    picture = await stage.kai.send(stage.general, "", attachments=[("picture.png", b"x")])
    assert await refusal(stage, picture) == sentence


async def test_a_message_that_was_deleted_or_edited_meanwhile_is_not_labelled(stage: Stage) -> None:
    message = await stage.say("hello there")
    shown = await opened(stage, message)
    await stage.kai.edit(message, "hello again")
    assert (await choose(stage, shown, "insult")).startswith("The message was edited since you opened this menu.")

    shown = await opened(stage, message)
    await stage.kai.delete(message)
    assert await choose(stage, shown, "insult") == "I cannot see that message any more, so nothing is recorded."
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_the_case_of_a_deleted_message_is_labelled(stage: Stage) -> None:
    message = await stage.say("what an insult")
    shown = await opened(stage, message)
    await stage.kai.delete(message)

    assert await choose(stage, shown, "insult") == "Recorded: it breaks the rules."


async def test_an_old_menu_does_not_overrule_who_decided_since(stage: Stage) -> None:
    message = await stage.say("what an insult")
    shown = await opened(stage, message)
    await stage.admin.click(stage.card, label="It's fine")

    assert (await choose(stage, shown, "insult")).startswith("This case is already decided.")
    assert [vote.verdict for vote in (await stage.only_case()).votes] == ["fine"]


async def test_while_the_model_is_away_nothing_is_recorded(stage: Stage) -> None:
    message = await stage.say("hello there")
    stage.house.model.down = ModelUnavailable("The model is away.")

    assert await label(stage, message, "insult") == "The model is away."
    assert await stage.house.review.of_message(guild_id=stage.guild.id, message_id=message.id) is None


async def test_a_menu_works_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    message = await stage.say("hello there")
    shown = await opened(stage, message)
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    assert (await choose(stage, shown, "insult")).startswith("This is case 1 now.")
