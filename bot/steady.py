"""Looks after this process itself, once a second: whether the clock jumped, and which of its states have changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic, time

import structlog

from bot.core.states import AT_START, WRONG

log = structlog.get_logger(__name__)

EVERY = 1.0
JUMP = 120.0
"""Seconds by which the machine's clock moves against the time that has passed before it counts as a jump. A service
that keeps the time corrects by less; a machine that slept is told by the same sign."""
STEADY_AFTER = 3600.0
"""Seconds without a jump after which the clock is trusted again."""

START_SECONDS = 30.0
"""For so long a start may take without a warning."""


class ClockWatch:
    """Compares the clock with the time that has passed. `jumped`: it moved by itself within the last hour."""

    def __init__(self, *, wall: Callable[[], float] = time, passed: Callable[[], float] = monotonic) -> None:
        self._wall = wall
        self._passed = passed
        self._offset = wall() - passed()
        self._jumped_at: float | None = None

    @property
    def jumped(self) -> bool:
        """Whether the clock is in doubt."""
        self.look()
        return self._jumped_at is not None and self._passed() - self._jumped_at < STEADY_AFTER

    def look(self) -> None:
        """Take note of where the clock stands."""
        offset = self._wall() - self._passed()
        if abs(offset - self._offset) >= JUMP:
            log.warning("clock_jumped", seconds=round(offset - self._offset))
            self._jumped_at = self._passed()
        self._offset = offset  # what it drifts by from look to look is no jump


class StateLog:
    """One line in the log for each state that changes, and none for one that lasts.

    What every start goes through is a warning only once it has lasted for `START_SECONDS`.
    """

    def __init__(self, states: Callable[[], Mapping[str, object]], *, passed: Callable[[], float] = monotonic) -> None:
        self._states = states
        self._passed = passed
        self._before: dict[str, object] = {}
        self._starting: dict[str, float] = {}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Log what has changed since the last look."""
        for part, word in self._states().items():
            if not isinstance(word, str):
                continue
            if self._before.get(part) != word:
                self._changed(part, word)
            elif part in self._starting and self._passed() - self._starting[part] >= START_SECONDS:
                log.warning("state", part=part, state=word)
                del self._starting[part]

    def _changed(self, part: str, word: str) -> None:
        first, wrong = part not in self._before, (part, word) in WRONG
        self._before[part] = word
        self._starting.pop(part, None)
        if first and (part, word) in AT_START:
            self._starting[part] = self._passed()
            log.info("state", part=part, state=word)
        elif wrong or not first:
            (log.warning if wrong else log.info)("state", part=part, state=word)
