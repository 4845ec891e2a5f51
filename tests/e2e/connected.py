"""The real client over the use cases of a test, connected to a sandbox; the model is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.chat.client import CandorBot, create_bot
from bot.sandbox.sandbox import Sandbox
from tests.chat.conftest import House, settings_in

WAIT_SECONDS = 60


class Clock:
    """The sandbox's clock for the use cases."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.now = sandbox.world.clock.now


def expect_one_server(bot: CandorBot) -> None:
    """Have it be ready soon: discord.py waits for further servers, by default 2 s, and the sandbox has one."""
    bot._connection.guild_ready_timeout = 0.5


@asynccontextmanager
async def connected(house: House, folder: Path, sandbox: Sandbox) -> AsyncIterator[CandorBot]:
    """The bot once it is ready. Nothing may have failed in it by the end."""
    house.clock = Clock(sandbox)  # pyright: ignore[reportAttributeAccessIssue]
    bot = create_bot(settings_in(folder), connector=sandbox.connector())
    expect_one_server(bot)
    house.attach(bot)
    running = asyncio.create_task(bot.start(sandbox.token))
    try:
        await asyncio.wait_for(bot.ready_event.wait(), WAIT_SECONDS)
        yield bot
        assert bot.failures == 0
    finally:
        await bot.drain()
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)
