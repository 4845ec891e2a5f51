"""What one process does alone for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.store.claims import ClaimStore
from bot.store.database import Database
from tests.builders import NOON

SPAN = timedelta(seconds=10)


@pytest.fixture
async def other(db: Database) -> AsyncIterator[ClaimStore]:
    """Another process on the same database."""
    made = Database(db.url.render_as_string(hide_password=False), key=db.key)
    yield ClaimStore(made)
    await made.close()


async def test_of_processes_that_want_the_same_at_once_one_gets_it(db: Database, other: ClaimStore):
    for number in range(10):
        both = await asyncio.gather(
            *(each.take(f"card:{number}", now=NOON, span=SPAN) for each in (ClaimStore(db), other))
        )
        assert sorted(both, key=str) == [None, "new"]


async def test_a_claim_is_free_once_it_is_given_back(db: Database, other: ClaimStore):
    mine = ClaimStore(db)
    assert await mine.take("card:1", now=NOON, span=SPAN) == "new"
    await other.release("card:1")
    assert await other.take("card:1", now=NOON, span=SPAN) is None
    await mine.release("card:1")
    assert await other.take("card:1", now=NOON, span=SPAN) == "new"


async def test_a_claim_of_a_dead_process_runs_out_and_says_that_it_was_left(db: Database, other: ClaimStore):
    mine = ClaimStore(db)
    await mine.take("card:1", now=NOON, span=SPAN)
    assert await mine.prolong("card:1", now=NOON + SPAN / 2, span=SPAN)
    assert await other.take("card:1", now=NOON + SPAN, span=SPAN) is None
    assert await other.take("card:1", now=NOON + SPAN * 2, span=SPAN) == "abandoned"
    assert not await mine.prolong("card:1", now=NOON + SPAN * 2, span=SPAN)


@pytest.mark.parametrize("apart", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_hosts_whose_clocks_differ_do_not_take_each_others_claims(
    db: Database, other: ClaimStore, told_time: pytest.MonkeyPatch, apart: timedelta
):
    if db.is_sqlite:
        pytest.skip("the processes on a SQLite file are on one host")
    told_time.undo()
    assert await ClaimStore(db).take("card:1", now=NOON, span=SPAN) == "new"
    assert await other.take("card:1", now=NOON + apart, span=SPAN) is None
    assert await ClaimStore(db).prolong("card:1", now=NOON, span=-SPAN)
    assert await other.take("card:1", now=NOON + apart, span=SPAN) == "abandoned"


async def test_a_claim_of_a_clock_that_was_a_year_ahead_holds_nobody_up(db: Database, other: ClaimStore):
    await ClaimStore(db).take("trouble:1", now=NOON + timedelta(days=365), span=SPAN)
    assert await other.take("trouble:1", now=NOON, span=SPAN) == "abandoned"
    assert await ClaimStore(db).take("trouble:1", now=NOON, span=SPAN) is None


async def test_claims_that_ran_out_are_dropped(db: Database):
    mine = ClaimStore(db)
    await mine.take("raid:1", now=NOON, span=SPAN)
    await mine.take("raid:2", now=NOON + SPAN, span=SPAN)
    assert await mine.forget(before=NOON + SPAN + timedelta(seconds=1)) == 1
    assert await mine.take("raid:2", now=NOON + SPAN, span=SPAN) == "abandoned"
