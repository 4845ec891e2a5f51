"""Discord's ids: 42 bits of milliseconds since 2015, 22 bits that keep ids of one millisecond apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.sandbox.clock import SandboxClock

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


class Snowflakes:
    """Makes ids that rise for ever, also where many are made within a millisecond."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._last = 0

    def make(self) -> int:
        """A new id, later than every one that `make` gave before."""
        self._last = max(self._last + 1, first_of(self._clock.now()))
        return self._last


def first_of(when: datetime) -> int:
    """The lowest id of that millisecond."""
    return ((when - EPOCH) // timedelta(milliseconds=1)) << 22


def made_at(snowflake: int) -> datetime:
    """When an id was made."""
    return EPOCH + timedelta(milliseconds=snowflake >> 22)
