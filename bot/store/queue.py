"""What waits for moderators: the card budget's side of cases, and the daily digest's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from bot.core.budget import score_of
from bot.core.cases import Case
from bot.core.digest import SHOWN, Waiting
from bot.core.policy import Reason, headline
from bot.store.database import Database
from bot.store.loading import load_cases
from bot.store.tables import appeals, cases, guilds, reports

OPEN = (cases.c.state == "open", cases.c.lead_id.is_(None))
"""An open case with a card of its own, posted or not."""

FOR_ALL = cases.c.opened_why != "staff"
"""Cases about staff are counted for nobody: they go to the administrators at once."""

UNWEIGHED = (*OPEN, cases.c.card_message_id.is_(None), cases.c.admitted_at.is_(None), cases.c.queued_at.is_(None))
"""Nobody has said yet whether it gets a card."""

WAITS = (*OPEN, cases.c.queued_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Scored:
    """One card's score: the highest of the flagged cases that share it."""

    case_id: int
    score: float
    waits: bool


@dataclass(frozen=True, slots=True)
class Place:
    """How a case stands with the budget right now. `settled`: it has its card or a place; `closed`: it was decided;
    `waits`: it is in the queue without a card.
    """

    settled: bool
    closed: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What is open in a guild. `uncarded`: those that wait without a card, by their headline label, `highest` of them
    in order of score; `overdue`: how many were opened too long ago, `longest` of them oldest first; `oldest`: when the
    first of all was opened.
    """

    total: int = 0
    by_why: Mapping[str, int] = field(default_factory=dict)
    by_label: Mapping[str, int] = field(default_factory=dict)
    uncarded: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    oldest: datetime | None = None
    highest: tuple[Waiting, ...] = ()
    longest: tuple[Waiting, ...] = ()


class QueueStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cards_since(self, *, guild_id: int, since: datetime) -> tuple[datetime, ...]:
        """When each card of the review channel after then was given its place."""
        query = sa.select(cases.c.admitted_at).where(cases.c.guild_id == guild_id, FOR_ALL, cases.c.admitted_at > since)
        async with self._db.read() as connection:
            return tuple((await connection.scalars(query)).all())

    async def scored_since(self, *, guild_id: int, since: datetime) -> list[Scored]:
        """The flagged cases that were opened after then, or whose card was put in the queue after then, one a card,
        oldest first.
        """
        lead = cases.alias("lead")
        shared = lead.c.id == sa.func.coalesce(cases.c.lead_id, cases.c.id)
        recent = (cases.c.opened_at > since) | (lead.c.queued_at > since)
        columns = (cases.c.id, cases.c.lead_id, cases.c.reasons, cases.c.queued_at, cases.c.state)
        flagged = (cases.c.guild_id == guild_id, cases.c.opened_why == "flagged", recent)
        query = sa.select(*columns).join(lead, shared).where(*flagged)
        scores: dict[int, float] = {}
        waiting: set[int] = set()
        async with self._db.read() as connection:
            for row in await connection.execute(query.order_by(cases.c.id)):
                card = row.lead_id or row.id
                scores[card] = max(scores.get(card, 0.0), score_of(_reasons(row.reasons)))
                if row.queued_at is not None and row.state == "open" and row.lead_id is None:
                    waiting.add(row.id)
        return [Scored(case_id, score, case_id in waiting) for case_id, score in scores.items()]

    async def place(self, *, case_id: int) -> Place:
        """How the case stands with the budget; settled if there is no such case any more."""
        columns = (cases.c.state, cases.c.card_message_id, cases.c.admitted_at, cases.c.queued_at)
        async with self._db.read() as connection:
            row = (await connection.execute(sa.select(*columns).where(cases.c.id == case_id))).first()
        if row is None:
            return Place(settled=True, closed=True, waits=False)
        settled = row.card_message_id is not None or row.admitted_at is not None
        return Place(settled, closed=row.state == "closed", waits=row.queued_at is not None)

    async def admit(self, *, case_id: int, at: datetime) -> None:
        """The case gets a card; it waits no more."""
        this = cases.update().where(cases.c.id == case_id)
        async with self._db.begin() as connection:
            await connection.execute(this.values(admitted_at=at, queued_at=None))

    async def hold(self, case_ids: Collection[int], *, at: datetime) -> None:
        """The cases wait in the queue without a card; those that have one, or a place, do not."""
        bare = (cases.c.card_message_id.is_(None), cases.c.admitted_at.is_(None))
        async with self._db.begin() as connection:
            await connection.execute(cases.update().where(cases.c.id.in_(case_ids), *bare).values(queued_at=at))

    async def guilds_unweighed(self) -> list[int]:
        """Guilds with open cases of which nobody has said yet whether they get a card."""
        return await self._guilds(*UNWEIGHED)

    async def unweighed(self, *, guild_id: int, limit: int) -> list[Case]:
        """Those cases, oldest first."""
        query = sa.select(cases).where(*UNWEIGHED, cases.c.guild_id == guild_id).order_by(cases.c.id).limit(limit)
        async with self._db.read() as connection:
            return await load_cases(connection, self._db.key, query)

    async def guilds_waiting(self, *, since: datetime) -> list[int]:
        """Guilds with flagged cases that wait without a card, from then on."""
        return await self._guilds(*WAITS, cases.c.opened_why == "flagged", cases.c.queued_at > since)

    async def asked_for(self, *, case_id: int | None = None) -> list[tuple[int, int]]:
        """Guild and id of the cases that wait in the queue although somebody waits for an answer: a message on the card
        was reported, a second opinion is asked for, an appeal is open. With `case_id` of that case alone, whether it
        was put in the queue or not.
        """
        shared = cases.alias("shared")
        same_card = (shared.c.id == cases.c.id) | (shared.c.lead_id == cases.c.id)
        reported = sa.select(reports.c.id).join(shared, shared.c.id == reports.c.case_id).where(same_card).exists()
        appealed = sa.select(appeals.c.id).where(appeals.c.case_id == cases.c.id, appeals.c.state == "open").exists()
        asked = reported | appealed | cases.c.second_opinion_by.is_not(None)
        which = (*WAITS, self._db.mine(cases.c.guild_id)) if case_id is None else (cases.c.id == case_id,)
        query = sa.select(cases.c.guild_id, cases.c.id).where(*which, asked).order_by(cases.c.id)
        async with self._db.read() as connection:
            return [(row.guild_id, row.id) for row in await connection.execute(query)]

    async def waiting(self, guild_id: int) -> int:
        """How many open cases of the guild wait without a card."""
        query = sa.select(sa.func.count()).where(*WAITS, cases.c.guild_id == guild_id)
        async with self._db.read() as connection:
            return await connection.scalar(query) or 0

    async def counts(self, *, guild_id: int, opened_before: datetime) -> QueueCounts:
        """What is open, cases about staff left out; overdue is what was opened before then."""
        columns = [cases.c[name] for name in ("id", "channel_id", "jump_url", "opened_why", "opened_at", "reasons")]
        query = sa.select(*columns, cases.c.queued_at).where(*OPEN, FOR_ALL, cases.c.guild_id == guild_id)
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(cases.c.opened_at, cases.c.id))).all()
        each = [(row, _waiting(row)) for row in found]
        late = [line for row, line in each if row.opened_at < opened_before]
        uncarded = [line for row, line in each if row.queued_at]
        return QueueCounts(
            total=len(found),
            by_why=_counted([row.opened_why for row in found]),
            by_label=_counted([line.what for row, line in each if row.reasons]),
            uncarded=_counted([line.what for line in uncarded]),
            overdue=len(late),
            oldest=found[0].opened_at if found else None,
            highest=tuple(nlargest(SHOWN, uncarded, key=lambda line: line.score or 0.0)),
            longest=tuple(late[:SHOWN]),
        )

    async def flagged_cards(self, *, guild_id: int, edges: Sequence[datetime]) -> tuple[int, ...]:
        """How many cards' worth of flagged messages came up from each edge to before the next one."""
        first = (cases.c.guild_id == guild_id, cases.c.opened_why == "flagged", cases.c.lead_id.is_(None))
        spans = [
            sa.func.count(sa.case(((cases.c.opened_at >= begin) & (cases.c.opened_at < end), 1)))
            for begin, end in pairwise(edges)
        ]
        query = sa.select(*spans).where(*first, cases.c.opened_at >= edges[0], cases.c.opened_at < edges[-1])
        async with self._db.read() as connection:
            return tuple((await connection.execute(query)).one())

    async def last_digests(self) -> list[tuple[int, datetime | None]]:
        """Guilds with open cases, each with the time of its last digest."""
        query = sa.select(guilds.c.guild_id, guilds.c.digested_at).order_by(guilds.c.guild_id)
        some = sa.select(cases.c.id).where(cases.c.guild_id == guilds.c.guild_id, *OPEN, FOR_ALL).exists()
        async with self._db.read() as connection:
            found = await connection.execute(query.where(some, self._db.mine(guilds.c.guild_id)))
            return [(row.guild_id, row.digested_at) for row in found]

    async def set_digested(self, *, guild_id: int, at: datetime) -> None:
        """The guild got its digest."""
        async with self._db.begin() as connection:
            await connection.execute(guilds.update().where(guilds.c.guild_id == guild_id).values(digested_at=at))

    async def _guilds(self, *where: sa.ColumnElement[bool]) -> list[int]:
        mine = (*where, self._db.mine(cases.c.guild_id))
        query = sa.select(cases.c.guild_id).where(*mine).distinct().order_by(cases.c.guild_id)
        async with self._db.read() as connection:
            return list((await connection.scalars(query)).all())


def _waiting(row: sa.Row[Any]) -> Waiting:
    reasons = _reasons(row.reasons)
    return Waiting(
        case_id=row.id,
        what=headline(reasons).label if reasons else row.opened_why,
        score=score_of(reasons) if reasons else None,
        channel_id=row.channel_id,
        jump_url=row.jump_url,
        opened_at=row.opened_at,
    )


def _counted(names: Sequence[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _reasons(stored: list[dict[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(**reason) for reason in stored)
