"""Take appeals: what a member answers to what a case did to them, one a case.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "appeals",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("appealed_at", TIME, nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_appeals_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
        sa.UniqueConstraint("case_id", name="uq_appeals_case_id"),
        comment="What the member wrote goes when the case's own text goes.",
    )
    with op.batch_alter_table("appeals") as appeals:
        appeals.create_index("ix_appeals_guild_id_member_id_decided_at", ["guild_id", "member_id", "decided_at"])


def downgrade() -> None:
    """Drop the table and all that is in it."""
    op.drop_table("appeals")
