"""Every store test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
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
    running = cluster()
    try:
        url = running.__enter__()
    except NoPostgres as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test PostgreSQL, but {reason}")
        pytest.skip(f"PostgreSQL is not tested: {reason}")
    yield url
    running.__exit__(None, None, None)


async def _statement(url: sa.URL, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
        return
    server: sa.URL = request.getfixturevalue("postgres")
    name = f"candor_test_{os.getpid()}_{next(_numbers)}"
    await _statement(server, f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    await _statement(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def key() -> TextKey:
    return TextKey(Fernet.generate_key().decode())


@pytest.fixture
async def db(url: str, key: TextKey) -> AsyncIterator[Database]:
    """An empty database with the newest schema."""
    database = Database(url, key=key)
    await database.migrate()
    yield database
    await database.close()
