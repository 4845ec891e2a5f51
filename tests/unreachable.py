"""A database that goes away for a while, and comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bot.store.database import Database, create_engine


@contextmanager
def away(db: Database) -> Iterator[None]:
    """Every question ends as one to a server that is not there."""
    there = db._engine
    db._engine = create_engine(sa.make_url(f"sqlite+aiosqlite:///{Path('/nonexistent/candor.db')}"))
    try:
        yield
    finally:
        db._engine = there


@contextmanager
def full(db: Database) -> Iterator[None]:
    """Reads go on, and nothing more can be written. A test on PostgreSQL is skipped: SQLite is held to the pages that
    it has.
    """
    if not db.is_sqlite:
        pytest.skip("the full disk is played by SQLite's own limit of pages")
    there = db._engine
    db._engine = create_engine(db.url)

    @event.listens_for(db._engine.sync_engine, "connect")
    def hold(connection: object, _: object) -> None:
        cursor = connection.cursor()  # pyright: ignore[reportAttributeAccessIssue]
        cursor.execute("PRAGMA max_page_count=1")
        cursor.close()

    try:
        yield
    finally:
        db._engine = there
