"""Every encrypted value of a database, opened."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.privacy import PRIVACY


async def every_text(db: Database) -> set[str]:
    """All of them; raises UndecryptableText where one was written with another key."""
    found: set[str] = set()
    async with db.read() as connection:
        for row in PRIVACY:
            for name, column in row.personal.items():
                if column.sealed:
                    values = await connection.scalars(
                        sa.select(row.table.c[name]).where(row.table.c[name].is_not(None))
                    )
                    found |= {db.key.decrypt(value) for value in values if value}
    return found
