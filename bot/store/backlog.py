"""How much waits in the database for the model and for moderators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.predictions import is_unscored
from bot.store.queue import OPEN
from bot.store.tables import cases


@dataclass(frozen=True, slots=True)
class Waiting:
    """`unscored` messages, open cases by why they were opened, and since when the oldest of them is open."""

    unscored: int
    cases: Mapping[str, int]
    oldest: datetime | None


class BacklogStore:
    """Only counts, of the servers of this process's shard."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def count(self, *, since: datetime) -> Waiting:
        """What waits now; of unscored messages those since then. Cases that share a card count once.

        Raises StoreUnavailable.
        """
        unscored = sa.select(sa.func.count()).where(*is_unscored(self._db, since=since))
        opened = sa.select(cases.c.opened_why, sa.func.count(), sa.func.min(cases.c.opened_at))
        opened = opened.where(*OPEN, self._db.mine(cases.c.guild_id)).group_by(cases.c.opened_why)
        async with self._db.read() as connection:
            number = await connection.scalar(unscored)
            rows = (await connection.execute(opened)).all()
        oldest = min((row[2] for row in rows), default=None)
        return Waiting(number or 0, {row[0]: row[1] for row in rows}, oldest)
