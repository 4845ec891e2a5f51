"""A server from which the bot was removed: what is stored of it stays for a grace period, then all of it goes.

Being invited again within that time keeps everything. An outage is no removal: Discord lists the servers of a bot
whether they are reachable or not, and that list decides, at the event's time and again before the wipe.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import structlog

from bot.flow.lessons import Lessons
from bot.flow.ports import Clock
from bot.store.departures import DepartureStore
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)


class Departing:
    """Every method raises StoreUnavailable."""

    def __init__(
        self, *, departures: DepartureStore, guilds: GuildStore, lessons: Lessons, clock: Clock, grace_days: int
    ) -> None:
        self._departures = departures
        self._guilds = guilds
        self._lessons = lessons
        self._clock = clock
        self._grace = timedelta(days=grace_days)

    async def left(self, guild_id: int) -> None:
        """The bot was removed from the server."""
        await self._departures.left([guild_id], at=self._clock.now())
        log.info("guild_left", guild_id=guild_id)

    async def joined(self, guild_id: int) -> None:
        """The bot is on the server, perhaps again."""
        await self._departures.back([guild_id])

    async def check(self, there: Collection[int]) -> int:
        """Compare with the servers on which the bot is, as Discord lists them; how many were wiped.

        A removal that came while the bot was away is noticed here, too.
        """
        now, noted = self._clock.now(), await self._departures.noted()
        await self._departures.left(await self._departures.known() - {*there, *noted}, at=now)
        await self._departures.back(set(there) & set(noted))
        wiped = 0
        for guild_id, left_at in noted.items():
            if guild_id not in there and left_at <= now - self._grace:
                wiped += await self._wipe(guild_id)
        return wiped

    async def _wipe(self, guild_id: int) -> bool:
        """Whether everything is gone. The models are told first: afterwards nobody knows what they learned from."""
        taught = await self._departures.taught(guild_id)
        if taught and not await self._lessons.told(taught):
            log.warning("wipe_waits_for_model", guild_id=guild_id, examples=len(taught))
            return False
        if guild_id not in await self._departures.noted():
            return False  # invited again while the models were told
        rows = await self._departures.wipe(guild_id)
        self._guilds.forget(guild_id)
        log.info("guild_wiped", guild_id=guild_id, rows=rows)
        return True
