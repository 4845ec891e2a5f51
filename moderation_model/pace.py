"""How long an idle model waits for more rows before it runs those that are there."""

from __future__ import annotations

IDLE = 4.0
"""A model without work for so many times the longest wait is a new beginning: nobody is expected then."""
SHORTEST = 0.00005
"""Seconds; rows that come closer together than this came together."""
SMOOTHING = 0.1
PATIENCE = 2.0
"""Usual gaps without a newcomer after which nobody more is expected."""


class Pace:
    """The usual gap between arrivals, and the wait that follows from it.

    A batch costs much and a row in it little, so rows that come within a moment of each other had better share one. But
    whoever writes alone must not wait for nobody: only while the usual gap is a fraction of `most` (seconds) is there
    any wait, it ends once the newcomers pause, and never lasts longer than `most`. The usual gap is a geometric mean:
    callers who wait for a batch all come back at once after it, and the long pause before must not hide that.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._usual = IDLE * most
        self._last = 0.0

    def arrived(self, now: float, *, idle: float) -> None:
        """Somebody brought rows at `now` (seconds of one clock), when the model had been without work for `idle`."""
        gap = max(SHORTEST, min(now - self._last, IDLE * self._most))
        self._usual = IDLE * self._most if idle >= IDLE * self._most else self._usual * (gap / self._usual) ** SMOOTHING
        self._last = now

    def until(self, first: float) -> float:
        """When rows of which the oldest came at `first` should run; a moment that has passed means at once."""
        if PATIENCE * self._usual >= self._most:
            return first
        return min(first + self._most, self._last + PATIENCE * self._usual)
