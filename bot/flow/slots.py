"""Slots: a job and its due time, worked on once however many processes share the database.

A process takes a slot under a lease that each tick prolongs, and writes down how it ended. After downtime the newest
due time is caught up once, those before it are not; a holder that dies is followed by another process, and one that
wakes up too late finds its lease lost and stops. The table and the alarm clock are in `bot/jobs.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import structlog

from bot.core.guild_rules import GuildRules
from bot.errors import BotError, StoreUnavailable, TurnLost
from bot.flow.ports import Clock
from bot.flow.turns import Turn
from bot.store.guilds import GuildStore
from bot.store.leases import Lease, LeaseStore
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
"""Four ticks without a heartbeat, and another process takes the slot over."""
RETRY = timedelta(minutes=5)
"""A slot that failed is tried again after this, by whichever process comes first."""
ATTEMPTS = 3
"""After so many failures the slot is over, until the next due time."""
MOST_HOLDERS = 10
"""A slot that lost so many holders is not tried again: it may be what kills them."""
SKEW = timedelta(minutes=10)
"""The clocks of two processes may differ by so much; a slot that is further ahead was written by a wrong clock."""
AT_A_TIME = 3
"""Slots of one job that one process works on at once: a hundred guilds with the same schedule take turns."""
EVER = datetime(2000, 1, 1, tzinfo=UTC)

Work = Callable[[Turn], Awaitable[str | None]]
"""What comes back is kept in the slot's row: one line, without a text of anybody."""


class Schedule(Protocol):
    """When a schedule of five cron fields is due, in UTC. Raises ValueError for what is no schedule."""

    def last_due(self, cron: str, now: datetime) -> datetime | None:
        """The newest due time up to `now`; None where there was none in years."""
        ...

    def next_due(self, cron: str, after: datetime) -> datetime | None:
        """The first due time after that; None where there never is one."""
        ...


@dataclass(frozen=True, slots=True)
class SlotJob:
    """One row whose due times run once. `cron`: the schedule of all; without it each guild's own stands in its rules
    under `setting`. `by_guild`: a slot for each guild that is set up, else one for the whole deployment, or for each of
    its shards. `waits`: what is due stays due while the clock is in doubt: its work goes by ages, or is seen by people.
    """

    name: str
    cron: str | None = None
    setting: Literal["learn_cron", "weekly_cron"] | None = None
    by_guild: bool = False
    waits: bool = True


