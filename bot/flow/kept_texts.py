"""Deletions that nobody told the bot of: after an absence it looks whether the messages are still there whose texts are
stored here.

Catching up reads only channels in which somebody wrote meanwhile, and as far as nothing was decided there. What was
deleted meanwhile may be as old as the texts are kept. It is asked for behind everything else, the newest first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import structlog

from bot.core.away import Found, Place
from bot.errors import BotError, NotAllowed
from bot.flow.gone import Gone
from bot.flow.ports import PAGE, History
from bot.store.away import AwayStore

log = structlog.get_logger(__name__)

MOST = 1000
"""Messages of a guild that are looked for after an absence."""

RETRY_SECONDS = 60.0


class KeptTexts:
    """`due` after an absence; `run` does the rest."""

    def __init__(self, *, history: History, away: AwayStore, gone: Gone) -> None:
        self._history = history
        self._away = away
        self._gone = gone
        self._due: set[int] = set()
        self._asked = asyncio.Event()

    def due(self, guild_id: int) -> None:
        """The bot was away, and the guild's messages may have been deleted meanwhile."""
        self._due.add(guild_id)
        self._asked.set()

    async def run(self) -> None:
        """Look whenever it is due, and again later where Discord or the database did not answer; until cancelled."""
        while True:
            await self._asked.wait()
            await self.look()
            if self._due:
                await asyncio.sleep(RETRY_SECONDS)

    async def look(self) -> int:
        """Look for what is due now, and have the texts of deleted messages go; how many are deleted. What fails stays
        due.
        """
        self._asked.clear()
        gone = 0
        for guild_id in sorted(self._due):
            try:
                gone += await self._look(guild_id)
            except BotError as error:
                log.warning("texts_wait", guild_id=guild_id, why=type(error).__name__)
                self._asked.set()
            except Exception:
                log.exception("texts_crashed", guild_id=guild_id)
                self._asked.set()
            else:
                self._due.discard(guild_id)
        return gone

    async def _look(self, guild_id: int) -> int:
        places = {place.channel_id: place for place in self._history.places(guild_id)}
        closed = {channel_id for channel_id, place in places.items() if not place.readable}
        stored = await self._away.with_text(guild_id=guild_id, limit=MOST)
        found, gone = [each for each in stored if each[0] not in closed], 0
        # A channel that is not listed is deleted, or a thread that is archived: Discord knows which.
        places |= {channel: Place(guild_id, channel, None) for channel, _ in found if channel not in places}
        async for channel_id, page, before in pages_around(self._history, found, places):
            if guild_id not in self._history.guild_ids():
                break  # an outage, or the bot was removed: nothing of this says that a message was deleted
            there = {each.message_id for each in page or ()}
            low = end_of(page)
            wanted = [message_id for where, message_id in found if where == channel_id and low <= message_id < before]
            deleted = [message_id for message_id in wanted if message_id not in there]
            if deleted:
                await self._gone.deleted(guild_id=guild_id, message_ids=deleted)
                gone += len(deleted)
        log.info("texts_looked_for", guild_id=guild_id, messages=len(found), gone=gone)
        return gone


async def pages_around(
    history: History, messages: Sequence[tuple[int, int]], places: Mapping[int, Place]
) -> AsyncIterator[tuple[int, Sequence[Found] | None, int]]:
    """The pages of history in which these messages (channel and id, the newest first) would stand: the channel, the
    page (None: the channel is gone), and before which message it ends. Only of `places`, and those that may be read.

    Raises BotError if Discord does not answer.
    """
    for channel_id in dict.fromkeys(channel_id for channel_id, _ in messages):
        wanted = [message_id for where, message_id in messages if where == channel_id]
        while channel_id in places and wanted:
            before = wanted[0] + 1
            try:
                page = await history.page(places[channel_id], before=before)
            except NotAllowed:
                break
            yield channel_id, page, before
            wanted = [message_id for message_id in wanted if message_id < end_of(page)]


def end_of(page: Sequence[Found] | None) -> int:
    """Its oldest message; 0 where nothing older stands in the channel."""
    return page[-1].message_id if page and len(page) == PAGE else 0
