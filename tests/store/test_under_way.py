"""Whose work a pending action is, with several processes on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.policy import Delete, Warn
from bot.errors import StoreUnavailable
from bot.shards import Shard
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import actions
from bot.store.under_way import AT_A_TIME, CLAIM, UnderWay
from tests.builders import GUILD, NOON, new_case

LATER = NOON + CLAIM


@pytest.fixture
async def other(db: Database) -> AsyncIterator[Database]:
    """Another process on the same database."""
    made = Database(db.url.render_as_string(hide_password=False), key=db.key)
    yield made
    await made.close()


async def test_what_a_process_has_just_recorded_is_no_others_to_do(db: Database, other: Database):
    await CaseStore(db).open(new_case(), [Delete()])
    assert await UnderWay(other).take_over(now=NOON + CLAIM - timedelta(seconds=1)) == []
    ((case, record),) = await UnderWay(other).take_over(now=LATER)
    assert (case.message_id, record.action) == (1000, Delete())
    assert not await UnderWay(db).keep(record.action_id, now=LATER)
    assert await UnderWay(other).keep(record.action_id, now=LATER)


async def test_what_a_process_still_works_on_stays_its_own(db: Database, other: Database):
    case, _ = await CaseStore(db).open(new_case(), [Delete()])
    mine = UnderWay(db)
    with mine.working([case.actions[0].action_id]):
        assert await mine.take_over(now=LATER) == []  # nor does it begin a second time itself
        await mine.keep_all(now=NOON + timedelta(seconds=10))
        assert await UnderWay(other).take_over(now=LATER) == []
    assert len(await mine.take_over(now=LATER + CLAIM)) == 1


@pytest.mark.parametrize("apart", [timedelta(minutes=-10), timedelta(minutes=10)])
async def test_hosts_whose_clocks_differ_take_nothing_from_each_other(
    db: Database, other: Database, told_time: pytest.MonkeyPatch, apart: timedelta
):
    if db.is_sqlite:
        pytest.skip("the processes on a SQLite file are on one host")
    told_time.undo()
    case, _ = await CaseStore(db).open(new_case(), [Delete(), Warn()])
    assert await UnderWay(other).take_over(now=NOON + apart) == []
    first = case.actions[0].action_id
    assert await UnderWay(db).keep(first, now=NOON)
    assert await UnderWay(other).take_over(now=NOON + apart) == []
    async with db.begin() as connection:
        ran_out = sa.func.clock_timestamp() - sa.literal(timedelta(seconds=1))
        await connection.execute(actions.update().where(actions.c.id == first).values(held_until=ran_out))
    ((_, record),) = await UnderWay(other).take_over(now=NOON + apart)
    assert record.action_id == first


async def test_what_was_held_by_a_clock_that_was_a_year_ahead_is_taken_over(db: Database, other: Database):
    await CaseStore(db).open(replace(new_case(), opened_at=NOON + timedelta(days=365)), [Delete()])
    assert len(await UnderWay(other).take_over(now=NOON)) == 1
    assert await UnderWay(db).take_over(now=NOON) == []


async def test_processes_that_take_over_at_once_share_the_work(db: Database, other: Database):
    cases = CaseStore(db)
    for number in range(AT_A_TIME * 2):
        await cases.open(new_case(message_id=number), [Delete()])
    processes = [UnderWay(db), UnderWay(other)]
    taken: list[int] = []
    while rounds := [
        each for found in await asyncio.gather(*(one.take_over(now=LATER) for one in processes)) for each in found
    ]:
        taken += [record.action_id for _, record in rounds]
    assert len(taken) == len(set(taken)) == AT_A_TIME * 2


async def test_a_row_of_an_older_version_is_taken_over_like_any(db: Database):
    await CaseStore(db).open(new_case(), [Delete()])
    async with db.begin() as connection:
        await connection.execute(actions.update().values(holder=None, held_until=None))
    assert await UnderWay(db).take_over(now=LATER - timedelta(seconds=1)) == []
    assert len(await UnderWay(db).take_over(now=LATER)) == 1


async def test_a_process_takes_over_only_what_is_of_its_shard(db: Database, key: TextKey):
    await CaseStore(db).open(new_case(), [Delete()])
    number = (GUILD >> 22) % 2
    url = db.url.render_as_string(hide_password=False)
    for shard, expected in ((Shard(1 - number, 2), 0), (Shard(number, 2), 1)):
        process = Database(url, key=key, shard=shard)
        assert len(await UnderWay(process).take_over(now=LATER)) == expected
        await process.close()


async def test_the_bots_own_action_is_there_once_whatever_became_of_it(db: Database):
    case, _ = await CaseStore(db).open(new_case(), [Delete(), Warn()])
    row = {"case_id": case.case_id, "message_id": 1000, "revision": 0, "kind": "delete", "planned_at": NOON}
    for state in ("pending", "done", "refused", "failed", "expired"):
        async with db.begin() as connection:
            await connection.execute(actions.update().where(actions.c.kind == "delete").values(state=state))
        with pytest.raises(StoreUnavailable):
            async with db.begin() as connection:
                await connection.execute(actions.insert().values(**row, state="done"))


async def test_what_was_taken_back_may_be_done_again_and_people_may_act_beside_the_bot(db: Database):
    cases = CaseStore(db)
    case, _ = await cases.open(new_case(), [Delete()])
    (own,) = case.actions
    await cases.settle_action(action_id=own.action_id, state="done", detail=None, at=NOON)
    await cases.settle_action(action_id=own.action_id, state="undone", detail=None, at=NOON)
    for moderator in (8, 9):
        record = await cases.add_action(case_id=case.case_id, action=Delete(), by=moderator, at=NOON)
        assert record is not None
        await cases.settle_action(action_id=record.action_id, state="failed", detail=None, at=NOON)
    async with db.begin() as connection:
        again = {"case_id": case.case_id, "message_id": 1000, "revision": 0, "kind": "delete", "planned_at": NOON}
        await connection.execute(actions.insert().values(**again, state="pending"))
        assert await connection.scalar(sa.select(sa.func.count()).select_from(actions)) == 4
