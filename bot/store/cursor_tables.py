"""The tables of what is decided by channel, beside those of the pass (`tables.py`)."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.learning_tables import metadata
from bot.store.tables import UtcTime

channel_cursors = sa.Table(
    "channel_cursors",
    metadata,
    sa.Column("channel_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("guild_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("decided_through", sa.BigInteger, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    comment="By channel and thread: this message and all before it are decided. No text, no author.",
)

guild_sightings = sa.Table(
    "guild_sightings",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("whole_since", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    comment="When each guild's messages last arrived, and since when none was missed.",
)
