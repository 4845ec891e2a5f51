"""Databases for tests: a SQLite file or a PostgreSQL of its own for each, copied from one that was migrated once."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.learning_tables import metadata
from tests.store.postgres import NoPostgres, cluster

DIALECTS = ("sqlite", "postgresql")

END_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
FROM_ONE = sa.text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")
TABLES = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
VERSION = sa.text("SELECT version_num FROM alembic_version")

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def told_time(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A test's clock holds on PostgreSQL as well, whose own is moved by nobody; `undo()` for the server's."""
    monkeypatch.setattr(Database, "moment", lambda self, now, *, later=timedelta(0): now + later)
    return monkeypatch


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A PostgreSQL server; skips with the reason where none starts, and fails in CI."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(cluster())
        except NoPostgres as reason:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI must test PostgreSQL, but {reason}")
            pytest.skip(f"PostgreSQL is not tested: {reason}")
        yield url


async def _statement(url: sa.URL, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(statement))
    await engine.dispose()


@asynccontextmanager
async def postgres_database(server: sa.URL) -> AsyncIterator[sa.URL]:
    """An empty database of its own on the server."""
    name = f"candor_test_{os.getpid()}_{next(_numbers)}"
    await _statement(server, f"CREATE DATABASE {name}")
    yield server.set(database=name)
    await _statement(server, f"DROP DATABASE {name} WITH (FORCE)")


class Reused:
    """A migrated PostgreSQL database that test after test gets empty: to empty it takes a tenth of making it anew."""

    def __init__(self, server: sa.URL) -> None:
        self._server = server
        self._made: sa.URL | None = None

    async def given(self) -> sa.URL:
        """Of the empty database."""
        if self._made is None:
            name = f"candor_test_{os.getpid()}_{next(_numbers)}"
            await _statement(self._server, f"CREATE DATABASE {name} TEMPLATE {self._template}")
            self._made = self._server.set(database=name)
        return self._made

    @property
    def _template(self) -> str:
        return f"candor_template_{os.getpid()}"

    async def make_template(self) -> None:
        """Migrate once what is copied."""
        await _statement(self._server, f"CREATE DATABASE {self._template}")
        await _migrate(self._server.set(database=self._template))

    async def clear(self) -> None:
        """Empty it for the next test, or leave it behind if its schema is no longer that of the template."""
        assert self._made is not None, "it was given out"
        engine = create_async_engine(self._made)
        try:
            async with engine.begin() as connection:
                await connection.execute(END_OTHERS)
                for table in reversed(metadata.sorted_tables):
                    await connection.execute(table.delete())
                await connection.execute(FROM_ONE)
                tables = set((await connection.scalars(TABLES)).all())
                if tables != {*metadata.tables, "alembic_version"} or await connection.scalar(VERSION) != head():
                    self._made = None
        except DBAPIError:  # a table is missing
            self._made = None
        finally:
            await engine.dispose()


def head() -> str | None:
    """The newest revision of the schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return ScriptDirectory.from_config(config).get_current_head()


@pytest.fixture
async def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database."""
    if dialect == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
        return
    async with postgres_database(request.getfixturevalue("postgres")) as made:
        yield made.render_as_string(hide_password=False)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on; asking for it makes the test run on both."""
    return request.param


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied: migrating for each test would take most of the time."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    asyncio.run(_migrate(sa.make_url(f"sqlite+aiosqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def reused(postgres: sa.URL) -> Reused:
    """The same on PostgreSQL."""
    made = Reused(postgres)
    asyncio.run(made.make_template())
    return made


async def _migrate(url: sa.URL) -> None:
    database = Database(url.render_as_string(hide_password=False), key=TextKey(Fernet.generate_key().decode()))
    await database.migrate()
    await database.close()


@pytest.fixture
def key() -> TextKey:
    return TextKey(Fernet.generate_key().decode())


@pytest.fixture
def reused_here(dialect: str, request: pytest.FixtureRequest) -> Reused | None:
    """None on SQLite. No async fixture, since those above start event loops of their own."""
    return request.getfixturevalue("reused") if dialect == "postgresql" else None


@pytest.fixture
def copied_file(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """None on PostgreSQL."""
    if dialect != "sqlite":
        return None
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.db")
    return tmp_path / "store.db"


@pytest.fixture
async def migrated_url(reused_here: Reused | None, copied_file: Path | None) -> AsyncIterator[str]:
    """The URL of a database of the newest schema without rows."""
    if reused_here is None:
        yield f"sqlite+aiosqlite:///{copied_file}"
        return
    yield (await reused_here.given()).render_as_string(hide_password=False)
    await reused_here.clear()


@pytest.fixture
async def db(migrated_url: str, key: TextKey) -> AsyncIterator[Database]:
    """An empty database with the newest schema."""
    database = Database(migrated_url, key=key)
    yield database
    await database.close()
