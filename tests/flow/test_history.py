"""Who did what when stays on record, and a member's timeout is lifted once however often it was set."""

from __future__ import annotations

import pytest

from bot.core.actions import Delete, Timeout
from bot.core.events import Person
from bot.core.guild_rules import LabelRule
from bot.flow.ports import Outcome
from tests.builders import GUILD, NOON, person
from tests.flow.conftest import House
from tests.flow.test_deciding import flagged

LENA, MIA = person(50, "Lena"), person(51, "Mia")
TEN, HOUR, DAY = Timeout(600), Timeout(3600), Timeout(86400)


async def history(house: House, case_id: int) -> list[tuple[object, str, int | None]]:
    return [(record.action, record.state, record.by) for record in (await house.case(case_id)).actions]


async def act(house: House, case_id: int, action: Timeout | Delete, *, by: Person = LENA) -> str:
    reply = await house.deciding.act(guild_id=GUILD, case_id=case_id, moderator=by, action=action)
    return reply.sentence


async def test_a_longer_timeout_comes_beside_the_rules_own_and_a_shorter_one_is_none(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=600))
    case_id = await flagged(house)
    house.clock.move(minutes=5)
    await act(house, case_id, HOUR)

    assert await history(house, case_id) == [(TEN, "done", None), (HOUR, "done", 50)]
    assert [record.at for record in (await house.case(case_id)).actions] == [NOON, house.clock.now()]
    assert await act(house, case_id, TEN) == "That was done already."
    assert len(await history(house, case_id)) == 2


async def test_undo_lifts_the_timeout_once_and_notes_it_on_both(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=600))
    case_id = await flagged(house)
    await act(house, case_id, HOUR)

    undone = await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)

    assert house.enforcer.undone == [(1000, HOUR)]
    assert undone.sentence == "The timeout is lifted. The case is open again."
    assert await history(house, case_id) == [(TEN, "undone", None), (HOUR, "undone", 50)]


async def test_what_was_undone_and_done_again_is_there_twice(house: House):
    await house.shadow()
    case_id = await flagged(house)
    await act(house, case_id, HOUR)
    await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    await act(house, case_id, HOUR, by=MIA)

    assert await history(house, case_id) == [(HOUR, "undone", 50), (HOUR, "done", 51)]


async def test_a_refusal_stays_on_record_when_it_goes_well_later(house: House):
    await house.shadow()
    case_id = await flagged(house)
    house.enforcer.answers["delete"] = Outcome("refused", "the channel is gone or hidden from me")
    await act(house, case_id, Delete())
    del house.enforcer.answers["delete"]
    await act(house, case_id, Delete(), by=MIA)

    assert await history(house, case_id) == [(Delete(), "refused", 50), (Delete(), "done", 51)]


async def test_where_the_longer_one_was_refused_the_shorter_one_is_lifted(house: House):
    await house.shadow()
    case_id = await flagged(house)
    await act(house, case_id, HOUR)
    house.enforcer.answers["timeout"] = Outcome("failed", "Discord did not answer (500)")
    await act(house, case_id, DAY)

    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")

    assert house.enforcer.undone == [(1000, HOUR)]
    assert await history(house, case_id) == [(HOUR, "undone", 50), (DAY, "failed", 50)]


async def test_several_messages_of_one_member_were_timed_out_for_and_the_last_timeout_is_lifted(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=600))
    lead = await flagged(house, message_id=1)
    for number in (2, 3):
        house.clock.move(minutes=1)
        await flagged(house, message_id=number)

    reply = await house.review.vote(guild_id=GUILD, case_id=lead, moderator=LENA, verdict="fine")

    assert house.enforcer.undone == [(3, TEN)]
    assert reply.sentence == "Recorded: it's fine. The timeout is lifted."
    assert [state for number in (1, 2, 3) for _, state, _ in await history(house, number)] == ["undone"] * 3


async def test_a_timeout_that_cannot_be_lifted_stays_on_all_records(house: House, monkeypatch: pytest.MonkeyPatch):
    await house.shadow()
    case_id = await flagged(house)
    await act(house, case_id, TEN)
    await act(house, case_id, HOUR)

    async def refuse(*_: object, **__: object) -> Outcome:
        return Outcome("refused", "The timeout now in force is not the one of this case; it stays.")

    monkeypatch.setattr(house.enforcer, "undo", refuse)
    reply = await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)

    assert reply.sentence.startswith("The timeout now in force is not the one of this case")
    assert [state for _, state, _ in await history(house, case_id)] == ["done", "done"]
