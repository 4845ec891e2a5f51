"""Which appeals wait, and how those before them ended. Only reads, and nothing of what members wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.core.cases import CardRef
from bot.store.database import Database
from bot.store.tables import actions, appeals, cases


@dataclass(frozen=True, slots=True)
class OpenAppeal:
    """One that waits for moderators. `card`: where it can be decided, None where no card is posted."""

    case_id: int
    member_id: int
    appealed_at: datetime
    card: CardRef | None


@dataclass(frozen=True, slots=True)
class AppealCounts:
    """How many appeals were turned down and granted, how many members appealed, and to how many something was done."""

    upheld: int
    overturned: int
    appealed: int
    acted: int


class AppealListStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open_count(self, guild_id: int) -> int:
        """How many wait."""
        query = sa.select(sa.func.count()).where(appeals.c.guild_id == guild_id, appeals.c.state == "open")
        async with self._db.read() as connection:
            return await connection.scalar(query) or 0

    async def open_page(self, *, guild_id: int, offset: int, limit: int) -> list[OpenAppeal]:
        """Those that wait, the oldest first."""
        columns = (appeals.c.case_id, appeals.c.member_id, appeals.c.appealed_at)
        query = (
            sa.select(*columns, cases.c.card_channel_id, cases.c.card_message_id)
            .join(cases, cases.c.id == appeals.c.case_id)
            .where(appeals.c.guild_id == guild_id, appeals.c.state == "open")
            .order_by(appeals.c.appealed_at, appeals.c.id)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query.offset(offset).limit(limit))).all()
        return [
            OpenAppeal(
                case_id=row.case_id,
                member_id=row.member_id,
                appealed_at=row.appealed_at,
                card=CardRef(row.card_channel_id, row.card_message_id) if row.card_message_id else None,
            )
            for row in rows
        ]

    async def counts(self, *, guild_id: int, since: datetime) -> AppealCounts:
        """What happened since then; a member counts once, however often something was done or they appealed."""
        decided = sa.select(appeals.c.state, sa.func.count()).where(
            appeals.c.guild_id == guild_id, appeals.c.decided_at >= since
        )
        appealed = sa.select(sa.func.count(appeals.c.member_id.distinct())).where(
            appeals.c.guild_id == guild_id, appeals.c.appealed_at >= since
        )
        acted = (
            sa.select(sa.func.count(cases.c.author_id.distinct()))
            .join(actions, actions.c.case_id == cases.c.id)
            .where(
                cases.c.guild_id == guild_id,
                actions.c.planned_at >= since,
                actions.c.state.in_(("done", "undone")),
            )
        )
        async with self._db.read() as connection:
            rows = await connection.execute(decided.group_by(appeals.c.state))
            ended: dict[str, int] = {row[0]: row[1] for row in rows}
            members = await connection.scalar(appealed) or 0
            hit = await connection.scalar(acted) or 0
        return AppealCounts(ended.get("upheld", 0), ended.get("overturned", 0), members, hit)
