"""What goes by its age alone: names on old cases and in other tables, and cases that nobody ever closed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.store.blanking import ALL, BATCH, drop, drop_older
from bot.store.database import Database
from bot.store.privacy_kinds import SLOT_DAYS
from bot.store.tables import cases

NOBODY = 0


class ExpiryStore:
    """Every method works in small transactions and raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def close_left_open(self, *, before: datetime, at: datetime) -> int:
        """Close without a verdict what was opened before then and never decided, so that its text goes; how many."""
        old = sa.select(cases.c.id).where(cases.c.state == "open", cases.c.opened_at < before).limit(BATCH)
        close = cases.update().where(cases.c.id.in_(old)).values(state="closed", closed_at=at)
        return await self._in_batches(close)

    async def drop_names(self, *, before: datetime) -> int:
        """Of cases that closed before then keep what statistics count, and nothing that names anybody; how many."""
        old = (cases.c.state == "closed", cases.c.closed_at < before, cases.c.author_id != NOBODY)
        changed = 0
        while True:
            async with self._db.begin() as connection:
                chosen = sa.select(cases.c.id).where(*old).order_by(cases.c.id).limit(BATCH)
                ids = (await connection.scalars(chosen)).all()
                await drop(connection, ids, ALL)
            changed += len(ids)
            if len(ids) < BATCH:
                return changed

    async def drop_older(self, *, now: datetime, case_days: int) -> int:
        """Whatever else has an age; how many rows."""
        return await drop_older(self._db, now=now, days={"case_days": case_days, "slot_days": SLOT_DAYS})

    async def _in_batches(self, change: sa.Update) -> int:
        changed = 0
        while True:
            async with self._db.begin() as connection:
                number = (await connection.execute(change)).rowcount
            changed += number
            if number < BATCH:
                return changed
