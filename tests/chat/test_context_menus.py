"""What moderators and members find under a message's "Apps": "Why?" and "Report to moderators"."""

from __future__ import annotations

import pytest
from simcord.backend.errors import SetupError

from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, said


async def test_why_on_a_message_tells_its_case_or_its_scores(stage: Stage) -> None:
    flagged = await stage.say("what an insult")
    harmless = await stage.say("hello there")

    assert "Case 1" in said(await stage.lena.context_menu(stage.general, "Why?", flagged))
    answer = said(await stage.lena.context_menu(stage.general, "Why?", harmless))
    assert answer.startswith("There is no case on this message. This would open no case.")


async def test_why_on_a_message_is_for_moderators(stage: Stage) -> None:
    message = await stage.say("hello there")

    with pytest.raises(SetupError, match="not visible"):
        await stage.kai.context_menu(stage.general, "Why?", message)


async def test_anybody_may_report_a_message_and_nobody_sees_who_did(stage: Stage) -> None:
    message = await stage.say("aww, did someone help you type that?")

    result = await stage.priya.context_menu(stage.general, "Report to moderators", message)
    await stage.post_cards()

    assert result.ephemeral
    assert said(result).startswith("Thank you.")
    assert "Reported by a member · case 1" in stage.card_text
    assert "Priya" not in stage.card_text
    assert str(stage.priya.id) not in stage.card_text


async def test_a_report_on_a_flagged_message_joins_its_case(stage: Stage) -> None:
    message = await stage.say("what an insult")

    await stage.priya.context_menu(stage.general, "Report to moderators", message)
    await stage.post_cards()

    assert len(stage.review.history()) == 1


async def test_reporting_twice_or_oneself_says_so(stage: Stage) -> None:
    message = await stage.say("hello there")
    await stage.priya.context_menu(stage.general, "Report to moderators", message)

    again = said(await stage.priya.context_menu(stage.general, "Report to moderators", message))
    own = said(await stage.kai.context_menu(stage.general, "Report to moderators", message))

    assert "already" in again
    assert "your own message" in own


async def test_a_bots_message_cannot_be_reported(stage: Stage) -> None:
    await stage.say("what an insult")
    helper = stage.guild.add_member(stage.env.create_user("Helper", bot=True))
    message = await helper.send(stage.general, "beep")

    answer = said(await stage.priya.context_menu(stage.general, "Report to moderators", message))

    assert answer == "Only messages of members can be reported here."


async def test_a_report_while_the_model_is_away_still_reaches_the_moderators(stage: Stage) -> None:
    message = await stage.say("hello there")
    stage.house.model.down = ModelUnavailable("away")

    await stage.priya.context_menu(stage.general, "Report to moderators", message)
    await stage.post_cards()

    assert "the model was away, so there is no score" in stage.card_text
