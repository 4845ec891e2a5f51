"""Scheduled jobs run once a due time among all processes on one database, also where one of them dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.guild_rules import GuildRules
from bot.errors import BotError, StoreUnavailable
from bot.flow.slots import ATTEMPTS, LEASE, RETRY, SlotJob, Slots
from bot.flow.turns import Turn
from bot.jobs import CronSchedule
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.leases import Lease, LeaseStore
from tests.builders import GUILD
from tests.fakes import FakeClock

HOURLY = SlotJob("hourly", cron="0 * * * *")
TICK = timedelta(seconds=30)
SUNDAY = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SET_UP = SUNDAY - timedelta(days=30)


class World:
    """Bot processes on one database and one clock; `runs` is what was worked on: who, for which guild and due time."""

    def __init__(self, db: Database, *table: SlotJob, start: datetime = SUNDAY) -> None:
        self.db, self.table = db, table
        self.clock = FakeClock(start)
        self.runs: list[tuple[str, int | None, datetime]] = []
        self.guilds = GuildStore(db)
        self.release = asyncio.Event()
        self.release.set()
        self.broken: Exception | None = None

    def process(
        self,
        name: str,
        *,
        leases: LeaseStore | None = None,
        confirms: bool = False,
        clock: FakeClock | None = None,
        in_doubt: Callable[[], bool] = lambda: False,
    ) -> Slots:
        async def work(turn: Turn) -> str:
            self.runs.append((name, turn.guild_id, turn.due))
            await self.release.wait()
            if confirms:
                await turn.confirm()
                self.runs.append((f"{name} posted", turn.guild_id, turn.due))
            if self.broken is not None:
                raise self.broken
            return "all is well"

        return Slots(
            self.table,
            {job.name: work for job in self.table},
            schedule=CronSchedule(),
            leases=leases or LeaseStore(self.db, holder=name),
            guilds=GuildStore(self.db),
            guild_ids=lambda: [GUILD, GUILD + 1],
            clock=clock or self.clock,
            in_doubt=in_doubt,
        )

    async def tick(self, *processes: Slots) -> None:
        """Let all of them tick at the same time, and what they started end."""
        started = await asyncio.gather(*(process.tick() for process in processes))
        await asyncio.gather(*(task for tasks in started for task in tasks), return_exceptions=True)

    async def rules(self, **values: object) -> None:
        made = GuildRules(GUILD, set_up_at=SET_UP, **values)  # pyright: ignore[reportArgumentType]
        await self.guilds.save(made, by=1, at=self.clock.now())


@pytest.fixture
def hourly(db: Database) -> World:
    return World(db, HOURLY)


async def test_four_processes_run_eight_of_eight_slots_once(hourly: World) -> None:
    processes = [hourly.process(f"bot-{number}") for number in range(4)]
    for _ in range(8):
        await hourly.tick(*processes)
        await hourly.tick(*processes)
        hourly.clock.move(hours=1)
    slots = [due for _, _, due in hourly.runs]
    assert slots == [SUNDAY - timedelta(minutes=30) + timedelta(hours=number) for number in range(8)]
    history = await LeaseStore(hourly.db, holder="reader").history("hourly")
    assert [(run.outcome, run.detail) for run in history] == [("done", "all is well")] * 8


@pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-365)])
async def test_while_the_clock_is_in_doubt_nothing_is_begun_and_what_is_due_stays_due(
    db: Database, jump: timedelta
) -> None:
    world, doubt = World(db, HOURLY, SlotJob("withdrawn", cron="0 * * * *", waits=False)), [False]
    process = world.process("bot", in_doubt=lambda: doubt[0])
    await world.tick(process)
    before = len(world.runs)
    world.clock.time += jump + timedelta(hours=1)
    doubt[0] = True
    await world.tick(process)
    assert len(world.runs) == before + 1
    world.clock.time -= jump
    doubt[0] = False
    await world.tick(process)
    assert len(world.runs) == before + 3


async def test_missed_slots_are_caught_up_with_one_run_of_the_newest(hourly: World) -> None:
    await hourly.tick(hourly.process("before"))
    hourly.clock.move(days=3)
    after = hourly.process("after")
    await hourly.tick(after)
    await hourly.tick(after)
    assert [who for who, _, _ in hourly.runs] == ["before", "after"]
    assert hourly.runs[-1][2] == SUNDAY - timedelta(minutes=30) + timedelta(days=3)


async def test_a_slot_whose_holder_dies_is_taken_over_and_the_dead_one_changes_nothing(hourly: World) -> None:
    hourly.release.clear()
    dying, other = hourly.process("dying"), hourly.process("other")
    (task,) = await dying.tick()
    await asyncio.sleep(0)
    hourly.clock.move(seconds=60)
    assert await other.tick() == []
    hourly.clock.move(seconds=61)
    (taken,) = await other.tick()
    hourly.release.set()
    await asyncio.gather(task, taken)
    assert [who for who, _, _ in hourly.runs] == ["dying", "other"]
    (run,) = await LeaseStore(hourly.db, holder="reader").history("hourly")
    assert run.outcome == "done"


async def test_a_job_whose_lease_was_lost_is_stopped_at_its_next_tick(hourly: World) -> None:
    hourly.release.clear()
    asleep, other = hourly.process("asleep"), hourly.process("other")
    (task,) = await asleep.tick()
    await asyncio.sleep(0)
    hourly.clock.move(minutes=10)
    (taken,) = await other.tick()
    await asleep.tick()
    with pytest.raises(asyncio.CancelledError):
        await task
    hourly.release.set()
    await taken
    assert [who for who, _, _ in hourly.runs] == ["asleep", "other"]


async def test_a_job_that_lost_its_turn_posts_nothing(hourly: World) -> None:
    hourly.release.clear()
    asleep, other = hourly.process("asleep", confirms=True), hourly.process("other", confirms=True)
    (task,) = await asleep.tick()
    await asyncio.sleep(0)
    hourly.clock.move(minutes=10)
    (taken,) = await other.tick()
    hourly.release.set()
    await asyncio.gather(task, taken)
    assert sorted(who for who, _, _ in hourly.runs) == ["asleep", "other", "other posted"]


async def test_a_long_job_keeps_its_slot_as_long_as_its_process_ticks(hourly: World) -> None:
    hourly.release.clear()
    working, other = hourly.process("working"), hourly.process("other")
    (task,) = await working.tick()
    for _ in range(12):
        hourly.clock.move(seconds=30)
        await working.tick()
        assert await other.tick() == []
    hourly.release.set()
    await task
    assert [who for who, _, _ in hourly.runs] == ["working"]


async def test_a_later_slot_waits_until_the_job_is_free_and_is_then_run(hourly: World) -> None:
    hourly.release.clear()
    working, other = hourly.process("working"), hourly.process("other")
    (task,) = await working.tick()
    for _ in range(40):
        hourly.clock.move(seconds=60)
        await working.tick()
        assert await other.tick() == []
    hourly.release.set()
    await task
    await hourly.tick(other)
    assert [due.hour for _, _, due in hourly.runs] == [12, 13]


async def test_a_failed_slot_is_tried_again_later_and_given_up_after_some_attempts(hourly: World) -> None:
    hourly.broken = BotError("The channel is gone.")
    process = hourly.process("bot")
    for number in range(1, ATTEMPTS + 1):
        await hourly.tick(process)
        await hourly.tick(process)
        assert len(hourly.runs) == number
        hourly.clock.move(seconds=RETRY.total_seconds() + 1)
    await hourly.tick(process)
    assert len(hourly.runs) == ATTEMPTS
    (run,) = await LeaseStore(hourly.db, holder="reader").history("hourly")
    assert (run.outcome, run.detail) == ("failed", "The channel is gone.")


async def test_what_an_unforeseen_error_says_is_not_kept(hourly: World) -> None:
    hourly.broken = RuntimeError("somebody's words")
    for _ in range(ATTEMPTS):
        await hourly.tick(hourly.process("bot"))
        hourly.clock.move(seconds=RETRY.total_seconds() + 1)
    (run,) = await LeaseStore(hourly.db, holder="reader").history("hourly")
    assert (run.outcome, run.detail) == ("failed", "RuntimeError")


class Flaky(LeaseStore):
    """A store whose database is away while `away` is set."""

    away = False

    async def prolong(self, lease: Lease, *, now: datetime, span: timedelta) -> bool:
        if self.away:
            raise StoreUnavailable("The database is away.")
        return await super().prolong(lease, now=now, span=span)

    async def end(self, lease: Lease, *, now: datetime, outcome: str, detail: str | None = None) -> bool:
        if self.away:
            raise StoreUnavailable("The database is away.")
        return await super().end(lease, now=now, outcome=outcome, detail=detail)


async def test_how_a_slot_ended_is_written_once_the_database_is_back(hourly: World) -> None:
    leases = Flaky(hourly.db, holder="bot")
    process, other = hourly.process("bot", leases=leases), hourly.process("other")
    hourly.release.clear()
    (task,) = await process.tick()
    leases.away = True
    hourly.release.set()
    await task
    hourly.clock.move(seconds=30)
    leases.away = False
    await process.tick()
    hourly.clock.move(minutes=5)
    await hourly.tick(process, other)
    assert [who for who, _, _ in hourly.runs] == ["bot"]


async def test_without_the_database_a_job_stops_when_its_lease_has_run_out(hourly: World) -> None:
    leases = Flaky(hourly.db, holder="bot")
    process = hourly.process("bot", leases=leases)
    hourly.release.clear()
    (task,) = await process.tick()
    leases.away = True
    hourly.clock.move(seconds=LEASE.total_seconds() - 1)
    await process.tick()
    assert not task.cancelling()
    hourly.clock.move(seconds=2)
    await process.tick()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_clock_that_was_ahead_does_not_stop_the_jobs(hourly: World) -> None:
    process = hourly.process("bot")
    hourly.clock.move(days=400)
    await hourly.tick(process)
    hourly.clock.move(days=-400)
    await hourly.tick(process)
    assert len(hourly.runs) == 2


async def test_a_process_whose_clock_is_behind_does_not_run_the_slot_before_the_newest(hourly: World) -> None:
    hourly.clock.move(minutes=30)
    await hourly.tick(hourly.process("bot"))
    await hourly.tick(hourly.process("behind", clock=FakeClock(hourly.clock.now() - TICK)))
    assert [who for who, _, _ in hourly.runs] == ["bot"]


async def test_a_process_that_stops_leaves_its_slot_to_the_next(hourly: World) -> None:
    hourly.release.clear()
    stopping, other = hourly.process("stopping"), hourly.process("other")
    (task,) = await stopping.tick()
    await asyncio.sleep(0)
    stopping.stop()
    with pytest.raises(asyncio.CancelledError):
        await task
    hourly.release.set()
    hourly.clock.move(seconds=LEASE.total_seconds() + 1)
    await hourly.tick(other)
    assert [who for who, _, _ in hourly.runs] == ["stopping", "other"]
