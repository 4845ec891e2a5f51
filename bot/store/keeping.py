"""What may be kept of a text at all: the operator or a server may keep none, and a member may opt out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bot.core.cases import NewCase
from bot.store.database import Database
from bot.store.privacy_tables import opt_outs

Keeps = Callable[[int], Awaitable[bool]]
"""Whether a server keeps texts."""


async def _everywhere(guild_id: int) -> bool:
    return True


class Keeping:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database, *, keeps: Keeps = _everywhere) -> None:
        self._db = db
        self._keeps = keeps

    async def texts(self, guild_id: int) -> bool:
        """Whether texts of messages are kept on this server."""
        return await self._keeps(guild_id)

    async def fit(self, new: NewCase) -> NewCase:
        """The case as it may be stored: without its text, its author's name and what it answers where none is kept."""
        if await self._keeps(new.guild_id):
            return new
        return replace(new, unkept=True)

    async def draws(self, new: NewCase) -> bool:
        """Whether the message may wait to be checked: its text would be stored although nothing was decided."""
        return await self._keeps(new.guild_id) and await self.opted_out(new.guild_id, new.author_id) is None

    async def opted_out(self, guild_id: int, member_id: int) -> datetime | None:
        """Since when nothing of the member is kept beyond the decision; None for everybody else."""
        query = sa.select(opt_outs.c.opted_out_at).where(_choice(guild_id, member_id))
        async with self._db.read() as connection:
            return await connection.scalar(query)

    async def opt_out(self, guild_id: int, member_id: int, *, at: datetime) -> bool:
        """Write the choice down; False where it was made before."""
        insert = self._db.insert(opt_outs).values(guild_id=guild_id, member_id=member_id, opted_out_at=at)
        once = insert.on_conflict_do_nothing().returning(opt_outs.c.member_id)
        async with self._db.begin() as connection:
            return await connection.scalar(once) is not None

    async def opt_in(self, guild_id: int, member_id: int) -> bool:
        """Take the choice back; False where there was none."""
        async with self._db.begin() as connection:
            return (await connection.execute(opt_outs.delete().where(_choice(guild_id, member_id)))).rowcount > 0


def _choice(guild_id: int, member_id: int) -> sa.ColumnElement[bool]:
    return (opt_outs.c.guild_id == guild_id) & (opt_outs.c.member_id == member_id)
