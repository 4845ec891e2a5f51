"""Create the tables of the pass.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create all tables. Over 50 lines because it is a list of them, and a migration is never edited again."""
    op.create_table(
        "cases",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_joined_at", TIME, nullable=True),
        sa.Column("opened_why", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("text_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("text_expires_at", TIME, nullable=False),
        sa.Column("jump_url", sa.String(length=256), nullable=False),
        sa.Column("posted_at", TIME, nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=True),
        sa.Column("sentiment", sa.JSON(), nullable=True),
        sa.Column("reading", sa.String(length=32), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("forwarded", sa.Boolean(), nullable=False),
        sa.Column("withheld_why", sa.String(length=256), nullable=True),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.Column("ping", sa.Boolean(), nullable=False),
        sa.Column("pinged", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("card_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("card_scrubbed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("lead_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["cases.id"], name="fk_cases_lead_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("message_id", "revision", name="uq_cases_message_id_revision"),
    )
    op.create_index("ix_cases_guild_id_opened_at", "cases", ["guild_id", "opened_at"], unique=False)
    op.create_index("ix_cases_guild_id_text_hash", "cases", ["guild_id", "text_hash"], unique=False)
    op.create_index("ix_cases_lead_id", "cases", ["lead_id"], unique=False)
    op.create_index("ix_cases_text_expires_at", "cases", ["text_expires_at"], unique=False)

    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guilds"),
    )
    op.create_table(
        "predictions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=True),
        sa.Column("scores", sa.JSON(), nullable=True),
        sa.Column("reading", sa.String(length=32), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint("message_id", "revision", name="uq_predictions_message_id_revision"),
        comment="No author and no text: members are not profiled. Dropped after CANDOR_PREDICTION_DAYS.",
    )
    op.create_index("ix_predictions_created_at", "predictions", ["created_at"], unique=False)
    op.create_index("ix_predictions_state_created_at", "predictions", ["state", "created_at"], unique=False)

    op.create_table(
        "sentiment_hours",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", TIME, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("star1", sa.Float(), nullable=False),
        sa.Column("star2", sa.Float(), nullable=False),
        sa.Column("star3", sa.Float(), nullable=False),
        sa.Column("star4", sa.Float(), nullable=False),
        sa.Column("star5", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", "hour", name="pk_sentiment_hours"),
        comment="Sums over a channel's hour, so that no message and no member shows.",
    )
    op.create_table(
        "setting_changes",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("setting", sa.String(length=64), nullable=False),
        sa.Column("old", sa.JSON(), nullable=True),
        sa.Column("new", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_setting_changes"),
    )
    op.create_index("ix_setting_changes_guild_id", "setting_changes", ["guild_id"], unique=False)

    op.create_table(
        "actions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=512), nullable=True),
        sa.Column("done_by", sa.BigInteger(), nullable=True),
        sa.Column("planned_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_actions_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.UniqueConstraint("message_id", "revision", "kind", name="uq_actions_message_id_revision_kind"),
    )
    op.create_index("ix_actions_case_id", "actions", ["case_id"], unique=False)
    op.create_index("ix_actions_planned_at", "actions", ["planned_at"], unique=False)
    op.create_index("ix_actions_state", "actions", ["state"], unique=False)

    op.create_table(
        "reports",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("reported_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_reports_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("case_id", "reporter_id", name="uq_reports_case_id_reporter_id"),
    )
    op.create_index("ix_reports_case_id", "reports", ["case_id"], unique=False)
    op.create_index(
        "ix_reports_guild_id_reporter_id_reported_at",
        "reports",
        ["guild_id", "reporter_id", "reported_at"],
        unique=False,
    )

    op.create_table(
        "votes",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("voted_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_votes_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_votes"),
        sa.UniqueConstraint("case_id", "moderator_id", name="uq_votes_case_id_moderator_id"),
    )
    op.create_index("ix_votes_case_id", "votes", ["case_id"], unique=False)

    op.create_table(
        "vote_labels",
        sa.Column("vote_id", KEY, nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["vote_id"], ["votes.id"], name="fk_vote_labels_vote_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vote_id", "label", name="pk_vote_labels"),
    )


def downgrade() -> None:
    """Drop all tables and all that is in them."""
    op.drop_table("vote_labels")
    op.drop_table("votes")
    op.drop_table("reports")
    op.drop_table("actions")
    op.drop_table("setting_changes")
    op.drop_table("sentiment_hours")
    op.drop_table("predictions")
    op.drop_table("guilds")
    op.drop_table("cases")
