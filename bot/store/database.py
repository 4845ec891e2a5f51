"""The connection to SQL: engine, transactions, migrations. Errors of drivers become `StoreUnavailable` here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

import migrations
from bot.errors import BadSettings, StoreUnavailable
from bot.shards import ALL_GUILDS, Shard
from bot.store.crypto import TextKey
from bot.store.sqlite_driver import connect

PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL")
MIGRATING = ("busy_timeout=300000", *PRAGMAS[1:])
"""The timeout first: two processes that switch a new file to WAL at once wait for each other too."""

CONNECT_SECONDS, STATEMENT_SECONDS = 10, 60
"""On PostgreSQL: a server that has gone silent is an error, not a wait without end."""

MOST_ATTEMPTS, ATTEMPT_SECONDS = 200, 0.5
"""Of migrations that others are in the way of; each waits a moment for its turn."""

CONNECTIONS = 15
"""At most, on SQLite. They are kept: opening one, with its thread, takes longer than most of what is asked of it."""

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")

DRIVER_ERRORS = (exc.DBAPIError, exc.TimeoutError, OSError)
"""What a driver, the pool or the network raises. asyncpg's errors mostly arrive as the bare DBAPIError."""


class Database:
    """One database. Nothing is opened before the first use."""

    def __init__(self, url: str, *, key: TextKey, shard: Shard = ALL_GUILDS) -> None:
        """`shard`: the guilds whose work is listed. `holder` names this process, in claims and leases. `failures`: how
        often the database did not answer or refused.

        Raises BadSettings if `url` is none of SQLite in a file or PostgreSQL, or its driver is not installed.
        """
        self.key = key
        self.shard = shard
        self.holder = uuid4().hex
        self.failures = 0
        self.url = _parsed(url)
        # SQLite has one writer at a time; waiting here is fair and quick, waiting in SQLite is polling with sleeps.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._last_work: list[Callable[[], Awaitable[None]]] = []
        try:
            self._engine = create_engine(self.url)
        except ImportError:
            raise BadSettings("PostgreSQL needs its driver: pip install 'candor[postgres]'.") from None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file beside us."""
        return self.url.get_backend_name() == "sqlite"

    def mine(self, guild_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        """That a row's guild is one of this process's shard."""
        if self.shard == ALL_GUILDS:
            return sa.true()
        return guild_id.op(">>")(sa.literal_column("22")) % self.shard.count == self.shard.number

    def moment(self, now: datetime, *, later: timedelta = timedelta(0)) -> datetime | sa.ColumnElement[datetime]:
        """`now` and so much later, for claims that several processes compare. On PostgreSQL, where each may run on a
        host of its own, the server's clock says when now is. On SQLite all of them are on one host, and share its.
        """
        if self.is_sqlite:
            return now + later
        return sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)) + sa.literal(later)

    def insert(self, table: sa.Table) -> Any:
        """The insert of this database's dialect, which knows "on conflict"; both dialects spell it the same way."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: committed at the end, rolled back on an error. Raises StoreUnavailable."""
        try:
            async with self._turn, self._engine.begin() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            self.failures += 1
            raise _unavailable(error) from error

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads, so that no reader waits for a writer. Raises StoreUnavailable."""
        try:
            async with self._engine.connect() as connection:
                yield await connection.execution_options(candor_reads=True)
        except DRIVER_ERRORS as error:
            self.failures += 1
            raise _unavailable(error) from error

    async def ping(self) -> None:
        """Raises StoreUnavailable with a sentence if the database does not answer."""
        async with self.read() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`, while others may use it: where they are in the way, it is tried again.

        Raises StoreUnavailable, also for tables that a newer version made.
        """
        await self.move_schema(lambda config: command.upgrade(config, revision))

    async def move_schema(self, move: Callable[[Config], None]) -> None:
        """Run one of alembic's commands, all of it or nothing. Raises as `migrate`."""
        if self.is_sqlite:
            await asyncio.to_thread(Path(self.url.database or "").parent.mkdir, parents=True, exist_ok=True)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                return await asyncio.to_thread(move, self.alembic_config())
            except CommandError as error:
                if not isinstance(error.__cause__, ResolutionError):
                    raise
                raise StoreUnavailable(
                    "The database was made by a newer version of Candor. Install that version again, or give this one "
                    "a database of its own."
                ) from error
            except DRIVER_ERRORS as error:
                if attempt == MOST_ATTEMPTS or not _in_the_way(error):
                    raise _unavailable(error) from error
            await asyncio.sleep(ATTEMPT_SECONDS)
        return None

    def alembic_config(self) -> Config:
        """Alembic's configuration, made in code because the wheel carries no ini file."""
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["url"] = self.url
        return config

    async def schema_state(self) -> str:
        """`current`, `missing`, or `behind` for tables of another version: `migrate` brings them up, or says that they
        are newer than this program. Raises StoreUnavailable.
        """
        found = await self.revision()
        newest = ScriptDirectory.from_config(self.alembic_config()).get_current_head()
        return "missing" if found is None else "current" if found == newest else "behind"

    async def revision(self) -> str | None:
        """Which revision of the schema is there, None where there is none. Raises StoreUnavailable."""
        if self.is_sqlite and not await asyncio.to_thread(Path(self.url.database or "").exists):
            return None
        async with self.read() as connection:
            return await connection.run_sync(_revision)

    def before_close(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` awaited before the connections are closed."""
        self._last_work.append(work)

    async def close(self) -> None:
        """Let what is on its way end, and close every connection."""
        for work in self._last_work:
            await work()
        await self._engine.dispose()


AWAY_CLASSES = ("08", "28", "40", "53", "57", "58")
"""PostgreSQL's classes of SQLSTATE: connection, login, rollback, resources, operator's intervention, system."""
AWAY_STATES = ("25006", "55P03")
"""It only reads for now; a lock did not come free."""


def is_away(error: Exception) -> bool:
    """Whether `error`, raised by `begin` or `read`, says that the database cannot be used now, whatever it is asked.

    An error about one row's data is none such, nor is one that no driver raised.
    """
    cause = error.__cause__ if isinstance(error, StoreUnavailable) else None
    lost = isinstance(cause, exc.DBAPIError) and (cause.connection_invalidated or _is_passing(cause.orig))
    return lost or isinstance(cause, exc.OperationalError | exc.TimeoutError | OSError)


def _is_passing(error: BaseException | None) -> bool:
    """Whether PostgreSQL refused for its own state: asyncpg's errors say so by SQLSTATE alone."""
    state = str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
    return state[:2] in AWAY_CLASSES or state in AWAY_STATES


def _parsed(url: str) -> sa.URL:
    """The URL, if we can use it. The sentence never repeats it: a password may stand in it."""
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):  # ValueError: a port that is no number, such as half of a password
        parsed = None
    in_memory = parsed is not None and parsed.drivername == DRIVERS[0] and parsed.database in (None, "", ":memory:")
    if parsed is None or parsed.drivername not in DRIVERS or in_memory:
        raise BadSettings(
            "CANDOR_DATABASE_URL cannot be used. Write sqlite+aiosqlite:///path/to/file.db or "
            "postgresql+asyncpg://user:password@host/name, with @, : and / in the password written as %40, %3A and %2F."
        )
    return parsed


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def create_engine(url: sa.URL, *, migrating: bool = False) -> AsyncEngine:
    """The engine of every connection of ours. Migrations may take their time, and on SQLite they check no foreign keys:
    they rebuild tables there, and dropping the old one would take the rows that hang on it along.
    """
    # hide_parameters keeps values out of errors: they hold members' ids and ciphertexts.
    if url.get_backend_name() != "sqlite":
        patience = {"timeout": CONNECT_SECONDS} | ({} if migrating else {"command_timeout": STATEMENT_SECONDS})
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=patience)
    engine = create_async_engine(
        url, hide_parameters=True, pool_size=CONNECTIONS, max_overflow=0, connect_args={"async_creator_fn": connect}
    )
    # Two bots that start together: the second waits for all of the first one's migrations, however slow the machine.
    waits = MIGRATING if migrating else PRAGMAS
    pragmas = (*waits, f"foreign_keys={'OFF' if migrating else 'ON'}")
    event.listen(engine.sync_engine, "connect", lambda connection, _: _set_pragmas(connection, pragmas))
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    event.listen(engine.sync_engine, "handle_error", _keep_cancelled)
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


def _keep_cancelled(context: sa.ExceptionContext) -> None:
    # A connection whose statement was cancelled would be closed in mid-statement, and SQLite keeps its write lock until
    # the garbage collector comes by. It is sound: the driver's thread ends the statement, then runs the rollback.
    if isinstance(context.original_exception, asyncio.CancelledError):
        context.is_disconnect = False


def _cause(error: Exception) -> BaseException:
    """What the driver raised, inside of what SQLAlchemy made of it."""
    cause = getattr(error, "orig", None) or error
    return cause.__cause__ or cause


def _in_the_way(error: Exception) -> bool:
    """Whether somebody else held a lock for too long."""
    cause = _cause(error)
    return getattr(cause, "sqlstate", "") == "55P03" or getattr(cause, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _unavailable(error: Exception) -> StoreUnavailable:
    cause = _cause(error)
    name = getattr(cause, "sqlite_errorname", type(cause).__name__)
    return StoreUnavailable(
        f"The database does not answer or refuses ({name}). Check CANDOR_DATABASE_URL, that the database runs and has "
        "room on its disk, and run: candor migrate."
    )
