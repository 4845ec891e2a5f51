"""What one process does alone for a moment: a row a thing, which its holder removes, or which runs out.

Whose clock says when, `Database.moment` knows: processes on several hosts need not agree on the time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.learning_tables import claims

Taken = Literal["new", "abandoned"]


class ClaimStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def take(self, name: str, *, now: datetime, span: timedelta) -> Taken | None:
        """The claim, `abandoned` where whoever had it never gave it back, as after a crash; None where another process
        has it. This process may take its own once more.
        """
        this = claims.c.name == name
        values = {"holder": self._db.holder, "expires_at": self._db.moment(now, later=span)}
        new = self._db.insert(claims).values(name=name, **values).on_conflict_do_nothing().returning(claims.c.name)
        over = claims.c.expires_at <= self._db.moment(now)
        # Nobody takes it for so long: the clock was wrong then, and has been set back since.
        wrong = claims.c.expires_at > self._db.moment(now, later=2 * span)
        free = over | wrong | (claims.c.holder == self._db.holder)
        async with self._db.begin() as connection:
            if await connection.scalar(new) is not None:
                return "new"
            left = claims.update().where(this, free).values(**values).returning(claims.c.name)
            return "abandoned" if await connection.scalar(left) is not None else None

    async def prolong(self, name: str, *, now: datetime, span: timedelta) -> bool:
        """The heartbeat; False where the claim was lost."""
        until = self._db.moment(now, later=span)
        held = claims.update().where(*self._own(name)).values(expires_at=until).returning(claims.c.name)
        async with self._db.begin() as connection:
            return await connection.scalar(held) is not None

    async def release(self, name: str) -> None:
        """Give it back."""
        async with self._db.begin() as connection:
            await connection.execute(claims.delete().where(*self._own(name)))

    async def forget(self, *, before: datetime) -> int:
        """Drop claims that ran out before then; how many."""
        async with self._db.begin() as connection:
            return (await connection.execute(claims.delete().where(claims.c.expires_at < before))).rowcount

    def _own(self, name: str) -> tuple[sa.ColumnElement[bool], ...]:
        return claims.c.name == name, claims.c.holder == self._db.holder
