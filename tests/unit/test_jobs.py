"""Jobs run when they are due by our own clock, each for itself, and a failure stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.guild_rules import GuildRules
from bot.jobs import JOBS, SLOT_JOBS, CronSchedule, Job, Jobs
from tests.builders import GUILD, NOON
from tests.fakes import FakeClock
from tests.unit.test_cron import TAKEN

HOURLY = Job("hourly", every=timedelta(hours=1))
DAILY = Job("daily", every=timedelta(days=1))


class House:
    """Two jobs that count their runs; `broken` and `blocked` jobs fail or wait."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.runs: list[str] = []
        self.broken: set[str] = set()
        self.release = asyncio.Event()
        self.release.set()
        self.jobs = Jobs(
            {job.name: self._work(job.name) for job in (HOURLY, DAILY)}, clock=self.clock, table=(HOURLY, DAILY)
        )

    def _work(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            self.runs.append(name)
            await self.release.wait()
            if name in self.broken:
                raise RuntimeError

        return work

    async def tick(self, **later: float) -> list[str]:
        """Move the clock and tick; the names that ran."""
        self.clock.move(**later)
        before = len(self.runs)
        for task in self.jobs.run_due(self.clock.now()):
            await task
        return self.runs[before:]


@pytest.fixture
async def house() -> House:
    return House()


async def test_everything_is_due_after_a_start(house: House) -> None:
    assert await house.tick() == ["hourly", "daily"]


async def test_nothing_runs_before_its_time(house: House) -> None:
    await house.tick()
    assert await house.tick(minutes=59) == []
    assert await house.tick(minutes=1) == ["hourly"]


async def test_a_long_sleep_is_caught_up_with_one_run(house: House) -> None:
    await house.tick()
    assert await house.tick(days=3) == ["hourly", "daily"]
    assert await house.tick(seconds=30) == []


async def test_a_clock_that_is_set_back_does_not_stop_the_jobs(house: House) -> None:
    await house.tick()
    assert await house.tick(days=-2) == ["hourly", "daily"]


async def test_a_failed_job_is_tried_again_soon_and_stops_no_other(house: House) -> None:
    house.broken = {"daily"}
    assert await house.tick() == ["hourly", "daily"]
    house.broken = set()
    assert await house.tick(minutes=5) == ["daily"]
    assert await house.tick(minutes=5) == []


async def test_a_job_that_still_runs_is_not_started_again(house: House) -> None:
    house.release.clear()
    running = house.jobs.run_due(house.clock.now())
    await asyncio.sleep(0)
    house.clock.move(days=2)
    assert house.jobs.run_due(house.clock.now()) == []
    house.release.set()
    await asyncio.gather(*running)
    assert house.runs == ["hourly", "daily"]


async def test_stopping_ends_what_runs(house: House) -> None:
    house.release.clear()
    running = house.jobs.run_due(house.clock.now())
    await asyncio.sleep(0)
    house.jobs.stop()
    await asyncio.wait(running)
    assert all(task.cancelled() for task in running)


async def test_the_alarm_clock_ticks_at_once_after_a_start() -> None:
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    jobs = Jobs({"hourly": work}, clock=FakeClock(), table=(HOURLY,))
    jobs.start()
    async with asyncio.timeout(10):
        await ran.wait()
    jobs.stop()


def test_a_row_without_a_use_case_is_refused() -> None:
    with pytest.raises(KeyError):
        Jobs({}, clock=FakeClock(), table=(HOURLY,))


def test_the_names_of_the_table_are_unique() -> None:
    assert len({job.name for job in (*JOBS, *SLOT_JOBS)}) == len(JOBS) + len(SLOT_JOBS)


@pytest.mark.parametrize(
    ("cron", "last", "following"),
    [
        ("0 6 * * mon", (2026, 2, 23, 6, 0), (2026, 3, 2, 6, 0)),
        ("0 12 * * sun", (2026, 3, 1, 12, 0), (2026, 3, 8, 12, 0)),
        ("10 * * * *", (2026, 3, 1, 11, 10), (2026, 3, 1, 12, 10)),
        ("0 0 1 jan *", (2026, 1, 1, 0, 0), (2027, 1, 1, 0, 0)),
        ("0 0 29 2 *", (2024, 2, 29, 0, 0), (2028, 2, 29, 0, 0)),
    ],
)
def test_a_schedule_is_asked_with_our_own_clock(cron: str, last: tuple[int, ...], following: tuple[int, ...]) -> None:
    schedule = CronSchedule()
    assert schedule.last_due(cron, NOON) == datetime(*last, tzinfo=UTC)  # pyright: ignore[reportArgumentType]
    assert schedule.next_due(cron, NOON) == datetime(*following, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("cron", TAKEN)
def test_every_schedule_that_a_guild_may_write_is_due_at_times(cron: str) -> None:
    last, following = CronSchedule().last_due(cron, NOON), CronSchedule().next_due(cron, NOON)
    assert last is not None
    assert following is not None
    assert last <= NOON < following


@pytest.mark.parametrize("job", SLOT_JOBS, ids=lambda job: job.name)
def test_every_scheduled_job_has_a_schedule(job) -> None:
    cron = job.cron or getattr(GuildRules(GUILD), job.setting)
    assert CronSchedule().next_due(cron, NOON) is not None
    assert job.by_guild or job.setting is None
