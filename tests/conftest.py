"""Every test leaves the process's logging as it found it; an empty database is made once and copied."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.config import Settings
from bot.log import LIBRARY_LEVELS
from bot.store.crypto import TextKey
from bot.store.database import Database

pytest_plugins = ["tests.databases"]

# As the model server does: torch's threads that wait busily keep each other from the cores of a machine that does more.
# Read when torch is imported, so it is set before any test is.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name in (*LIBRARY_LEVELS, "bot", "moderation_model"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with its key and an empty SQLite database of the newest schema, for tests to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    settings = Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]

    async def migrate() -> None:
        db = Database(settings.sql_url, key=TextKey.from_settings(settings))
        await db.migrate()
        await db.close()

    asyncio.run(migrate())
    return folder
