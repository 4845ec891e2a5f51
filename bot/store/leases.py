"""Who runs a job's slot: a lease with a heartbeat and a fencing token, so that no slot runs twice and none is lost.

A slot is a job and the time at which it was due. Its row is inserted once; whoever inserts it, or takes over a lease
that ran out, gets a higher token. Only the newest token may prolong or end the slot: a holder that was away too long
finds itself fenced off (M. Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.learning_tables import job_slots
from bot.store.tables import UtcTime

DETAIL = 500


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one slot, until it ends or runs out."""

    name: str
    slot: datetime
    token: int


@dataclass(frozen=True, slots=True)
class SlotRun:
    """How a slot went. `outcome`: done, failed, or None while it goes on or after its process died."""

    name: str
    slot: datetime
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None


class LeaseStore:
    """Methods raise StoreUnavailable. `holder` names this process; by default its database does."""

    def __init__(self, db: Database, *, holder: str | None = None) -> None:
        self._db = db
        self._holder = holder or db.holder

    def own(self, name: str) -> str:
        """The name of what each shard does by itself."""
        return self._db.shard.named(name)

    async def take(self, name: str, slot: datetime, *, now: datetime, span: timedelta) -> Lease | None:
        """The lease of the slot, or None where it has ended or somebody else holds it."""
        values = {"holder": self._holder, "expires_at": now + span, "started_at": now}
        new = self._db.insert(job_slots).values(name=name, slot=slot, token=1, **values).on_conflict_do_nothing()
        left = (
            job_slots.update()
            .where(*_this(name, slot), job_slots.c.ended_at.is_(None), job_slots.c.expires_at <= now)
            .values(token=job_slots.c.token + 1, **values)
        )
        async with self._db.begin() as connection:
            token = await connection.scalar(new.returning(job_slots.c.token))
            if token is None:
                token = await connection.scalar(left.returning(job_slots.c.token))
        return None if token is None else Lease(name, slot, token)

    async def prolong(self, lease: Lease, *, now: datetime, span: timedelta) -> bool:
        """The heartbeat; False where the lease was lost, and the work must stop."""
        update = job_slots.update().where(*_held(lease), job_slots.c.expires_at > now)
        async with self._db.begin() as connection:
            held = update.values(expires_at=now + span).returning(job_slots.c.token)
            return await connection.scalar(held) is not None

    async def end(self, lease: Lease, *, now: datetime, outcome: str, detail: str | None = None) -> bool:
        """Write down how it ended; False where the lease was lost, then nothing is written."""
        update = job_slots.update().where(*_held(lease))
        values = {"ended_at": now, "outcome": outcome, "detail": detail[:DETAIL] if detail else None}
        async with self._db.begin() as connection:
            return await connection.scalar(update.values(**values).returning(job_slots.c.token)) is not None

    async def held(self, name: str, *, now: datetime, until: datetime) -> bool:
        """Whether somebody works on a slot of the job, whichever it is up to `until`: a later one was taken while a
        clock was wrong.
        """
        going = job_slots.c.ended_at.is_(None) & (job_slots.c.expires_at > now) & (job_slots.c.slot <= until)
        query = sa.select(job_slots.c.slot).where(job_slots.c.name == name, going).limit(1)
        async with self._db.read() as connection:
            return await connection.scalar(query) is not None

    async def last_slot(self, name: str, *, until: datetime | None = None) -> datetime | None:
        """The newest slot that ended, None before the first. Slots after `until` are left out: they were written
        while a clock was wrong.
        """
        newest = sa.select(sa.func.max(job_slots.c.slot)).where(
            job_slots.c.name == name, job_slots.c.ended_at.is_not(None)
        )
        if until is not None:
            newest = newest.where(job_slots.c.slot <= until)
        async with self._db.read() as connection:
            return await connection.scalar(newest)

    async def history(self, name: str, *, limit: int = 20) -> list[SlotRun]:
        """The job's newest slots, the newest first."""
        query = sa.select(job_slots).where(job_slots.c.name == name).order_by(job_slots.c.slot.desc()).limit(limit)
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return [SlotRun(row.name, row.slot, row.started_at, row.ended_at, row.outcome, row.detail) for row in rows]

    async def spells(self, name: str, *, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """From when to when slots of that name were held in that time, the first first; one that goes on counts for
        as long as its lease lasts.
        """
        end = sa.func.coalesce(job_slots.c.ended_at, job_slots.c.expires_at, type_=UtcTime).label("end")
        query = (
            sa.select(job_slots.c.started_at, end)
            .where(job_slots.c.name == name, job_slots.c.started_at < until, end > since)
            .order_by(job_slots.c.started_at)
        )
        async with self._db.read() as connection:
            return [(row.started_at, row.end) for row in await connection.execute(query)]

    async def first(self, name: str) -> datetime | None:
        """When the first slot of that name that is still known was taken."""
        query = sa.select(sa.func.min(job_slots.c.started_at)).where(job_slots.c.name == name)
        async with self._db.read() as connection:
            return await connection.scalar(query)

    async def forget(self, *, before: datetime) -> int:
        """Drop slots that ended, or were left, before then, but never a job's newest; how many."""
        newest = sa.select(sa.func.max(job_slots.c.slot)).group_by(job_slots.c.name).scalar_subquery()
        over = sa.func.coalesce(job_slots.c.ended_at, job_slots.c.expires_at, type_=UtcTime) < before
        delete = job_slots.delete().where(over, job_slots.c.slot.not_in(newest))
        async with self._db.begin() as connection:
            return (await connection.execute(delete)).rowcount


def _this(name: str, slot: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return job_slots.c.name == name, job_slots.c.slot == slot


def _held(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_this(lease.name, lease.slot), job_slots.c.token == lease.token, job_slots.c.ended_at.is_(None))
