"""Budget cards: when a case was given its card or put in the queue without one, and when a guild got its digest.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what has a card already was given it when its case was opened."""
    op.add_column("cases", sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("guilds", sa.Column("digested_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE cases SET admitted_at = opened_at WHERE card_message_id IS NOT NULL")


def downgrade() -> None:
    """Drop the columns; what waits in the queue is posted then."""
    op.drop_column("guilds", "digested_at")
    op.drop_column("cases", "queued_at")
    op.drop_column("cases", "admitted_at")
