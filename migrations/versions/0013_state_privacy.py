"""State privacy: who wants to be forgotten or opted out, and which servers the bot was removed from.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables and the column; so far nobody has asked."""
    op.create_table(
        "opt_outs",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("opted_out_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name="pk_opt_outs"),
        comment="Members of whom nothing is kept beyond the decision; they are moderated like everybody else.",
    )
    op.create_table(
        "departures",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("left_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_departures"),
        comment="Servers that the bot was removed from; what is stored of them goes after the grace period.",
    )
    op.add_column("cases", sa.Column("forgotten_at", TIME, nullable=True))


def downgrade() -> None:
    """Drop them: who opted out and who asked to be forgotten is lost, and a server that was left is found anew."""
    op.drop_column("cases", "forgotten_at")
    op.drop_table("departures")
    op.drop_table("opt_outs")
