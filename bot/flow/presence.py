"""When the bot was there: each process holds a row as long as it is connected, and what no row covers it was away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.core.presence import away
from bot.flow.ports import Clock
from bot.store.leases import Lease, LeaseStore

log = structlog.get_logger(__name__)

NAME = "presence"
SPAN = timedelta(seconds=90)
"""Three beats. A process that was killed seems to have been there for so much longer."""


class Presence:
    """`connected` says whether messages reach this process now. Every method raises StoreUnavailable."""

    def __init__(self, *, leases: LeaseStore, connected: Callable[[], bool], clock: Clock) -> None:
        self._leases = leases
        self._connected = connected
        self._clock = clock
        self._lease: Lease | None = None

    async def beat(self) -> None:
        """Write down that this process is there, or that it no longer is."""
        now = self._clock.now()
        if not self._connected():
            await self.leave()
            return
        if self._lease is None or not await self._leases.prolong(self._lease, now=now, span=SPAN):
            # Begun, or asleep for longer than the row lasted: from now on it is there again.
            self._lease = await self._leases.take(self._leases.own(NAME), now, now=now, span=SPAN)

    async def leave(self) -> None:
        """Write down that this process is there no more."""
        if self._lease is not None:
            lease, self._lease = self._lease, None
            await self._leases.end(lease, now=self._clock.now(), outcome="left")


async def away_between(leases: LeaseStore, *, since: datetime, until: datetime) -> timedelta | None:
    """For how long no process was there in that time, as far as it is known; None where nothing is known of it.

    Raises StoreUnavailable.
    """
    name = leases.own(NAME)
    first = await leases.first(name)
    if first is None or first >= until:
        return None
    since = max(since, first)
    return away(await leases.spells(name, since=since, until=until), since=since, until=until)
