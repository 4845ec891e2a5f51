"""Whose work is whose, where several bot processes share the database; and each action of the bot's own is there once.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
OWN = sa.text("done_by IS NULL AND state <> 'undone'")


def upgrade() -> None:
    """Nothing is locked for long: new columns are empty or have a constant, and there are few actions."""
    op.create_table(
        "claims",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_claims"),
        comment="What one process does alone, such as posting a card; the row goes when it is done or runs out.",
    )
    op.create_index("ix_claims_expires_at", "claims", ["expires_at"])
    op.add_column("actions", sa.Column("holder", sa.String(length=64), nullable=True))
    op.add_column("actions", sa.Column("held_until", TIME, nullable=True))
    op.add_column("cases", sa.Column("card_number", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "uq_actions_message_id_revision_kind",
        "actions",
        ["message_id", "revision", "kind"],
        unique=True,
        sqlite_where=OWN,
        postgresql_where=OWN,
    )


def downgrade() -> None:
    """What was claimed is anybody's again."""
    op.drop_index("uq_actions_message_id_revision_kind", "actions")
    with op.batch_alter_table("cases") as table:
        table.drop_column("card_number")
    with op.batch_alter_table("actions") as table:
        table.drop_column("held_until")
        table.drop_column("holder")
    op.drop_table("claims")
