"""When the bot was there is written down by each of its processes, and what none covered was away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.flow.presence import Presence, away_between
from bot.store.database import Database
from bot.store.leases import LeaseStore
from tests.fakes import FakeClock

SUNDAY = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


async def test_what_no_process_was_there_for_is_away(db: Database) -> None:
    clock = FakeClock(SUNDAY)
    leases = LeaseStore(db, holder="reader")
    connected = {"one": True, "two": True}
    one, two = (
        Presence(leases=LeaseStore(db, holder=name), connected=lambda name=name: connected[name], clock=clock)
        for name in ("one", "two")
    )
    assert await away_between(leases, since=SUNDAY - timedelta(days=1), until=SUNDAY) is None
    for minute in range(60):
        connected["one"] = minute < 20
        connected["two"] = 10 <= minute < 30 or minute >= 50
        clock.time = SUNDAY + timedelta(minutes=minute)
        await one.beat()
        clock.time += timedelta(seconds=1)
        await two.beat()
    found = await away_between(leases, since=SUNDAY - timedelta(days=1), until=SUNDAY + timedelta(minutes=60))
    assert found is not None
    assert timedelta(minutes=19) < found <= timedelta(minutes=20, seconds=30)


async def test_a_process_that_leaves_is_away_at_once_and_one_that_dies_a_little_later(db: Database) -> None:
    clock, leases = FakeClock(SUNDAY), LeaseStore(db, holder="one")
    there = Presence(leases=leases, connected=lambda: True, clock=clock)
    await there.beat()
    clock.move(seconds=30)
    await there.leave()
    clock.move(minutes=30)
    await there.beat()
    clock.move(minutes=30)
    found = await away_between(leases, since=SUNDAY, until=clock.now())
    assert found == timedelta(minutes=30) + timedelta(minutes=30) - timedelta(seconds=90)
