"""The queue: what is open and waits for a moderator, one case after the other, and one digest a day."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.core.budget import DAY, Digest
from bot.errors import BoardUnavailable
from bot.flow.ports import Board, Clock
from bot.store.guilds import GuildStore
from bot.store.queue import QueueCounts, QueueStore

log = structlog.get_logger(__name__)


class Queue:
    """Every method raises StoreUnavailable."""

    def __init__(self, *, guilds: GuildStore, queue: QueueStore, board: Board, clock: Clock) -> None:
        self._guilds = guilds
        self._queue = queue
        self._board = board
        self._clock = clock

    async def counts(self, guild_id: int) -> QueueCounts:
        """What is open in the guild; overdue by the guild's own limit."""
        hours = (await self._guilds.get(guild_id)).remind_after_hours
        return await self._queue.counts(guild_id=guild_id, opened_before=self._clock.now() - timedelta(hours=hours))

    async def digest(self) -> int:
        """Tell each guild that was not told in the last 24 hours what waits without a card, and what waits too long;
        how many were told. A guild in which nothing waits is told nothing.
        """
        now, told = self._clock.now(), 0
        for guild_id in await self._queue.due_for_digest(before=now - DAY):
            rules = await self._guilds.get(guild_id)
            counts = await self.counts(guild_id)
            if rules.review_channel_id is None or not (counts.uncarded or counts.overdue):
                continue
            digest = Digest(guild_id, counts.uncarded, counts.overdue, rules.remind_after_hours, counts.oldest)
            try:
                await self._board.digest(digest, channel_id=rules.review_channel_id)
            except BoardUnavailable as error:
                # Not marked as told: the next round tries again.
                log.warning("no_digest", guild_id=guild_id, why=type(error).__name__)
                continue
            await self._queue.set_digested(guild_id=guild_id, at=now)
            told += 1
        return told
