"""How many words of a message the model did not know, a share: for drift, beside the scores.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was scored before has none."""
    with op.batch_alter_table("predictions") as table:
        table.add_column(sa.Column("unknown_words", sa.Float, nullable=True))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("predictions") as table:
        table.drop_column("unknown_words")
