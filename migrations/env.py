"""Run by alembic for each command: connects (async), and uses batch mode because SQLite cannot alter most things."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from alembic import context

from bot.store.database import create_engine
from bot.store.privacy_tables import metadata

LOCK = 4_242_001
"""Advisory lock on PostgreSQL, so that two bots that start together migrate one after the other."""
LOCK_SECONDS = 2


def migrate(connection: sa.Connection) -> None:
    """One transaction for all revisions."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_server_default=True,
        # Alembic thinks that SQLite cannot, and would end the transaction with each revision: a second bot that waits
        # would go on in the middle.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            # Whoever waits for a table's lock holds up everybody who comes later; so it gives up, and tries again.
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        context.run_migrations()


async def main() -> None:
    """Connects on its own, since alembic calls from a thread without an event loop."""
    engine = create_engine(context.config.attributes["url"], migrating=True)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(main())
