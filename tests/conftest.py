"""Every test leaves the process's logging as it found it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.log import LIBRARY_LEVELS


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
