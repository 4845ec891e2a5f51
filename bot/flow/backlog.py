"""How much waits, counted on a slow beat, so that whoever asks for figures asks the database for nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from bot.errors import StoreUnavailable
from bot.flow.ports import Clock
from bot.flow.rescoring import RESCORE_WINDOW
from bot.store.backlog import BacklogStore, Waiting

log = structlog.get_logger(__name__)

EVERY = 60.0
"""Seconds between two counts: each goes through all cases."""


class Backlog:
    """`waiting` is what the last count found, at `counted_at`; both None until there was one."""

    def __init__(self, *, store: BacklogStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.waiting: Waiting | None = None
        self.counted_at: datetime | None = None

    async def look(self) -> None:
        """Count anew. Raises StoreUnavailable, and keeps the count before."""
        now = self._clock.now()
        self.waiting = await self._store.count(since=now - RESCORE_WINDOW)
        self.counted_at = now

    async def run(self) -> None:
        """Count for ever."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("backlog_not_counted", why=type(error).__name__)
            await asyncio.sleep(EVERY)
