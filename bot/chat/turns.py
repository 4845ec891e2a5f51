"""Requests for channels' histories take turns, whoever makes them, so that Discord refuses none."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

PAUSE = 0.05
"""Seconds from one request to the next: 20 a second at most, of the 50 that Discord allows all of the bot's."""

CHANNEL_REQUESTS, CHANNEL_SECONDS = 5, 5.5
"""Of one channel, a little under what it allows. Discord's headers overstate that for the history
(discord/discord-api-docs#8161), so discord.py alone would run into refusals; and it knows nothing of the limit on all
requests together until one was refused.
"""


class Turns:
    """One for a bot. `now` gives seconds, `sleep` lets them pass."""

    def __init__(
        self, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._next = 0.0
        self._booked: dict[int, deque[float]] = {}

    async def take(self, channel_id: int) -> None:
        """Returns when the channel's history may be asked for once. Who comes first has the earlier turn."""
        booked = self._booked.setdefault(channel_id, deque(maxlen=CHANNEL_REQUESTS))
        now = self._now()
        at = max(now, booked[0] + CHANNEL_SECONDS) if len(booked) == CHANNEL_REQUESTS else now
        booked.append(at)
        await self._sleep(at - now)
        at, now = max(self._now(), self._next), self._now()
        self._next = at + PAUSE
        await self._sleep(at - now)