@dataclass(slots=True)
class _Held:
    """A slot that this process works on. `outcome`: how it ended, as long as that could not be written down."""

    lease: Lease
    job: str
    expires_at: datetime
    task: asyncio.Task[None] | None = None
    outcome: tuple[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class _Settled:
    """Nothing is to do for this schedule from `slot` on until before `until`."""

    cron: str
    slot: datetime
    until: datetime | None

    def holds(self, cron: str, now: datetime) -> bool:
        return cron == self.cron and self.slot <= now and (self.until is None or now < self.until)


class Slots:
    """Runs each row of the table at its due times, once among all processes. `guild_ids`: whom this process serves."""

    def __init__(
        self,
        table: Collection[SlotJob],
        work: Mapping[str, Work],
        *,
        schedule: Schedule,
        leases: LeaseStore,
        guilds: GuildStore,
        guild_ids: Callable[[], Collection[int]],
        clock: Clock,
        in_doubt: Callable[[], bool] = lambda: False,
    ) -> None:
        """`work` by name; `in_doubt`: whether the clock may be wrong. Raises KeyError if a row has no work."""
        self._work = {job.name: work[job.name] for job in table}
        self._table = tuple(table)
        self._schedule = schedule
        self._leases = leases
        self._guilds = guilds
        self._guild_ids = guild_ids
        self._clock = clock
        self._in_doubt = in_doubt
        self._held: dict[str, _Held] = {}
        self._waiting: dict[str, deque[GuildRules | None]] = {job.name: deque() for job in table}
        self._settled: dict[str, _Settled] = {}
        self.ended: Counter[tuple[str, str]] = Counter()
        """How often each job ended how in this process: `done`, `failed`, or `lost` to another one."""

    async def tick(self) -> list[asyncio.Task[None]]:
        """Prolong what runs here, stop what was lost, start what is due; the tasks started. Raises nothing."""
        now = self._clock.now()
        for name, held in list(self._held.items()):
            await self._prolong(name, held, now)
        started: list[asyncio.Task[None]] = []
        try:
            everyone = await self._guilds.fresh(self._guild_ids())
            for job in self._table:
                self._waiting[job.name].clear()
                if job.waits and self._in_doubt():
                    continue
                for rules in everyone if job.by_guild else (None,):
                    task = await self._start(job, rules, now)
                    started += [task] if task is not None else []
        except StoreUnavailable as error:
            log.warning("schedule_unread", why=type(error).__name__)
        return started

    def stop(self) -> None:
        """Cancel what runs; its slots are taken over, here or elsewhere, once their leases have run out."""
        for waiting in self._waiting.values():
            waiting.clear()
        for held in self._held.values():
            if held.task is not None:
                held.task.cancel()

    async def _start(self, job: SlotJob, rules: GuildRules | None, now: datetime) -> asyncio.Task[None] | None:
        """The task that works on the job's newest due time, if that is this process's to do."""
        name = self._leases.own(job.name) if rules is None else f"{job.name}:{rules.guild_id}"
        cron = getattr(rules, job.setting) if rules is not None and job.setting else job.cron
        if cron is None or name in self._held:
            return None
        if name in self._settled and self._settled[name].holds(cron, now):
            return None
        if sum(held.job == job.name for held in self._held.values()) >= AT_A_TIME:
            self._waiting[job.name].append(rules)
            return None
        try:
            slot, following = self._schedule.last_due(cron, now), self._schedule.next_due(cron, now)
        except ValueError:
            log.error("no_schedule", job=name, cron=cron)
            return None
        if slot is None:
            return None
        last = await self._leases.last_slot(name, until=now + SKEW)
        if (last is not None and slot <= last) or slot < await self._since(job, rules, now):
            self._settled[name] = _Settled(cron, slot, following)
            return None
        if await self._leases.held(name, now=now, until=now + SKEW):
            return None
        lease = await self._leases.take(name, slot, now=now, span=LEASE)
        if lease is None:
            return None
        held = self._held[name] = _Held(lease, job.name, now + LEASE)
        held.task = asyncio.create_task(self._work_off(job, name, held, rules), name=f"slot-{name}")
        return held.task

    async def _work_off(self, job: SlotJob, name: str, held: _Held, rules: GuildRules | None) -> None:
        """Run the slot, then start the next one of the job that had to wait for its turn."""
        await self._run(name, held, rules)
        waiting, started = self._waiting[job.name], None
        try:
            while waiting and started is None:
                started = await self._start(job, waiting.popleft(), self._clock.now())
        except StoreUnavailable as error:
            log.warning("schedule_unread", why=type(error).__name__)  # the next tick goes on

    async def _since(self, job: SlotJob, rules: GuildRules | None, now: datetime) -> datetime:
        """Due times before this were none yet: the guild was not set up, or had another schedule."""
        if rules is None:
            return EVER
        if rules.set_up_at is None:
            return now + LEASE
        changed = await self._guilds.changed_at(rules.guild_id, job.setting) if job.setting else None
        return max(rules.set_up_at, changed or EVER)

    async def _prolong(self, name: str, held: _Held, now: datetime) -> None:
        if held.outcome is not None:
            await self._end(name, held, *held.outcome)
            return
        try:
            if await self._leases.prolong(held.lease, now=now, span=LEASE):
                held.expires_at = now + LEASE
                return
        except StoreUnavailable:
            if now < held.expires_at:
                return  # still ours, and nobody else can take it over without the database either
        log.warning("slot_lost", job=name, slot=held.lease.slot.isoformat())
        if held.task is not None:
            held.task.cancel()

    async def _run(self, name: str, held: _Held, rules: GuildRules | None) -> None:
        turn = Turn(held.lease.slot, rules.guild_id if rules else None, lambda: self._confirm(held))
        try:
            if held.lease.token > MOST_HOLDERS:
                await self._end(name, held, "failed", f"given up: {MOST_HOLDERS} processes that did this have died")
                return
            said = await self._work[held.job](turn)
            await self._end(name, held, "done", said)
        except TurnLost:
            log.warning("slot_lost", job=name, slot=held.lease.slot.isoformat())
        except Exception as error:
            log.exception("slot_failed", job=name, slot=held.lease.slot.isoformat())
            await self._failed(name, held, error)
        finally:
            if held.outcome is None:
                self._held.pop(name, None)

    async def _confirm(self, held: _Held) -> None:
        now = self._clock.now()
        if not await self._leases.prolong(held.lease, now=now, span=LEASE):
            raise TurnLost
        held.expires_at = now + LEASE

    async def _failed(self, name: str, held: _Held, error: Exception) -> None:
        """Try again later, or write down that it failed. Sentences for people hold no text; other errors may."""
        why = str(error) if isinstance(error, BotError | ModelError) else type(error).__name__
        if held.lease.token >= ATTEMPTS:
            await self._end(name, held, "failed", why)
            return
        try:
            await self._leases.prolong(held.lease, now=self._clock.now(), span=RETRY)
        except StoreUnavailable:
            log.warning("slot_kept", job=name)  # the lease runs out by itself, a little sooner

    async def _end(self, name: str, held: _Held, outcome: str, detail: str | None) -> None:
        """Write down how it ended; where the database is away, at the next tick again."""
        try:
            if not await self._leases.end(held.lease, now=self._clock.now(), outcome=outcome, detail=detail):
                log.warning("slot_lost", job=name, slot=held.lease.slot.isoformat())
                outcome = "lost"
            held.outcome = None
        except StoreUnavailable:
            held.outcome = (outcome, detail)
            return
        self.ended[held.job, outcome] += 1
        self._held.pop(name, None)
