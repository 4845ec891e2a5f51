"""Learn from verdicts: examples that people wrote, permissions, runs, and one row a job and due time.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "examples",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(24), nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("text_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("made_by", sa.BigInteger, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("withdrawn_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_examples"),
        sa.UniqueConstraint("guild_id", "source", "text_hash", name="uq_examples_guild_id_source_text_hash"),
        comment="What people wrote or imported for learning. What was said on Discord is in cases and votes alone.",
    )
    op.create_table(
        "permits",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("reference", sa.String(500), nullable=False),
        sa.Column("scope", sa.String(500), nullable=False),
        sa.Column("recorded_by", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sa.Column("revoked_by", sa.BigInteger, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_permits"),
        comment="Discord's express permission to train on messages, as an administrator recorded it.",
    )
    op.create_index("ix_permits_guild_id", "permits", ["guild_id"])
    op.create_table(
        "judge_decisions",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("moderator_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("decision", sa.String(8), nullable=False),
        sa.Column("decided_by", sa.BigInteger, nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "moderator_id", name="pk_judge_decisions"),
        comment="Whether verdicts that contradict everybody else's may teach: an administrator's word.",
    )
    _create_runs()


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=True),
        sa.Column("asked_by", sa.BigInteger, nullable=True),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("error", sa.String(500), nullable=True),
        sa.Column("log", sa.JSON, nullable=True),
        sa.Column("result", sa.JSON, nullable=True),
        sa.Column("facts", sa.JSON, nullable=True),
        sa.Column("decision", sa.String(8), nullable=True),
        sa.Column("decided_by", sa.BigInteger, nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("report_channel_id", sa.BigInteger, nullable=True),
        sa.Column("report_message_id", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
        comment="Every training run: how it went, what the gate said, and what people decided.",
    )
    op.create_index("ix_runs_phase", "runs", ["phase"])
    op.create_index("ix_runs_asked_at", "runs", ["asked_at"])
    op.create_table(
        "job_slots",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("slot", TIME, nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("detail", sa.String(500), nullable=True),
        sa.PrimaryKeyConstraint("name", "slot", name="pk_job_slots"),
        comment="One row a job and due time: whoever holds its lease works, and how it ended. No slot runs twice.",
    )


def downgrade() -> None:
    """Drop the tables; what was written for learning and the history of runs are lost."""
    for table in ("job_slots", "runs", "judge_decisions", "permits", "examples"):
        op.drop_table(table)
