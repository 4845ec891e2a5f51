"""Look at names: what a case is about, a message, a nickname or a thread's title.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; every earlier case is about a message."""
    op.add_column("cases", sa.Column("subject", sa.String(16), nullable=False, server_default="message"))


def downgrade() -> None:
    """Drop the column and the cases about names, which nothing else would tell from those about messages."""
    # SQLite looks at no foreign keys meanwhile: what hangs on a case would stay, for the next one of its number.
    names = "(SELECT id FROM cases WHERE subject != 'message')"
    op.execute(f"DELETE FROM vote_labels WHERE vote_id IN (SELECT id FROM votes WHERE case_id IN {names})")
    for table in ("votes", "appeals", "notes", "reports", "actions"):
        op.execute(f"DELETE FROM {table} WHERE case_id IN {names}")
    op.execute(f"UPDATE audit_draws SET case_id = NULL WHERE case_id IN {names}")
    op.execute(f"UPDATE cases SET lead_id = NULL WHERE lead_id IN {names}")
    op.execute("DELETE FROM cases WHERE subject != 'message'")
    op.drop_column("cases", "subject")
