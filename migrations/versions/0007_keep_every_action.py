"""Keep every action: a later one of the same kind on the same message stands beside the earlier, not in its place.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ONCE = "uq_actions_message_id_revision_kind"
PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Only what is under way is there once."""
    with op.batch_alter_table("actions") as actions:
        actions.drop_constraint(ONCE, type_="unique")
    op.create_index("ix_actions_message_id", "actions", ["message_id"], unique=False)
    op.create_index(
        "uq_actions_case_id_kind",
        "actions",
        ["case_id", "kind"],
        unique=True,
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )


def downgrade() -> None:
    """Of several of one kind the newest is kept."""
    op.execute(
        "DELETE FROM actions WHERE id NOT IN "
        "(SELECT newest FROM (SELECT max(id) AS newest FROM actions GROUP BY message_id, revision, kind) AS kept)"
    )
    op.drop_index("uq_actions_case_id_kind", "actions")
    op.drop_index("ix_actions_message_id", "actions")
    with op.batch_alter_table("actions") as actions:
        actions.create_unique_constraint(ONCE, ["message_id", "revision", "kind"])
