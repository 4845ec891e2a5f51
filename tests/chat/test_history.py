"""Two timeouts of one case as a moderator sees them: the longer one on the card, both in /case why, one lift."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.cards import review_card
from bot.core.actions import Delete, Timeout
from bot.core.cases import ActionRecord
from tests.builders import NOON
from tests.chat.card_case import CASE, lines
from tests.chat.conftest import Stage, flagged, menu, said


async def test_a_longer_timeout_is_on_the_card_and_both_are_told(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)
    await stage.lena.click(await menu(stage), label="Timeout 1 hour")

    assert "· timed out 1 h\n" in stage.card_text
    assert "10 min" not in stage.card_text
    why = said(await stage.lena.slash(stage.review, "case why", case_id=1))
    assert [line.split(" (")[0] for line in why.splitlines() if "Timeout" in line] == [
        "✔️ Timeout 10 min: done",
        "✔️ Timeout 1 h: done",
    ]
    assert "· the bot itself · <t:" in why
    assert f"<@{stage.lena.id}> · <t:" in why


async def test_undo_lifts_it_once(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)
    await stage.env.advance_time(60)
    await stage.lena.click(await menu(stage), label="Timeout 1 hour")

    answer = said(await stage.lena.click(stage.card, label="Undo"))

    assert answer == "The timeout is lifted. The case is open again."
    assert stage.timed_out_until(stage.kai) is None
    assert [record.state for record in (await stage.only_case()).actions] == ["undone", "undone"]


async def test_a_timeout_that_somebody_else_set_afterwards_stays(stage: Stage) -> None:
    await flagged(stage, timeout_at=0.5)
    await stage.lena.click(await menu(stage), label="Timeout 1 hour")
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"timed_out_until": stage.env.backend.iso_after(7200)})

    answer = said(await stage.lena.click(stage.card, label="Undo"))

    assert "is not the one of this case; it stays" in answer
    assert stage.timed_out_until(stage.kai) is not None
    assert [record.state for record in (await stage.only_case()).actions] == ["done", "done"]


def test_a_card_shows_the_last_refusal_of_a_kind_and_no_earlier_one() -> None:
    refused = [
        ActionRecord(number, 1042, Delete(), "refused", by=7, detail="I lack the permission", at=NOON)
        for number in (1, 2)
    ]
    done = ActionRecord(3, 1042, Delete(), "done", by=7, at=NOON)
    longer = ActionRecord(4, 1042, Timeout(3600), "failed", detail="Discord did not answer (500)", at=NOON)
    shorter = ActionRecord(0, 1042, Timeout(600), "done", at=NOON)

    card = review_card(replace(CASE, actions=(shorter, *refused, longer)))
    assert lines(card)[0].endswith("· timed out 10 min")
    assert lines(card)[-2:] == [
        "✖️ Deletion: not possible (I lack the permission)",
        "⚠️ Timeout 1 h: failed (Discord did not answer (500))",
    ]
    assert lines(review_card(replace(CASE, actions=(*refused, done))))[0].endswith("· deleted")
