"""The tables of learning and of work, beside those of the pass (`tables.py`): what teaches, runs, who does what."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import Json, Key, UtcTime, metadata


def _key() -> sa.Column[int]:
    return sa.Column("id", Key, primary_key=True, autoincrement=True)


def _snowflake(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, index=index)


examples = sa.Table(
    "examples",
    metadata,
    _key(),
    _snowflake("guild_id"),
    sa.Column("source", sa.String(24), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("text_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("labels", Json, nullable=False),
    sa.Column("weight", sa.Float, nullable=False),
    _snowflake("made_by"),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("withdrawn_at", UtcTime),
    sa.UniqueConstraint("guild_id", "source", "text_hash"),
    comment="What people wrote or imported for learning. What was said on Discord is in cases and votes alone.",
)

permits = sa.Table(
    "permits",
    metadata,
    _key(),
    _snowflake("guild_id", index=True),
    sa.Column("reference", sa.String(500), nullable=False),
    sa.Column("scope", sa.String(500), nullable=False),
    _snowflake("recorded_by"),
    sa.Column("recorded_at", UtcTime, nullable=False),
    _snowflake("revoked_by", nullable=True),
    sa.Column("revoked_at", UtcTime),
    comment="Discord's express permission to train on messages, as an administrator recorded it.",
)

judge_decisions = sa.Table(
    "judge_decisions",
    metadata,
    sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("moderator_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision", sa.String(8), nullable=False),
    _snowflake("decided_by"),
    sa.Column("decided_at", UtcTime, nullable=False),
    comment="Whether verdicts that contradict everybody else's may teach: an administrator's word.",
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.String(64), primary_key=True),
    _snowflake("guild_id", nullable=True),
    _snowflake("asked_by", nullable=True),
    sa.Column("phase", sa.String(16), nullable=False, index=True),
    sa.Column("asked_at", UtcTime, nullable=False, index=True),
    sa.Column("ended_at", UtcTime),
    sa.Column("error", sa.String(500)),
    sa.Column("log", Json),
    sa.Column("result", Json),
    sa.Column("facts", Json),
    sa.Column("decision", sa.String(8)),
    _snowflake("decided_by", nullable=True),
    sa.Column("decided_at", UtcTime),
    sa.Column("report_channel_id", sa.BigInteger),
    sa.Column("report_message_id", sa.BigInteger),
    comment="Every training run: how it went, what the gate said, and what people decided.",
)

job_slots = sa.Table(
    "job_slots",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("slot", UtcTime, primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("outcome", sa.String(16)),
    sa.Column("detail", sa.String(500)),
    comment="One row a job and due time: whoever holds its lease works, and how it ended. No slot runs twice.",
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("name", sa.String(96), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
    comment="What one process does alone, such as posting a card; the row goes when it is done or runs out.",
)
