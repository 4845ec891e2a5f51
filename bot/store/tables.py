"""The tables in the order of the pass. Times are UTC; snowflakes are 64-bit; member text is only ever in `payload`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A time with its zone on both databases; SQLite alone would give it back without."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: in UTC. A time without a zone is a bug of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column of type INTEGER."""


Json = sa.JSON(none_as_null=True)
"""None is SQL's NULL here, not the JSON value null, so that "is null" finds it."""


def _key() -> sa.Column[Any]:
    return sa.Column("id", Key, primary_key=True, autoincrement=True)


def _snowflake(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=options.pop("nullable", False), **options)


def _case_id() -> sa.Column[Any]:
    return sa.Column("case_id", Key, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True)


guilds = sa.Table(
    "guilds",
    metadata,
    _snowflake("guild_id", primary_key=True, autoincrement=False),
    sa.Column("rules", Json, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False, server_default=sa.func.now()),
    sa.Column("updated_at", UtcTime, nullable=False, server_default=sa.func.now()),
    sa.Column("digested_at", UtcTime),
)

setting_changes = sa.Table(
    "setting_changes",
    metadata,
    _key(),
    _snowflake("guild_id", index=True),
    _snowflake("changed_by", nullable=True),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.Column("setting", sa.String(64), nullable=False),
    sa.Column("old", Json),
    sa.Column("new", Json),
)

