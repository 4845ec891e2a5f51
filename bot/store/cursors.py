"""Up to which message each channel is decided, and when each guild's messages last arrived."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.cursor_tables import channel_cursors, guild_sightings
from bot.store.database import Database
from bot.store.tables import UtcTime

KEPT = timedelta(days=30)
"""A channel in which nobody wrote for so long needs no cursor: what is written there is newer than its guild's."""

WRONG_AHEAD = timedelta(hours=1)
"""A sighting that is so far ahead was written while the clock was wrong."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Of what was written in the guild between `whole_since` and `seen_at`, nothing was missed."""

    guild_id: int
    whole_since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """The channel's message `message_id` and all before it are decided."""

    guild_id: int
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored: the decided message by channel, the sighting by guild."""

    cursors: Mapping[int, int]
    sightings: Mapping[int, Sighting]


class CursorStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        insert = db.insert(channel_cursors)
        self._move = insert.on_conflict_do_update(
            index_elements=["channel_id"],
            set_={name: insert.excluded[name] for name in ("guild_id", "decided_through", "updated_at")},
            where=channel_cursors.c.decided_through < insert.excluded.decided_through,
        )
        insert = db.insert(guild_sightings)
        self._see = insert.on_conflict_do_update(
            index_elements=["guild_id"],
            set_={name: insert.excluded[name] for name in ("whole_since", "seen_at")},
            where=(guild_sightings.c.seen_at < insert.excluded.seen_at)
            | (guild_sightings.c.seen_at > sa.bindparam("wrong_from", type_=UtcTime)),
        )

    async def load(self, guild_ids: Collection[int]) -> Known:
        """What is stored of these guilds."""
        guilds = list(guild_ids)
        cursors = sa.select(channel_cursors.c.channel_id, channel_cursors.c.decided_through).where(
            channel_cursors.c.guild_id.in_(guilds)
        )
        seen = sa.select(guild_sightings).where(guild_sightings.c.guild_id.in_(guilds))
        async with self._db.read() as connection:
            found = {row.channel_id: row.decided_through for row in await connection.execute(cursors)}
            rows = (await connection.execute(seen)).all()
        return Known(found, {row.guild_id: Sighting(row.guild_id, row.whole_since, row.seen_at) for row in rows})

    async def save(self, cursors: Sequence[Cursor], sightings: Sequence[Sighting], *, at: datetime) -> None:
        """Move the cursors, never back, and write down the sightings, in one transaction."""
        moved = [
            {
                "channel_id": cursor.channel_id,
                "guild_id": cursor.guild_id,
                "decided_through": cursor.message_id,
                "updated_at": at,
            }
            for cursor in sorted(cursors, key=lambda cursor: cursor.channel_id)
        ]
        seen = [
            {
                "guild_id": each.guild_id,
                "whole_since": each.whole_since,
                "seen_at": each.seen_at,
                "wrong_from": at + WRONG_AHEAD,
            }
            for each in sorted(sightings, key=lambda each: each.guild_id)
        ]
        async with self._db.begin() as connection:
            if moved:
                await connection.execute(self._move, moved)
            if seen:
                await connection.execute(self._see, seen)

    async def drop_untouched(self, *, now: datetime) -> int:
        """Forget the cursors that have not moved for `KEPT`; how many."""
        old = channel_cursors.delete().where(channel_cursors.c.updated_at < now - KEPT)
        async with self._db.begin() as connection:
            return (await connection.execute(old)).rowcount
