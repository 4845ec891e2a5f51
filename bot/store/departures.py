"""Servers that the bot was removed from, and the wipe of everything that is stored of one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.blanking import BATCH, among
from bot.store.database import Database
from bot.store.learning_tables import examples, job_slots
from bot.store.lessons import WRITTEN_IDS
from bot.store.privacy import BY_TABLE
from bot.store.privacy_kinds import Table
from bot.store.privacy_tables import departures
from bot.store.tables import cases, guilds, metadata, sentiment_hours, votes


class DepartureStore:
    """Every method works in small transactions and raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        """Note that the bot is no longer there; an earlier note stays."""
        async with self._db.begin() as connection:
            for guild_id in guild_ids:
                insert = self._db.insert(departures).values(guild_id=guild_id, left_at=at)
                await connection.execute(insert.on_conflict_do_nothing())

    async def back(self, guild_ids: Collection[int]) -> None:
        """The bot is there again: everything stays."""
        async with self._db.begin() as connection:
            await connection.execute(departures.delete().where(departures.c.guild_id.in_(guild_ids)))

    async def known(self) -> set[int]:
        """Every server of which something is stored for long."""
        kept = (table.c.guild_id for table in (guilds, cases, sentiment_hours))
        async with self._db.read() as connection:
            return set(await connection.scalars(sa.union(*(sa.select(each).distinct() for each in kept))))

    async def noted(self) -> dict[int, datetime]:
        """The servers that were left, and since when."""
        async with self._db.read() as connection:
            rows = await connection.execute(sa.select(departures))
            return {row.guild_id: row.left_at for row in rows}

    async def taught(self, guild_id: int) -> list[int]:
        """What a model may have learned of the server: judged cases and written examples, by the ids of examples."""
        judged = sa.select(votes.c.case_id).join(cases, cases.c.id == votes.c.case_id)
        written = sa.select(examples.c.id).where(examples.c.guild_id == guild_id)
        async with self._db.read() as connection:
            ids = set(await connection.scalars(judged.where(cases.c.guild_id == guild_id).distinct()))
            return sorted(ids | {WRITTEN_IDS + number for number in await connection.scalars(written)})

    async def wipe(self, guild_id: int) -> int:
        """Delete everything that is stored of the server, what hangs on other rows first; how many rows.

        The note that it was left goes last, so that a wipe which was cut short goes on with the next.
        """
        order = [BY_TABLE[table.name] for table in reversed(metadata.sorted_tables)]
        rows = [row for row in order if row.guild is not None and row.table is not departures]
        wiped = 0
        for row in (*rows, BY_TABLE[departures.name]):
            wiped += await self._wipe(row, guild_id)
        async with self._db.begin() as connection:
            own = job_slots.delete().where(job_slots.c.name.like(f"%:{guild_id}"))
            wiped += (await connection.execute(own)).rowcount
        return wiped

    async def _wipe(self, row: Table, guild_id: int) -> int:
        """Walk once over the table by its keys: a table that is mostly other servers' is not searched anew a batch."""
        table = row.table
        keys = list(table.primary_key.columns)
        first = sa.select(*keys).where(_of_guild(row, guild_id)).order_by(*keys).limit(BATCH)
        wiped, query = 0, first
        while True:
            async with self._db.begin() as connection:
                found = (await connection.execute(query)).all()
                if found:
                    await connection.execute(table.delete().where(among(table, found)))
            wiped += len(found)
            if len(found) < BATCH:
                return wiped
            query = first.where(keys[0] >= found[-1][0])


def _of_guild(row: Table, guild_id: int) -> sa.ColumnElement[bool]:
    table = row.table
    match row.guild:
        case "case":
            return table.c[row.case or "id"].in_(sa.select(cases.c.id).where(cases.c.guild_id == guild_id))
        case "vote":
            mine = sa.select(votes.c.id).join(cases, cases.c.id == votes.c.case_id)
            return table.c.vote_id.in_(mine.where(cases.c.guild_id == guild_id))
        case column:
            return table.c[column or "guild_id"] == guild_id
