"""Turns in the pass: so many messages at a time; the others wait in this process while the gateway is read on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter


class PassTurns:
    """Use it as an async context manager. `waited` is told the seconds that each waited for its turn."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self.waited: Callable[[float], None] = lambda seconds: None

    async def __aenter__(self) -> None:
        came = perf_counter()
        await self._free.acquire()
        self.waited(perf_counter() - came)

    async def __aexit__(self, *_: object) -> None:
        self._free.release()
