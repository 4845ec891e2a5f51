"""Keep cursors: up to which message each channel is decided, and when each guild was last there.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables, empty: a guild that is seen for the first time starts at now."""
    op.create_table(
        "channel_cursors",
        sa.Column("channel_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("decided_through", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_channel_cursors"),
        comment="By channel and thread: this message and all before it are decided. No text, no author.",
    )
    op.create_index("ix_channel_cursors_guild_id", "channel_cursors", ["guild_id"])
    op.create_table(
        "guild_sightings",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("whole_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild_sightings"),
        comment="When each guild's messages last arrived, and since when none was missed.",
    )


def downgrade() -> None:
    """Drop both: the next version starts at now."""
    op.drop_table("guild_sightings")
    op.drop_index("ix_channel_cursors_guild_id", table_name="channel_cursors")
    op.drop_table("channel_cursors")
