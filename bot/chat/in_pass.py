"""Discord's events that this process works on, so that its end loses none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bot.core.cases import MessageKey
from bot.core.spooled import Spooled

CANCELLED_SECONDS = 0.5
"""What is cancelled gets so long to come to its end."""


class InPass:
    """Events by their tasks. `ends`: what comes now is no longer worked on but left for the next start."""

    def __init__(self, leave: Callable[[Sequence[Spooled]], bool]) -> None:
        """`leave` keeps events for the next start; False where it cannot."""
        self._leave = leave
        self._events: dict[asyncio.Task[Any], Spooled | None] = {}
        self.ends = False

    @property
    def messages(self) -> int:
        """Messages that are worked on now, deletions and the like left out."""
        return sum(isinstance(event, MessageKey) for event in self._events.values())

    @contextmanager
    def event(self) -> Iterator[None]:
        """A block in which the current task works on an event."""
        task = _this_task()
        self._events[task] = None
        try:
            yield
        finally:
            self._events.pop(task, None)

    def leaves(self, event: Spooled) -> bool:
        """Say which event it is; whether it was left for the next start, and nothing is to be done about it here."""
        if self.ends:
            return self._leave([event])
        self._events[_this_task()] = event
        return False

    async def drain(self) -> None:
        """Wait until every event so far is worked off. Cancelled, the rest is left for the next start."""
        try:
            while self._events:
                await asyncio.wait(self._events)
        except asyncio.CancelledError:
            self._leave([event for event in self._events.values() if event is not None])
            for task in self._events:
                task.cancel()
            if self._events:
                await asyncio.wait(self._events, timeout=CANCELLED_SECONDS)
            raise


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "discord.py runs every event in a task"
    return task
