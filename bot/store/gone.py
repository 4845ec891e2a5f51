"""Cases whose messages somebody else deleted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.core.cases import Case
from bot.store.database import Database
from bot.store.loading import load_cases
from bot.store.tables import actions, cases

BATCH = 100
"""Messages asked for at once; Discord deletes at most 100 in bulk."""

DELETES = (actions.c.kind == "delete", actions.c.state.in_(("pending", "done")))
DELETED_BY_US = sa.select(actions.c.id).where(actions.c.case_id == cases.c.id, *DELETES).exists()
"""That a case's own deletion is under way or done."""


class GoneStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def mark(self, *, guild_id: int, message_ids: Collection[int], at: datetime) -> list[Case]:
        """Note on the cases of these messages that the messages are gone; those noted now, as they are then.

        A case whose own deletion is under way or done is left out: that deletion says it better.
        """
        found: list[Case] = []
        wanted = sorted(message_ids)
        for start in range(0, len(wanted), BATCH):
            found += await self._mark(guild_id, wanted[start : start + BATCH], at)
        return found

    async def _mark(self, guild_id: int, message_ids: Collection[int], at: datetime) -> list[Case]:
        due = (cases.c.guild_id == guild_id, cases.c.subject == "message", cases.c.gone_at.is_(None), ~DELETED_BY_US)
        standing = sa.select(cases.c.id).where(cases.c.message_id.in_(message_ids), *due)
        async with self._db.read() as connection:
            # Most messages that are deleted have no case, and reading holds up no writer.
            ids = (await connection.scalars(standing)).all()
        if not ids:
            return []
        mark = cases.update().where(cases.c.id.in_(ids), *due).values(gone_at=at).returning(cases.c.id)
        async with self._db.begin() as connection:
            marked = (await connection.scalars(mark)).all()
            query = sa.select(cases).where(cases.c.id.in_(marked)).order_by(cases.c.id)
            return await load_cases(connection, self._db.key, query)

    async def deleted_by_us(self, *, message_ids: Collection[int]) -> bool:
        """Whether a case on one of these messages, perhaps of another revision, deletes or deleted it."""
        query = sa.select(actions.c.id).where(actions.c.message_id.in_(message_ids), *DELETES)
        async with self._db.read() as connection:
            return await connection.scalar(query.limit(1)) is not None
