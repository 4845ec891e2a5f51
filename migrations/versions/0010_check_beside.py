"""Check beside: cases that only one of two models flags, and the training run whose model was tried then.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no earlier case was looked at by two models."""
    op.add_column("cases", sa.Column("flagged_only_by", sa.String(16), nullable=True))
    op.add_column("cases", sa.Column("shadow_run", sa.String(64), nullable=True))
    op.create_index("ix_cases_shadow_run", "cases", ["shadow_run"])


def downgrade() -> None:
    """Drop the columns; cases that only the new model flagged become audits, which is what earlier versions know."""
    op.drop_index("ix_cases_shadow_run", table_name="cases")
    op.drop_column("cases", "shadow_run")
    op.drop_column("cases", "flagged_only_by")
    op.execute(sa.text("UPDATE cases SET opened_why = 'audit' WHERE opened_why = 'challenger'"))
