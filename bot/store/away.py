"""The cases that matter when the bot comes back: those whose messages may have changed, and those that it found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.core.away import SHOWN, Urgent, late, written_at
from bot.core.policy import CARE_WHY
from bot.store.audits import WAITS
from bot.store.database import Database
from bot.store.gone import DELETED_BY_US
from bot.store.tables import audit_draws, cases

STANDING = (cases.c.subject == "message", cases.c.gone_at.is_(None))


@dataclass(frozen=True, slots=True)
class FoundCases:
    """Cases on what was written in a time: how many, and those found too late to call people, the first of `late`."""

    number: int
    urgent: tuple[Urgent, ...]
    late: int


class AwayStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def standing(self, *, channel_id: int, low: int, high: int) -> list[int]:
        """Messages with a case, from id `low` up to but without `high`, that are not known to be gone."""
        span = (cases.c.channel_id == channel_id, cases.c.message_id >= low, cases.c.message_id < high)
        query = sa.select(cases.c.message_id).where(*span, *STANDING).distinct()
        async with self._db.read() as connection:
            return list(await connection.scalars(query))

    async def open_messages(self, *, guild_id: int, since: datetime, limit: int) -> list[tuple[int, int]]:
        """Channel and message of the open cases that were opened since then, the newest messages first."""
        query = (
            sa.select(cases.c.channel_id, cases.c.message_id)
            .where(cases.c.guild_id == guild_id, cases.c.state == "open", cases.c.opened_at >= since, *STANDING)
            .distinct()
            .order_by(cases.c.message_id.desc())
            .limit(limit)
        )
        async with self._db.read() as connection:
            return [(row.channel_id, row.message_id) for row in await connection.execute(query)]

    async def with_text(
        self, *, guild_id: int, limit: int, channel_ids: Collection[int] | None = None
    ) -> list[tuple[int, int]]:
        """Channel and message of what is not known to be gone and has its text stored here, the newest messages first:
        of cases, and of lines that wait to be checked; of `channel_ids` if given.
        """
        there = (cases.c.guild_id == guild_id, cases.c.payload.is_not(None), ~DELETED_BY_US, *STANDING)
        drawn = (audit_draws.c.guild_id == guild_id, *WAITS)
        if channel_ids is not None:
            there = (*there, cases.c.channel_id.in_(list(channel_ids)))
            drawn = (*drawn, audit_draws.c.channel_id.in_(list(channel_ids)))
        both = sa.union(
            sa.select(cases.c.channel_id, cases.c.message_id).where(*there),
            sa.select(audit_draws.c.channel_id, audit_draws.c.message_id).where(*drawn),
        )
        query = both.order_by(sa.desc("message_id")).limit(limit)
        async with self._db.read() as connection:
            return [(row.channel_id, row.message_id) for row in await connection.execute(query)]

    async def with_card(self, case_ids: Collection[int]) -> list[int]:
        """Those of the cases whose card is posted."""
        query = sa.select(cases.c.id).where(cases.c.id.in_(list(case_ids)), cases.c.card_message_id.is_not(None))
        async with self._db.read() as connection:
            return list(await connection.scalars(query))

    async def found(self, *, guild_id: int, since: datetime, until: datetime, minutes: int) -> FoundCases:
        """The cases on messages that were written, or edited last, in that time.

        Urgent are the threats and cries for help among them whose case came over `minutes` after that.
        """
        first, last = (int(each.timestamp() * 1000) for each in (since, until))
        posted = (cases.c.revision == 0) & cases.c.posted_at.between(since, until)
        edited = (cases.c.revision > 0) & cases.c.revision.between(first, last)
        written = (cases.c.guild_id == guild_id, cases.c.subject == "message", posted | edited)
        care = (cases.c.opened_why == "care") | (cases.c.withheld_why == CARE_WHY)
        columns = (cases.c.id, cases.c.ping, cases.c.jump_url, cases.c.opened_at, cases.c.posted_at, cases.c.revision)
        query = sa.select(*columns).where(*written, care | cases.c.ping).order_by(cases.c.id)
        async with self._db.read() as connection:
            number = await connection.scalar(sa.select(sa.func.count()).select_from(cases).where(*written))
            rows = (await connection.execute(query)).all()
        urgent = [
            Urgent(row.id, "threat" if row.ping else "care", row.jump_url)
            for row in rows
            if late(found=row.opened_at, written=written_at(row.revision, row.posted_at), minutes=minutes)
        ]
        return FoundCases(number or 0, tuple(urgent[:SHOWN]), len(urgent))
