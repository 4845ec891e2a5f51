"""A running sandbox for each test, whose bot's REST bodies are checked against Discord's description where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.sandbox.sandbox import Sandbox
from tests.e2e import openapi_check
from tests.e2e.degraded_house import Pretender, pretender
from tests.e2e.openapi_check import OpenApiCheck
from tests.e2e.probe import Probe, running


@pytest.fixture
def rest_bodies() -> Iterator[OpenApiCheck | None]:
    """Fails a test whose bot sent a body that Discord would not understand; None where nothing can be compared."""
    check = openapi_check.load()
    yield check
    if check is not None:
        assert check.problems == []


@pytest.fixture
async def sandbox(rest_bodies: OpenApiCheck | None) -> AsyncIterator[Sandbox]:
    """A loopback Discord with the guild Harbor Games and nobody connected."""
    async with await Sandbox.start() as sandbox:
        sandbox.on_rest_body = rest_bodies
        yield sandbox


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Probe]:
    """A small discord.py bot that is connected to the sandbox and ready."""
    async with running(Probe(sandbox), sandbox.token) as bot:
        yield bot


@pytest.fixture
async def model() -> AsyncIterator[Pretender]:
    """What stands where the model server should."""
    async with pretender() as found:
        yield found
