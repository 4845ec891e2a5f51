"""Keep notes: what moderators write down about a case, and who asked for a second opinion on it.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table and add the column."""
    op.create_table(
        "notes",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_notes_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("case_id", "moderator_id", "text_hash", name="uq_notes_case_id_moderator_id_text_hash"),
        comment="What moderators wrote about a case; goes when the case's own text goes.",
    )
    with op.batch_alter_table("notes") as notes:
        notes.create_index("ix_notes_case_id", ["case_id"], unique=False)
    op.add_column("cases", sa.Column("second_opinion_by", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop both and all that is in them."""
    # Not in batch mode: on SQLite that makes the table anew, and what hangs on the old one goes with it.
    op.drop_column("cases", "second_opinion_by")
    op.drop_table("notes")
