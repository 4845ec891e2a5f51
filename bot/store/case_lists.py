"""Lists of cases: the queue one by one, and pages for moderators. Only reads."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.cases import Case, CaseFilter
from bot.store.database import Database
from bot.store.loading import load_cases
from bot.store.queue import OPEN
from bot.store.tables import actions, appeals, cases, reports, votes


class CaseListStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def next_open(
        self, *, guild_id: int, which: CaseFilter, moderator_id: int, urgent: bool, after: int = 0
    ) -> Case | None:
        """The oldest open case with a card of its own, posted or not, that is newer than case `after`, among those that
        are `urgent` to that moderator or among the others.

        Urgent is what waits for another opinion, and what two models see differently, until the moderator has answered.
        """
        answered = sa.select(votes.c.id).where(votes.c.case_id == cases.c.id, votes.c.moderator_id == moderator_id)
        waits = cases.c.second_opinion_by.is_not(None) | cases.c.shadow_run.is_not(None)
        first = waits & ~answered.exists()
        query = sa.select(cases).where(*OPEN, *_where(guild_id, which), cases.c.id > after, first if urgent else ~first)
        async with self._db.read() as connection:
            found = await load_cases(connection, self._db.key, query.order_by(cases.c.id).limit(1))
        return found[0] if found else None

    async def page(self, *, guild_id: int, which: CaseFilter, offset: int, limit: int) -> list[Case]:
        """Newest first."""
        query = sa.select(cases).where(*_where(guild_id, which)).order_by(cases.c.id.desc())
        async with self._db.read() as connection:
            return await load_cases(connection, self._db.key, query.offset(offset).limit(limit))

    async def newest(self, *, guild_id: int, which: CaseFilter, undoable: bool, limit: int) -> list[Case]:
        """The newest with a card of their own; `undoable`: something was done on it, or on what shares its card."""
        where = [*_where(guild_id, which), cases.c.lead_id.is_(None)]
        if undoable:
            acted = cases.alias()
            same_card = (acted.c.id == cases.c.id) | (acted.c.lead_id == cases.c.id)
            done = sa.select(actions.c.id).join(acted, acted.c.id == actions.c.case_id)
            where.append(done.where(same_card, actions.c.state == "done").exists())
        query = sa.select(cases).where(*where).order_by(cases.c.id.desc()).limit(limit)
        async with self._db.read() as connection:
            return await load_cases(connection, self._db.key, query)

    async def count(self, *, guild_id: int, which: CaseFilter) -> int:
        """How many there are."""
        async with self._db.read() as connection:
            return await connection.scalar(sa.select(sa.func.count()).where(*_where(guild_id, which))) or 0


def _seen_by(admin_id: int | None) -> sa.ColumnElement[bool]:
    """Cases about staff are for administrators, and not for the one whom they are about."""
    others = cases.c.opened_why != "staff"
    return others if admin_id is None else others | (cases.c.author_id != admin_id)


def _where(guild_id: int, which: CaseFilter) -> list[sa.ColumnElement[bool]]:
    where = [cases.c.guild_id == guild_id, _seen_by(which.admin_id)]
    if which.state is not None:
        where.append(cases.c.state == which.state)
    if which.author_id is not None:
        where.append(cases.c.author_id == which.author_id)
    if which.label is not None:
        # Both databases keep JSON as it was written.
        where.append(sa.cast(cases.c.reasons, sa.Text).contains(f'"label": "{which.label}"', autoescape=True))
    match which.why:
        case None:
            pass
        case "second_opinion":
            where.append(cases.c.second_opinion_by.is_not(None))
        case "appeal":
            where.append(sa.select(appeals.c.id).where(appeals.c.case_id == cases.c.id).exists())
        case "reported":
            reported = sa.select(reports.c.id).where(reports.c.case_id == cases.c.id).exists()
            where.append((cases.c.opened_why == "reported") | reported)
        case _:
            where.append(cases.c.opened_why == which.why)
    return where
