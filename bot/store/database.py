"""The connection to SQL: engine, transactions, migrations. Errors of drivers become `StoreUnavailable` here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

import migrations
from bot.errors import BadSettings, StoreUnavailable
from bot.store.crypto import TextKey

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000")


class Database:
    """One database. Nothing is opened before the first use."""

    def __init__(self, url: str, *, key: TextKey) -> None:
        """Raises BadSettings if `url` is none that SQLAlchemy and an installed driver can use."""
        self.key = key
        try:
            self.url = sa.make_url(url)
            self._engine = create_engine(self.url)
        except (exc.ArgumentError, ImportError) as error:
            raise BadSettings(
                "CANDOR_DATABASE_URL cannot be used. Write sqlite+aiosqlite:///path/to/file.db or "
                f"postgresql+asyncpg://user:password@host/name (with candor[postgres] installed): {error}"
            ) from None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file beside us."""
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: committed at the end, rolled back on an error. Raises StoreUnavailable."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (exc.OperationalError, exc.InterfaceError, OSError) as error:
            raise _unavailable(error) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads, so that no reader waits for a writer. Raises StoreUnavailable."""
        try:
            async with self._engine.connect() as connection:
                yield await connection.execution_options(candor_reads=True)
        except (exc.OperationalError, exc.InterfaceError, OSError) as error:
            raise _unavailable(error) from error

    async def ping(self) -> None:
        """Raises StoreUnavailable with a sentence if the database does not answer."""
        async with self.read() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def migrate(self, revision: str = "head") -> None:
        """Bring the schema to `revision`. Raises StoreUnavailable."""
        try:
            await asyncio.to_thread(self._upgrade, revision)
        except (exc.OperationalError, exc.InterfaceError, OSError) as error:
            raise _unavailable(error) from error

    def _upgrade(self, revision: str) -> None:
        if self.is_sqlite and self.url.database not in (None, "", ":memory:"):
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        command.upgrade(self.alembic_config(), revision)

    def alembic_config(self) -> Config:
        """Alembic's configuration, made in code because the wheel carries no ini file."""
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["url"] = self.url
        return config

    async def schema_state(self) -> str:
        """`current`, `behind` (candor migrate brings it up) or `missing`. Raises StoreUnavailable."""
        if self.is_sqlite and not await asyncio.to_thread(Path(self.url.database or "").exists):
            return "missing"
        async with self.read() as connection:
            found = await connection.run_sync(_revision)
        newest = ScriptDirectory.from_config(self.alembic_config()).get_current_head()
        return "missing" if found is None else "current" if found == newest else "behind"

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def create_engine(url: sa.URL, *, foreign_keys: bool = True) -> AsyncEngine:
    """The engine of every connection of ours. Migrations switch `foreign_keys` off: on SQLite they rebuild tables,
    and dropping the old one would take the rows that hang on it along.
    """
    # Values are kept out of errors: they hold members' ids and ciphertexts.
    engine = create_async_engine(url, hide_parameters=True, pool_pre_ping=url.get_backend_name() != "sqlite")
    if url.get_backend_name() == "sqlite":
        pragmas = (*PRAGMAS, f"foreign_keys={'ON' if foreign_keys else 'OFF'}")
        event.listen(engine.sync_engine, "connect", lambda connection, _: _set_pragmas(connection, pragmas))
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _set_pragmas(connection: Any, pragmas: Iterable[str]) -> None:
    # The driver must not open transactions by itself: it would begin deferred ones, which lose updates.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    reads = connection.get_execution_options().get("candor_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _unavailable(error: Exception) -> StoreUnavailable:
    cause = getattr(error, "orig", None) or error
    return StoreUnavailable(
        f"The database does not answer ({type(cause).__name__}). Check CANDOR_DATABASE_URL, the disk, and that it runs."
    )
