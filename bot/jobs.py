"""What runs by the clock: a table of jobs, and one tick that asks which of them are due by our own clock.

APScheduler is only the alarm clock (memory store, one tick every 30 s): left to itself it drops late runs and reads the
machine's clock, which tests and a suspended laptop cannot steer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.flow.ports import Clock

log = structlog.get_logger(__name__)

TICK = timedelta(seconds=30)
RETRY = timedelta(minutes=5)
"""A job that failed is tried again after this, or after its own interval where that is shorter."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row: `name` is the name of the use case that `bot.app` gives for it, `every` the time between two starts."""

    name: str
    every: timedelta


JOBS = (
    Job("rescore", every=timedelta(seconds=30)),
    Job("post_cards", every=timedelta(minutes=1)),
    Job("audit", every=timedelta(hours=1)),
    Job("digest", every=timedelta(hours=1)),
    Job("retention", every=timedelta(days=1)),
    Job("trouble", every=timedelta(seconds=30)),
    Job("alarms", every=timedelta(seconds=30)),
    Job("watch_run", every=timedelta(seconds=30)),
    Job("tell_forgotten", every=timedelta(hours=1)),
)
"""`rescore`: messages that the model could not score. `post_cards`: cards that could not be posted, and those that
waited for a place in the day's budget. `audit`: lines that were drawn for checking get their cards, about one round a
day. `digest`: each guild is told once a day what waits. `retention`: what is over its time is dropped. `trouble`: a
model or a card channel that stays away is told, and that it is back. `alarms`: raids and stopped labels that could not
be told at once. `watch_run`: a training run that an earlier process began is followed, its report posted.
`tell_forgotten`: the model server hears what was withdrawn. Each is due at the first tick after a start. Every bot
process runs them all: leases are no part of this version."""

Work = Callable[[], Awaitable[object]]


class Jobs:
    """Runs each row of the table when it is due, never twice at the same time. A failure is logged and tried again."""

    def __init__(self, work: Mapping[str, Work], *, clock: Clock, table: tuple[Job, ...] = JOBS) -> None:
        """`work` by name. Raises KeyError if a row of the table has none."""
        self._work = {job.name: work[job.name] for job in table}
        self._table = table
        self._clock = clock
        self._next: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._scheduler: AsyncIOScheduler | None = None

    def due(self, now: datetime) -> list[Job]:
        """Rows to start at `now`: never started, their time has come, or the clock went back behind the last start."""
        return [
            job
            for job in self._table
            if job.name not in self._running
            and (job.name not in self._next or now >= self._next[job.name] or now < self._last[job.name])
        ]

    def run_due(self, now: datetime) -> list[asyncio.Task[None]]:
        """Start what is due at `now`; the running tasks. They raise nothing."""
        started: list[asyncio.Task[None]] = []
        for job in self.due(now):
            self._last[job.name], self._next[job.name] = now, now + job.every
            task = asyncio.create_task(self._run(job, now), name=f"job-{job.name}")
            self._running[job.name] = task
            started.append(task)
        return started

    def start(self) -> None:
        """Tick from now on, in the running event loop."""
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._tick,
            "interval",
            seconds=TICK.total_seconds(),
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,  # a late tick is still a tick
            coalesce=True,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """No more ticks; what runs is cancelled and leaves its rows for the next start."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        for task in self._running.values():
            task.cancel()

    async def _tick(self) -> None:
        self.run_due(self._clock.now())

    async def _run(self, job: Job, started: datetime) -> None:
        try:
            await self._work[job.name]()
            log.debug("job_done", job=job.name)
        except Exception:
            self._next[job.name] = started + min(job.every, RETRY)
            log.exception("job_failed", job=job.name)
        finally:
            del self._running[job.name]