predictions = sa.Table(
    "predictions",
    metadata,
    _key(),
    _snowflake("guild_id"),
    _snowflake("channel_id"),
    _snowflake("message_id"),
    _snowflake("revision"),
    sa.Column("created_at", UtcTime, nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("why", sa.String(64)),
    sa.Column("scores", Json),
    sa.Column("reading", sa.String(32)),
    sa.Column("model_version", sa.Text),
    sa.Column("unknown_words", sa.Float),
    sa.UniqueConstraint("message_id", "revision"),
    sa.Index("ix_predictions_state_created_at", "state", "created_at"),
    comment="No author and no text: members are not profiled. Dropped after CANDOR_PREDICTION_DAYS.",
)

sentiment_hours = sa.Table(
    "sentiment_hours",
    metadata,
    _snowflake("guild_id", primary_key=True, autoincrement=False),
    _snowflake("channel_id", primary_key=True, autoincrement=False),
    sa.Column("hour", UtcTime, primary_key=True),
    sa.Column("messages", sa.Integer, nullable=False),
    *(sa.Column(f"star{number}", sa.Float, nullable=False) for number in range(1, 6)),
    comment="Sums over a channel's hour, so that no message and no member shows.",
)

cases = sa.Table(
    "cases",
    metadata,
    _key(),
    _snowflake("guild_id"),
    _snowflake("channel_id"),
    _snowflake("message_id"),
    _snowflake("revision"),
    _snowflake("author_id"),
    sa.Column("author_joined_at", UtcTime),
    sa.Column("opened_why", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("text_hash", sa.LargeBinary(32)),
    sa.Column("text_expires_at", UtcTime, nullable=False, index=True),
    sa.Column("jump_url", sa.String(256), nullable=False),
    sa.Column("posted_at", UtcTime, nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("scores", Json),
    sa.Column("sentiment", Json),
    sa.Column("reading", sa.String(32)),
    sa.Column("model_version", sa.Text),
    sa.Column("forwarded", sa.Boolean, nullable=False),
    sa.Column("withheld_why", sa.String(256)),
    sa.Column("withheld", Json, nullable=False),
    sa.Column("ping", sa.Boolean, nullable=False),
    sa.Column("pinged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("inclusion_probability", sa.Float, nullable=False),
    sa.Column("card_channel_id", sa.BigInteger),
    sa.Column("card_message_id", sa.BigInteger),
    sa.Column("card_scrubbed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("lead_id", Key, sa.ForeignKey("cases.id", ondelete="SET NULL"), index=True),
    _snowflake("second_opinion_by", nullable=True),
    sa.Column("admitted_at", UtcTime),
    sa.Column("queued_at", UtcTime),
    sa.Column("gone_at", UtcTime),
    sa.Column("forgotten_at", UtcTime),
    sa.Column("subject", sa.String(16), nullable=False, server_default="message"),
    sa.Column("flagged_only_by", sa.String(16)),
    sa.Column("shadow_run", sa.String(64), index=True),
    sa.Column("card_number", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("message_id", "revision"),
    sa.Index("ix_cases_guild_id_opened_at", "guild_id", "opened_at"),
    sa.Index("ix_cases_guild_id_text_hash", "guild_id", "text_hash"),
)

actions = sa.Table(
    "actions",
    metadata,
    _key(),
    _case_id(),
    _snowflake("message_id"),
    _snowflake("revision"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("seconds", sa.Integer),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("detail", sa.String(512)),
    _snowflake("done_by", nullable=True),
    sa.Column("planned_at", UtcTime, nullable=False, index=True),
    sa.Column("settled_at", UtcTime),
    sa.Column("holder", sa.String(64)),
    sa.Column("held_until", UtcTime),
    # Every action stays on record; only what is under way is there once.
    sa.Index(
        "uq_actions_case_id_kind",
        "case_id",
        "kind",
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
    # What the bot did by itself it does once, whatever came of it; what people do or take back they may do again.
    sa.Index(
        "uq_actions_message_id_revision_kind",
        "message_id",
        "revision",
        "kind",
        unique=True,
        sqlite_where=sa.text("done_by IS NULL AND state <> 'undone'"),
        postgresql_where=sa.text("done_by IS NULL AND state <> 'undone'"),
    ),
    sa.Index("ix_actions_message_id", "message_id"),
)

reports = sa.Table(
    "reports",
    metadata,
    _key(),
    _case_id(),
    _snowflake("guild_id"),
    _snowflake("reporter_id"),
    sa.Column("reason", sa.LargeBinary),
    sa.Column("reported_at", UtcTime, nullable=False),
    sa.UniqueConstraint("case_id", "reporter_id"),
    sa.Index("ix_reports_guild_id_reporter_id_reported_at", "guild_id", "reporter_id", "reported_at"),
)

notes = sa.Table(
    "notes",
    metadata,
    _key(),
    _case_id(),
    _snowflake("moderator_id"),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("text_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("noted_at", UtcTime, nullable=False),
    sa.UniqueConstraint("case_id", "moderator_id", "text_hash"),
    comment="What moderators wrote about a case; goes when the case's own text goes.",
)

appeals = sa.Table(
    "appeals",
    metadata,
    _key(),
    sa.Column("case_id", Key, sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, unique=True),
    _snowflake("guild_id"),
    _snowflake("member_id"),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("appealed_at", UtcTime, nullable=False),
    _snowflake("decided_by", nullable=True),
    sa.Column("decided_at", UtcTime),
    sa.Index("ix_appeals_guild_id_member_id_decided_at", "guild_id", "member_id", "decided_at"),
    comment="What the member wrote goes when the case's own text goes.",
)

votes = sa.Table(
    "votes",
    metadata,
    _key(),
    _case_id(),
    _snowflake("moderator_id"),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("voted_at", UtcTime, nullable=False),
    sa.UniqueConstraint("case_id", "moderator_id"),
)

vote_labels = sa.Table(
    "vote_labels",
    metadata,
    sa.Column("vote_id", Key, sa.ForeignKey("votes.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("label", sa.String(64), primary_key=True),
    sa.Column("answer", sa.String(16), nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("model_version", sa.Text),
)

audit_batches = sa.Table(
    "audit_batches",
    metadata,
    _key(),
    _snowflake("guild_id", index=True),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    _snowflake("answered_by", nullable=True),
    sa.Column("closed_at", UtcTime),
    sa.Column("card_channel_id", sa.BigInteger),
    sa.Column("card_message_id", sa.BigInteger),
    sa.Column("card_scrubbed", sa.Boolean, nullable=False, server_default=sa.false()),
)

audit_draws = sa.Table(
    "audit_draws",
    metadata,
    _key(),
    _snowflake("guild_id"),
    _snowflake("channel_id"),
    _snowflake("message_id"),
    _snowflake("revision"),
    sa.Column("drawn_at", UtcTime, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("flag_limit", sa.Float, nullable=False),
    sa.Column("inclusion_probability", sa.Float, nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("text_expires_at", UtcTime, nullable=False, index=True),
    sa.Column("batch_id", Key, sa.ForeignKey("audit_batches.id", ondelete="SET NULL"), index=True),
    sa.Column("case_id", Key, sa.ForeignKey("cases.id", ondelete="SET NULL"), index=True),
    sa.UniqueConstraint("message_id", "revision"),
    sa.Index("ix_audit_draws_guild_id_drawn_at", "guild_id", "drawn_at"),
    comment="Who wrote it stands in the payload alone, which goes with the answer or with its time.",
)
