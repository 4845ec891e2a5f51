"""What several processes of the bot could do at the same time, and one of them does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from bot.errors import BoardUnavailable, StoreUnavailable
from bot.flow.ports import Clock
from bot.store.claims import ClaimStore

log = structlog.get_logger(__name__)

SPAN = timedelta(seconds=10)
"""A claim runs out so long after its process died."""
PAUSE_SECONDS = 0.1
PATIENCE = 2 * SPAN
"""Others wait so long for their turn, then they leave it to the next round."""
BUSY = "Another process of the bot is at it. It is tried again within a minute."


class Claiming:
    """Turns among all processes on one database."""

    def __init__(self, *, claims: ClaimStore, clock: Clock) -> None:
        self._claims = claims
        self._clock = clock

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """A block that no other process is in at the same time; True where the last one never came out of it.

        Raises BoardUnavailable where another one does not come to its end, and StoreUnavailable.
        """
        left = await self._wait_for(name)
        beating = asyncio.create_task(self._beat(name))
        try:
            yield left
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            await self._claims.release(name)

    async def first(self, name: str, *, span: timedelta) -> bool:
        """Whether no other process did this within `span`. Raises StoreUnavailable."""
        return await self._claims.take(name, now=self._clock.now(), span=span) is not None

    async def give_back(self, name: str) -> None:
        """It did not come to it: another process may. Raises StoreUnavailable."""
        await self._claims.release(name)

    async def _wait_for(self, name: str) -> bool:
        for _ in range(round(PATIENCE.total_seconds() / PAUSE_SECONDS)):
            taken = await self._claims.take(name, now=self._clock.now(), span=SPAN)
            if taken is not None:
                return taken == "abandoned"
            await asyncio.sleep(PAUSE_SECONDS)
        raise BoardUnavailable(BUSY)

    async def _beat(self, name: str) -> None:
        while True:
            await asyncio.sleep(SPAN.total_seconds() / 3)
            try:
                await self._claims.prolong(name, now=self._clock.now(), span=SPAN)
            except StoreUnavailable as error:
                log.warning("claim_not_kept", why=type(error).__name__)
