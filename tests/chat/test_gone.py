"""Messages that somebody else deleted: what their cards say, what closes, what can still be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import Person
from bot.core.guild_rules import LabelRule, default_labels
from moderation_model.contract import Prediction
from tests.chat.conftest import Stage, buttons_of, flagged, said
from tests.chat.test_report_menu import report

AS_GONE = "🫥 Already gone before anybody judged it: closed without a verdict. You can still judge it."


async def deleted(stage: Stage, *message_ids: int) -> None:
    """Somebody deletes these messages of #general, several at once where there are several."""
    if len(message_ids) == 1:
        stage.env.backend.delete_message(stage.general.id, message_ids[0])
    else:
        stage.env.backend.bulk_delete_messages(stage.general.id, message_ids)
    await stage.env.settle()
    await stage.post_cards()


async def test_what_another_removed_first_closes_as_already_gone_and_names_nobody(stage: Stage) -> None:
    message = await stage.say("what an insult")

    await deleted(stage, message.id)

    case = await stage.only_case()
    assert (case.state, case.votes, case.actions) == ("closed", (), ())
    assert "message: already gone" in stage.card_text
    assert AS_GONE in stage.card_text
    assert buttons_of(stage.card)["Delete"].disabled
    assert len(stage.review.history()) == 1


async def test_a_message_that_is_gone_can_still_be_judged(stage: Stage) -> None:
    message = await stage.say("what an insult")
    await deleted(stage, message.id)

    answer = said(await stage.lena.click(stage.card, label="Breaks rules"))

    assert answer == "Recorded: it breaks the rules."
    assert (await stage.only_case()).votes[0].labels["insult"] == "right"
    assert "✅ Broke rules · " in stage.card_text
    assert list(buttons_of(stage.card)) == ["Undo", "Change"]


async def test_its_author_can_still_be_timed_out(stage: Stage) -> None:
    message = await stage.say("what an insult")
    await deleted(stage, message.id)

    await stage.lena.click(stage.card, label="Timeout 10 min")

    assert stage.timed_out_until(stage.kai) is not None
    assert "✅ Broke rules, timed out 10 min" in stage.card_text


async def test_our_own_deletion_is_no_deletion_by_another(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)

    case = await stage.only_case()
    assert (case.state, case.gone_at, case.actions[0].state) == ("open", None, "done")
    assert "message: deleted" in stage.card_text
    await stage.lena.click(stage.card, label="Breaks rules")
    assert "✅ Broke rules, deleted" in stage.card_text


async def test_a_moderators_deletion_on_the_card_is_none_either(stage: Stage) -> None:
    await stage.lena.click(await flagged(stage), label="Delete")
    await stage.post_cards()

    case = await stage.only_case()
    assert (case.gone_at, case.actions[0].state) == (None, "done")
    assert "✅ Broke rules, deleted" in stage.card_text


async def test_a_threat_stays_open_when_its_message_is_gone(stage: Stage) -> None:
    message = await stage.say("a threat")

    await deleted(stage, message.id)

    assert (await stage.only_case()).state == "open"
    card = next(each for each in stage.review.history() if buttons_of(each))
    assert buttons_of(card)["Delete"].disabled
    assert not buttons_of(card)["Breaks rules"].disabled


async def test_what_was_done_about_stays_open_for_a_verdict(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    message = await stage.say("what an insult")

    await deleted(stage, message.id)

    assert (await stage.only_case()).state == "open"
    assert "message: already gone" in stage.card_text


async def test_a_reported_message_stays_open(stage: Stage) -> None:
    message = await stage.say("what an insult")
    await report(stage, message)

    await deleted(stage, message.id)

    assert (await stage.only_case()).state == "open"


async def test_a_card_closes_with_its_last_message(stage: Stage) -> None:
    messages = [await stage.say("what an insult") for _ in range(3)]

    await deleted(stage, messages[0].id, messages[1].id)
    assert "message: 2 of 3 gone" in stage.card_text
    assert {(await stage.case(number)).state for number in (1, 2, 3)} == {"open"}
    assert "Delete" in buttons_of(stage.card)

    await deleted(stage, messages[2].id)
    assert {(await stage.case(number)).state for number in (1, 2, 3)} == {"closed"}
    assert AS_GONE in stage.card_text


async def test_what_was_removed_while_it_was_scored_gets_no_card(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    classify = stage.house.model.classify

    async def scored_while_it_is_deleted(*args: Any, **options: Any) -> list[Prediction]:
        """Another bot's deletion reaches us before the model's answer."""
        message_id = stage.env.backend.get_channel(stage.general.id).last_message_id
        await stage.bot.flows.gone.deleted(guild_id=stage.guild.id, message_ids={int(message_id or 0)})
        return await classify(*args, **options)

    monkeypatch.setattr(stage.house.model, "classify", scored_while_it_is_deleted)
    await stage.say("what an insult")

    case = await stage.only_case()
    assert case.closed_as_gone
    assert stage.review.last_message is None
    assert "🫥 already gone" in said(await stage.lena.slash(stage.review, "case list"))


async def test_a_deletion_that_comes_too_late_is_refused_as_already_gone_not_failed(stage: Stage) -> None:
    await stage.rules(labels={**default_labels(), "insult": LabelRule(delete_at=0.5)})
    stage.env.inject_error("DELETE", "/channels/*/messages/*", status=404, code=10008)
    await stage.say("what an insult")

    case = await stage.only_case()
    assert (case.actions[0].state, case.actions[0].detail) == ("refused", "the message was already gone")
    assert case.closed_as_gone


async def test_the_text_is_evidence_for_thirty_days_after_the_case_closed(stage: Stage) -> None:
    message = await stage.say("a threat")
    await stage.env.advance_time(20 * 86400)
    await deleted(stage, message.id)
    now = stage.env.now()
    await stage.house.cases.expire_texts(now + timedelta(days=40), 10)
    assert (await stage.only_case()).text == "a threat"

    await stage.house.review.vote(
        guild_id=stage.guild.id, case_id=1, moderator=Person(stage.lena.id, "Lena"), verdict="breaks_rules"
    )

    await stage.house.cases.expire_texts(now + timedelta(days=29), 10)
    assert (await stage.only_case()).text == "a threat"
    await stage.house.cases.expire_texts(now + timedelta(days=31), 10)
    assert (await stage.only_case()).text is None


async def test_other_messages_and_direct_ones_change_nothing(stage: Stage) -> None:
    await stage.say("what an insult")
    harmless = await stage.say("good game")
    await deleted(stage, harmless.id)
    private = await stage.kai.send_dm("hello")
    stage.env.backend.delete_message(private.channel.id, private.id)
    await stage.env.settle()

    assert (await stage.case(1)).state == "open"
    assert stage.bot.failures == 0
