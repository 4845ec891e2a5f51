"""Every store test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.crypto import TextKey
from bot.store.database import Database
from tests.store.postgres import NoPostgres, cluster

_numbers = itertools.count(1)


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
async def _postgres_database(server: sa.URL, *, copy_of: str) -> AsyncIterator[sa.URL]:
    """A database of its own on the server."""
    name = f"candor_test_{os.getpid()}_{next(_numbers)}"
    await _statement(server, f"CREATE DATABASE {name} TEMPLATE {copy_of}")
    yield server.set(database=name)
    await _statement(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on; asking for it makes the test run on both."""
    return request.param


@pytest.fixture
async def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database."""
    if dialect == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
        return
    async with _postgres_database(request.getfixturevalue("postgres"), copy_of="template1") as made:
        yield made.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied: migrating for each test would take most of the time."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    asyncio.run(_migrate(sa.make_url(f"sqlite+aiosqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres: sa.URL) -> Iterator[tuple[sa.URL, str]]:
    """The same on PostgreSQL: the server and the template's name."""
    name = f"candor_template_{os.getpid()}"
    asyncio.run(_statement(postgres, f"CREATE DATABASE {name}"))
    asyncio.run(_migrate(postgres.set(database=name)))
    yield postgres, name
    asyncio.run(_statement(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


async def _migrate(url: sa.URL) -> None:
    database = Database(url.render_as_string(hide_password=False), key=TextKey(Fernet.generate_key().decode()))
    await database.migrate()
    await database.close()


@pytest.fixture
def template(dialect: str, request: pytest.FixtureRequest) -> Path | tuple[sa.URL, str]:
    """What `db` copies. No async fixture, since those above start event loops of their own."""
    return request.getfixturevalue("migrated_file" if dialect == "sqlite" else "migrated_template")


@pytest.fixture
def key() -> TextKey:
    return TextKey(Fernet.generate_key().decode())


@pytest.fixture
async def db(template: Path | tuple[sa.URL, str], key: TextKey, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with the newest schema."""
    async with AsyncExitStack() as stack:
        if isinstance(template, Path):
            url = sa.make_url(f"sqlite+aiosqlite:///{shutil.copy(template, tmp_path / 'store.db')}")
        else:
            url = await stack.enter_async_context(_postgres_database(template[0], copy_of=template[1]))
        database = Database(url.render_as_string(hide_password=False), key=key)
        yield database
        await database.close()
