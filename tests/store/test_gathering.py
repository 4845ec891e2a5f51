"""Group commit: rows of many callers in one transaction, and nobody's trouble is another's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from bot.core.events import IncomingMessage
from bot.errors import StoreUnavailable
from bot.store.database import Database
from bot.store.gathering import Gathering
from bot.store.predictions import PredictionStore
from bot.store.tables import predictions, sentiment_hours
from tests.builders import CHANNEL, NOON, message, prediction

TOO_LARGE = 2**70
"""No database of ours holds such a number."""
WAITING = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def score(store: PredictionStore, number: int, *, at: datetime = NOON, **options: int) -> asyncio.Task[bool]:
    written: IncomingMessage = message(message_id=number, **options)  # pyright: ignore[reportArgumentType]
    return asyncio.create_task(store.record(written, [prediction()], at=at))


@contextmanager
def commits() -> Iterator[list[None]]:
    """One entry for each transaction that is committed meanwhile."""
    found: list[None] = []

    def count(_: sa.Connection) -> None:
        found.append(None)

    event.listen(sa.Engine, "commit", count)
    yield found
    event.remove(sa.Engine, "commit", count)


async def stored(db: Database) -> set[int]:
    async with db.read() as connection:
        return set(await connection.scalars(sa.select(predictions.c.message_id)))


async def summed(db: Database) -> int | None:
    async with db.read() as connection:
        return await connection.scalar(sa.select(sa.func.sum(sentiment_hours.c.messages)))


async def test_messages_that_come_together_are_written_in_few_transactions(db: Database) -> None:
    store = PredictionStore(db)
    with commits() as found:
        assert all(await asyncio.gather(*(score(store, number, channel_id=number % 3) for number in range(100))))
    assert len(found) <= 2
    assert await stored(db) == set(range(100))
    assert await summed(db) == 100


async def test_a_row_is_there_for_good_when_its_caller_goes_on(db: Database) -> None:
    store, other = PredictionStore(db), Database(db.url.render_as_string(hide_password=False), key=db.key)

    async def visible(number: int) -> bool:
        assert await score(store, number)
        return number in await stored(other)

    assert all(await asyncio.gather(*map(visible, range(20))))
    await other.close()


async def test_a_message_that_comes_twice_at_once_is_new_once(db: Database) -> None:
    store = PredictionStore(db)
    fresh = await asyncio.gather(*(score(store, number) for number in (1, 2, 1, 3, 1)))
    assert fresh == [True, True, False, True, False]
    assert await summed(db) == 3


async def test_a_score_fills_in_what_was_left_unscored_in_the_same_breath(db: Database) -> None:
    store = PredictionStore(db)
    left = asyncio.create_task(store.record(message(), (), at=NOON, unscored_why="away"))
    fresh = await asyncio.gather(left, score(store, 1000), score(store, 1000))
    assert fresh == [True, True, False]
    assert await store.seen(message_id=1000, revision=0)
    assert await summed(db) == 1


async def test_what_is_wrong_with_one_row_is_no_others_trouble(db: Database) -> None:
    store = PredictionStore(db)
    tasks = [score(store, TOO_LARGE if number == 4 else number) for number in range(10)]
    tasks.append(score(store, 99, at=NOON.replace(tzinfo=None)))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [number for number, result in enumerate(found) if result is not True]
    assert failed == [4, 10]
    assert await stored(db) == {0, 1, 2, 3, 5, 6, 7, 8, 9}
    assert await summed(db) == 9


async def test_a_lookup_that_cannot_be_done_is_no_others_trouble(db: Database) -> None:
    store = PredictionStore(db)
    await score(store, 1)
    asked = (store.seen(message_id=number, revision=0) for number in (1, TOO_LARGE, 2))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert (found[0], found[2]) == (True, False)
    assert isinstance(found[1], Exception)


async def test_everybody_is_told_when_the_database_is_away_and_the_next_rows_are_written(db: Database) -> None:
    store = PredictionStore(db)
    async with db.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE predictions RENAME TO away"))
    found = await asyncio.gather(*(score(store, number) for number in range(5)), return_exceptions=True)
    assert all(isinstance(error, StoreUnavailable) for error in found)
    async with db.begin() as connection:
        await connection.execute(sa.text("ALTER TABLE away RENAME TO predictions"))
    assert await score(store, 1)


async def test_a_database_that_is_away_is_not_tried_for_one_row_after_the_other(db: Database) -> None:
    tried: list[int] = []

    async def work(items: Sequence[int]) -> Sequence[int]:
        tried.append(len(items))
        away = OperationalError("", {}, OSError())
        raise StoreUnavailable("The database cannot be reached.") from away

    call = Gathering(db, work)
    found = await asyncio.gather(*map(call, range(5)), return_exceptions=True)
    assert [type(error) for error in found] == [StoreUnavailable] * 5
    assert tried == [5]


async def test_a_database_that_goes_away_meanwhile_is_not_tried_for_the_rest(db: Database) -> None:
    tried: list[int] = []

    async def work(items: Sequence[int]) -> Sequence[int]:
        tried.append(len(items))
        if len(items) > 1:
            raise ValueError("One row is wrong.")
        raise StoreUnavailable("The database cannot be reached.") from OSError()

    call = Gathering(db, work)
    found = await asyncio.gather(*map(call, range(5)), return_exceptions=True)
    assert [type(error) for error in found] == [StoreUnavailable] * 5
    assert tried == [5, 1]


async def test_who_waits_for_the_next_round_is_served_although_this_one_was_ended(db: Database) -> None:
    begun = asyncio.Event()
    stop = True

    async def work(items: Sequence[int]) -> Sequence[int]:
        begun.set()
        if stop:
            await asyncio.Event().wait()
        return items

    call = Gathering(db, work)
    first = asyncio.create_task(call(1))
    await begun.wait()
    second = asyncio.create_task(call(2))
    await asyncio.sleep(0)
    (rounds,) = (task for task in asyncio.all_tasks() if task.get_name() == "gathering")
    rounds.cancel()
    await asyncio.wait([first, rounds])
    stop = False
    assert first.cancelled()
    assert await asyncio.gather(call(3), second) == [3, 2]


async def test_two_processes_that_write_the_same_rows_do_not_wait_for_each_other(db: Database, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite locks no single rows")
    other = Database(db.url.render_as_string(hide_password=False), key=db.key)
    stores = PredictionStore(db), PredictionStore(other)
    await asyncio.gather(*(stores[0].record(message(message_id=n), (), at=NOON, unscored_why="away") for n in range(3)))
    with commits() as found:
        async with db.begin() as connection:
            held = sa.select(predictions).where(predictions.c.message_id == 1).with_for_update()
            await connection.execute(held)
            tasks = [score(stores[0], number) for number in (0, 1, 2)] + [score(stores[1], n) for n in (2, 1, 0)]
            while await connection.scalar(WAITING) < 2:
                pass
        assert sum(await asyncio.gather(*tasks)) == 3
    assert len(found) == 3  # a deadlock would have been mended by writing row after row
    await other.close()


async def test_a_caller_who_is_cancelled_loses_nobody_elses_row(db: Database) -> None:
    store = PredictionStore(db)
    first = score(store, 0)
    await asyncio.sleep(0)  # its round has begun; the others wait for the next one
    others = [score(store, number) for number in range(1, 10)]
    await asyncio.sleep(0)
    for task in (first, others[3]):
        task.cancel()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [number for number, result in enumerate(found) if result is not True] == [0, 4]
    assert await stored(db) - {0} == {1, 2, 3, 5, 6, 7, 8, 9}


async def test_what_is_on_its_way_is_written_before_the_database_closes(db: Database) -> None:
    store, other = PredictionStore(db), Database(db.url.render_as_string(hide_password=False), key=db.key)
    tasks = [score(store, number, channel_id=CHANNEL) for number in range(5)]
    await asyncio.sleep(0)
    await db.close()
    assert await stored(other) == set(range(5))
    assert await asyncio.gather(*tasks) == [True] * 5
    await other.close()


async def test_lookups_that_come_together_find_each_its_own(db: Database) -> None:
    store = PredictionStore(db)
    await asyncio.gather(score(store, 1), score(store, 2, revision=5))
    keys = [(1, 0), (1, 5), (2, 0), (2, 5), (3, 0)]
    found = await asyncio.gather(*(store.seen(message_id=key, revision=revision) for key, revision in keys))
    assert found == [True, False, False, True, False]


@pytest.mark.parametrize("size", [1, 300])
async def test_rounds_of_any_size_lose_nothing(db: Database, size: int) -> None:
    store = PredictionStore(db)
    assert await asyncio.gather(*(score(store, number) for number in range(size))) == [True] * size
    assert await stored(db) == set(range(size))
