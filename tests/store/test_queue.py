"""What waits: places in the card budget are given once, and what somebody asks for is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.cases import CardRef, Case, NewCase
from bot.core.policy import Reason
from bot.store.appeals import AppealStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.queue import QueueStore
from bot.store.reports import ReportStore
from tests.builders import GUILD, MODEL, NOON, new_case

LATER = NOON + timedelta(hours=1)


def flagged(number: int, score: float = 0.9, *, lead_id: int | None = None) -> NewCase:
    reason = Reason("insult", score, 0.5, "model", "as_written", MODEL, "content")
    return replace(new_case(message_id=number), reasons=(reason,), lead_id=lead_id)


async def opened(db: Database, new: NewCase) -> Case:
    return (await CaseStore(db).open(new, ()))[0]


async def test_a_case_with_a_place_or_a_card_cannot_be_put_in_the_queue(db: Database) -> None:
    queue = QueueStore(db)
    placed, carded, bare = [await opened(db, flagged(number)) for number in (1, 2, 3)]
    await queue.admit(case_id=placed.case_id, at=NOON)
    await CaseStore(db).set_card(case_id=carded.case_id, card=CardRef(900, 1))

    await queue.hold([placed.case_id, carded.case_id, bare.case_id], at=LATER)

    found = {each.case_id: await queue.place(case_id=each.case_id) for each in (placed, carded, bare)}
    assert [each.waits for each in found.values()] == [False, False, True]
    assert [each.settled for each in found.values()] == [True, True, False]
    assert await queue.waiting(GUILD) == 1


async def test_a_case_that_is_gone_asks_for_nothing(db: Database) -> None:
    assert (await QueueStore(db).place(case_id=99)).settled


async def test_only_cases_that_nobody_weighed_are_unweighed(db: Database) -> None:
    queue, cases = QueueStore(db), CaseStore(db)
    new, held, placed, closed = [await opened(db, flagged(number)) for number in range(1, 5)]
    follower = await opened(db, flagged(9, lead_id=new.case_id))
    await queue.hold([held.case_id], at=NOON)
    await queue.admit(case_id=placed.case_id, at=NOON)
    await cases.close(case_id=closed.case_id, at=NOON)

    assert await queue.guilds_unweighed() == [GUILD]
    assert [each.case_id for each in await queue.unweighed(guild_id=GUILD, limit=9)] == [new.case_id]
    assert follower.lead_id == new.case_id
    assert await queue.guilds_waiting(since=NOON - timedelta(hours=1)) == [GUILD]
    assert await queue.guilds_waiting(since=NOON) == []


async def test_what_somebody_waits_for_is_asked_for(db: Database) -> None:
    queue, cases = QueueStore(db), CaseStore(db)
    quiet, reported, led, second, appealed = [await opened(db, flagged(number)) for number in range(1, 6)]
    follower = await opened(db, flagged(9, lead_id=led.case_id))
    await queue.hold([each.case_id for each in (quiet, reported, led, second, appealed)], at=NOON)
    for case in (reported, follower):
        await ReportStore(db).add(case_id=case.case_id, reporter_id=77, reason=None, at=NOON)
    await cases.ask_second_opinion(case_id=second.case_id, by=7)
    await AppealStore(db).open(appealed, text="a quote", at=NOON)

    asked = await queue.asked_for()

    assert asked == [(GUILD, each.case_id) for each in (reported, led, second, appealed)]
    assert await queue.asked_for(case_id=quiet.case_id) == []
    assert await queue.asked_for(case_id=led.case_id) == [(GUILD, led.case_id)]


async def test_a_case_that_was_queued_lately_counts_however_old_it_is(db: Database) -> None:
    queue = QueueStore(db)
    case = await opened(db, flagged(1, 0.7))
    await opened(db, flagged(2, 0.8, lead_id=case.case_id))
    await queue.hold([case.case_id], at=NOON + timedelta(days=3))

    scored = await queue.scored_since(guild_id=GUILD, since=NOON + timedelta(days=2))

    assert [(each.case_id, each.score, each.waits) for each in scored] == [(case.case_id, 0.8, True)]


async def test_cards_are_counted_by_the_day_and_followers_are_none(db: Database) -> None:
    first = await opened(db, flagged(1))
    await opened(db, flagged(2, lead_id=first.case_id))
    await opened(db, replace(flagged(3), opened_at=NOON + timedelta(days=1)))
    await opened(db, replace(flagged(4), opened_at=NOON + timedelta(days=1), opened_why="reported"))
    edges = [NOON - timedelta(days=1), NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)]

    assert await QueueStore(db).flagged_cards(guild_id=GUILD, edges=edges) == (0, 1, 1)
    assert await QueueStore(db).flagged_cards(guild_id=GUILD + 1, edges=edges) == (0, 0, 0)
