"""The sandbox's time: the machine's, moved ahead by whoever tests what happens later."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Time with zone UTC. `advance` moves it and wakes whoever waits for a moment that has come."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += timedelta(seconds=seconds)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep_until(self, when: datetime) -> None:
        """Wait until `when`, by this clock."""
        while (remaining := (when - self.now()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(remaining):
                    await self._moved.wait()
            except TimeoutError:
                continue


def iso(when: datetime | None) -> str | None:
    """As Discord writes times; None stays None."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")
