"""Draw audits: unflagged messages that wait to be checked, and the batches in which they are.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "audit_batches",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("card_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("card_scrubbed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_batches"),
    )
    op.create_table(
        "audit_draws",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("drawn_at", TIME, nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("flag_limit", sa.Float(), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("text_expires_at", TIME, nullable=False),
        sa.Column("batch_id", KEY, nullable=True),
        sa.Column("case_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["audit_batches.id"], name="fk_audit_draws_batch_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_audit_draws_case_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_draws"),
        sa.UniqueConstraint("message_id", "revision", name="uq_audit_draws_message_id_revision"),
        comment="Who wrote it stands in the payload alone, which goes with the answer or with its time.",
    )
    with op.batch_alter_table("audit_batches") as batches:
        batches.create_index("ix_audit_batches_guild_id", ["guild_id"], unique=False)
    with op.batch_alter_table("audit_draws") as draws:
        for columns in (("batch_id",), ("case_id",), ("text_expires_at",), ("guild_id", "drawn_at")):
            draws.create_index(f"ix_audit_draws_{'_'.join(columns)}", list(columns), unique=False)


def downgrade() -> None:
    """Drop both tables and all that is in them."""
    op.drop_table("audit_draws")
    op.drop_table("audit_batches")
