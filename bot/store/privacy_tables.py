"""The tables of the privacy commands: who chose that nothing is kept beyond the decision, which servers are left."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.cursor_tables import metadata
from bot.store.tables import UtcTime

opt_outs = sa.Table(
    "opt_outs",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("member_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("opted_out_at", UtcTime, nullable=False),
    comment="Members of whom nothing is kept beyond the decision; they are moderated like everybody else.",
)

departures = sa.Table(
    "departures",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("left_at", UtcTime, nullable=False),
    comment="Servers that the bot was removed from; what is stored of them goes after the grace period.",
)
