"""What waits for moderators: the card budget's side of cases, and the daily digest's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.budget import score_of
from bot.core.cases import Case
from bot.core.policy import Reason, headline
from bot.store.database import Database
from bot.store.loading import load_cases
from bot.store.tables import cases, guilds

OPEN = (cases.c.state == "open", cases.c.lead_id.is_(None))
"""An open case with a card of its own, posted or not."""

FOR_ALL = cases.c.opened_why != "staff"
"""Cases about staff are counted for nobody: they go to the administrators at once."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One card's score: the highest of the flagged cases that share it."""

    case_id: int
    score: float
    waits: bool


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What is open in a guild. `uncarded`: those that wait without a card, by their headline label; `overdue`: how many
    were opened too long ago; `oldest`: when the first of all was opened.
    """

    total: int = 0
    by_why: Mapping[str, int] = field(default_factory=dict)
    by_label: Mapping[str, int] = field(default_factory=dict)
    uncarded: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    oldest: datetime | None = None


class QueueStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cards_since(self, *, guild_id: int, since: datetime) -> tuple[datetime, ...]:
        """When each card after then was given its place."""
        query = sa.select(cases.c.admitted_at).where(cases.c.guild_id == guild_id, cases.c.admitted_at > since)
        async with self._db.read() as connection:
            return tuple((await connection.scalars(query)).all())

    async def scored_since(self, *, guild_id: int, since: datetime) -> list[Scored]:
        """The flagged cases opened after then, one a card."""
        query = sa.select(cases.c.id, cases.c.lead_id, cases.c.reasons, cases.c.queued_at, cases.c.state).where(
            cases.c.guild_id == guild_id, cases.c.opened_why == "flagged", cases.c.opened_at > since
        )
        scores: dict[int, float] = {}
        waiting: set[int] = set()
        async with self._db.read() as connection:
            for row in await connection.execute(query):
                card = row.lead_id or row.id
                scores[card] = max(scores.get(card, 0.0), score_of(_reasons(row.reasons)))
                if row.queued_at is not None and row.state == "open" and row.lead_id is None:
                    waiting.add(row.id)
        return [Scored(case_id, score, case_id in waiting) for case_id, score in scores.items()]

    async def admit(self, *, case_id: int, at: datetime) -> None:
        """The case gets a card; it waits no more."""
        await self._update(case_id, admitted_at=at, queued_at=None)

    async def hold(self, *, case_id: int, at: datetime) -> None:
        """The case waits in the queue without a card."""
        await self._update(case_id, queued_at=at)

    async def waiting(self, *, since: datetime) -> list[Case]:
        """Open cases of all guilds that have waited without a card, from then on."""
        query = sa.select(cases).where(*OPEN, cases.c.queued_at > since).order_by(cases.c.id)
        async with self._db.read() as connection:
            return await load_cases(connection, self._db.key, query)

    async def counts(self, *, guild_id: int, opened_before: datetime) -> QueueCounts:
        """What is open, cases about staff left out; overdue is what was opened before then."""
        columns = (cases.c.opened_why, cases.c.opened_at, cases.c.reasons, cases.c.queued_at)
        query = sa.select(*columns).where(*OPEN, FOR_ALL, cases.c.guild_id == guild_id).order_by(cases.c.opened_at)
        async with self._db.read() as connection:
            found = (await connection.execute(query)).all()
        labels = [(headline(_reasons(row.reasons)).label if row.reasons else row.opened_why) for row in found]
        return QueueCounts(
            total=len(found),
            by_why=dict(Counter(row.opened_why for row in found).most_common()),
            by_label=dict(
                Counter(label for row, label in zip(found, labels, strict=True) if row.reasons).most_common()
            ),
            uncarded=dict(
                Counter(label for row, label in zip(found, labels, strict=True) if row.queued_at).most_common()
            ),
            overdue=sum(row.opened_at < opened_before for row in found),
            oldest=found[0].opened_at if found else None,
        )

    async def due_for_digest(self, *, before: datetime) -> list[int]:
        """Guilds with open cases whose last digest, if there was one, came before then."""
        due = guilds.c.digested_at.is_(None) | (guilds.c.digested_at <= before)
        query = (
            sa.select(guilds.c.guild_id).join(cases, cases.c.guild_id == guilds.c.guild_id).where(*OPEN, FOR_ALL, due)
        )
        async with self._db.read() as connection:
            return list((await connection.scalars(query.distinct().order_by(guilds.c.guild_id))).all())

    async def set_digested(self, *, guild_id: int, at: datetime) -> None:
        """The guild got its digest."""
        async with self._db.begin() as connection:
            await connection.execute(guilds.update().where(guilds.c.guild_id == guild_id).values(digested_at=at))

    async def _update(self, case_id: int, **values: Any) -> None:
        async with self._db.begin() as connection:
            await connection.execute(cases.update().where(cases.c.id == case_id).values(values))


def _reasons(stored: list[dict[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(**reason) for reason in stored)
