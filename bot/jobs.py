"""What runs by the clock: two tables of jobs, and one tick that asks which of them are due by our own clock.

APScheduler is only the alarm clock (memory store, one tick every 30 s) and knows when a schedule is due: left to itself
it drops late runs and reads the machine's clock, which tests and a suspended laptop cannot steer. `JOBS` run in every
bot process, `SLOT_JOBS` once a due time among all of them (bot/flow/slots.py).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.flow.ports import Clock
from bot.flow.slots import SlotJob, Slots

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
    Job("trouble", every=timedelta(seconds=30)),
    Job("alarms", every=timedelta(seconds=30)),
    Job("presence", every=timedelta(seconds=30)),
    Job("watch_run", every=timedelta(seconds=30)),
    Job("spool", every=timedelta(hours=1)),
)
"""In every process. `rescore`: messages that the model could not score; one that two processes pass again is recorded
and acted on once, since its prediction and its case are unique. `post_cards`: cards that could not be posted, and those
that waited for a place in the day's budget; it fills this process's own queue, so it cannot be left to another one.
Two processes that post the same card within the same second would both post it: a card has no lease. `trouble`: a model
or a card channel that stays away is told, and that it is back, as this process saw it. `alarms`: raids and stopped
labels that this process could not tell at once. `presence`: the process writes down that it is there, each in a row of
its own. `watch_run`: a training run that an earlier process began is followed, its report posted. `spool`: what nobody
can read of this machine's spool is removed after its time. Each is due at the first tick after a
start."""

SLOT_JOBS = (
    SlotJob("audit", cron="10 * * * *"),
    SlotJob("digest", cron="0 * * * *"),
    SlotJob("retention", cron="30 3 * * *"),
    SlotJob("texts", cron="50 * * * *"),
    SlotJob("departures", cron="40 * * * *"),
    SlotJob("tell_forgotten", cron="20 * * * *", waits=False),
    SlotJob("nightly", cron="30 2 * * *", by_guild=True),
    SlotJob("learn", setting="learn_cron", by_guild=True),
    SlotJob("weekly", setting="weekly_cron", by_guild=True),
)
"""Once among all processes, since two would post the same thing twice or do the same work. `audit`: lines that were
drawn for checking get their cards, about one round a day. `digest`: each guild is told once a day what waits.
`retention`: what is over its time is dropped. `texts`: so are texts that somebody wants gone, once nothing holds them.
`departures`: servers that the bot was removed from are noticed, and wiped after the grace period. `tell_forgotten`: the
model server hears what was withdrawn. `nightly`:
how the model does on the newest verdicts, and whether its scores drift. `learn`: a training run, where enough new
labels are there. `weekly`: the report on the last seven days. In UTC; `bot/core/cron.py` says how guilds write
theirs."""

LOOK_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 8 * 24, 32 * 24, 367 * 24, 9 * 367 * 24))
"""The last due time is looked for in ever longer spans; for 29 February it takes nine years."""

Work = Callable[[], Awaitable[object]]


@lru_cache(maxsize=1000)
def _trigger(cron: str) -> CronTrigger:
    return CronTrigger.from_crontab(cron, timezone=UTC)


class CronSchedule:
    """The `Schedule` port."""

    def next_due(self, cron: str, after: datetime) -> datetime | None:
        """The first due time after that; None where there never is one. Raises ValueError for no schedule."""
        return _trigger(cron).get_next_fire_time(None, after + timedelta(microseconds=1))

    def last_due(self, cron: str, now: datetime) -> datetime | None:
        """The newest due time up to `now`; None where there was none in years. Raises ValueError for no schedule."""
        for span in LOOK_BACK:
            found, later = None, self.next_due(cron, now - span)
            while later is not None and later <= now:
                found, later = later, self.next_due(cron, later)
            if found is not None:
                return found
        return None


class Jobs:
    """Runs each row of the table when it is due, never twice at the same time. A failure is logged and tried again."""

    def __init__(
        self, work: Mapping[str, Work], *, clock: Clock, table: tuple[Job, ...] = JOBS, slots: Slots | None = None
    ) -> None:
        """`work` by name; the same tick serves `slots`. Raises KeyError if a row of the table has no work."""
        self._work = {job.name: work[job.name] for job in table}
        self._table = table
        self._clock = clock
        self._slots = slots
        self._next: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._scheduler: AsyncIOScheduler | None = None
        self._ended: Counter[tuple[str, str]] = Counter()

    @property
    def ended(self) -> Mapping[tuple[str, str], int]:
        """How often each row of both tables ended how (`done`, `failed`, `lost` to another process) in this process."""
        return self._ended + self._slots.ended if self._slots is not None else self._ended

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
            self.tick,
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
        if self._slots is not None:
            self._slots.stop()

    async def tick(self) -> None:
        """Start what is due now. The alarm clock asks every 30 s; whoever moves the clock need not wait for it."""
        self.run_due(self._clock.now())
        if self._slots is not None:
            await self._slots.tick()

    async def _run(self, job: Job, started: datetime) -> None:
        try:
            await self._work[job.name]()
            self._ended[job.name, "done"] += 1
            log.debug("job_done", job=job.name)
        except Exception:
            self._ended[job.name, "failed"] += 1
            self._next[job.name] = started + min(job.every, RETRY)
            log.exception("job_failed", job=job.name)
        finally:
            del self._running[job.name]
