"""How the requests to Discord end, counted: a storm of 429 or 403 is seen before Discord bans the address for it.

Their answers also tell what time it is there.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Literal

import aiohttp

Ended = Literal["ok", "forbidden", "limited", "refused", "failed", "lost"]


class Requests:
    """`ended` counts them since the start."""

    def __init__(self) -> None:
        self.ended: Counter[Ended] = Counter(
            {"ok": 0, "forbidden": 0, "limited": 0, "refused": 0, "failed": 0, "lost": 0}
        )
        self._told: tuple[datetime, float] | None = None

    def time(self) -> datetime | None:
        """Discord's time, by its last answer that told it; None before. Whatever this machine's clock shows."""
        if self._told is None:
            return None
        told, then = self._told
        return told + timedelta(seconds=_passed() - then)

    def trace(self) -> aiohttp.TraceConfig:
        """What discord.py has to give its session for them to be counted."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._answered)
        trace.on_request_exception.append(self._lost)
        return trace

    async def _answered(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.ended[ended(end.response.status)] += 1
        with suppress(ValueError, OverflowError):  # no date, or none that can be read
            told = parsedate_to_datetime(end.response.headers.get("Date", ""))
            if told.tzinfo is not None:
                self._told = told, _passed()

    async def _lost(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, error: aiohttp.TraceRequestExceptionParams
    ) -> None:
        self.ended["lost"] += 1


def _passed() -> float:
    """Seconds that go on while the machine is suspended, where it has such a clock: on Linux `monotonic` does not."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def ended(status: int) -> Ended:
    """How a request with this answer ended."""
    if status < 400:
        return "ok"
    if status in (401, 403):
        return "forbidden"
    if status == 429:
        return "limited"
    return "refused" if status < 500 else "failed"
