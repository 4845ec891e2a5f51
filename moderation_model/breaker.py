"""A circuit breaker: after several failures in a row calls are refused at once, until one trial call gets an answer."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Open after `failures` in a row; after `rest` seconds one caller at a time may try again."""

    def __init__(self, *, failures: int = 5, rest: float = 2.0, clock: Callable[[], float] = monotonic) -> None:
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0
        self._trying = False

    @property
    def state(self) -> BreakerState:
        """`closed`: calls go out; `open`: none does; `half_open`: one may try, or is trying."""
        if self._failures < self._limit:
            return "closed"
        return "half_open" if self._trying or self._clock() >= self._retry_at else "open"

    def admits(self) -> bool:
        """Whether a call may go out now. True while open makes the caller the trial call: it must report its end."""
        if self._failures < self._limit:
            return True
        if self._trying or self._clock() < self._retry_at:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The call got an answer."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """The call got no answer."""
        self._failures, self._trying = self._failures + 1, False
        self._retry_at = self._clock() + self._rest

    def cancelled(self) -> None:
        """The caller gave up first; that says nothing about the server."""
        self._trying = False
