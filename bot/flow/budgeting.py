"""The card budget over the records: which case gets a card now, which waits in the queue, which waited long enough."""

from __future__ import annotations

import asyncio

import structlog

from bot.core.budget import DAY, Today, may_post, never_waits, score_of
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.flow.ports import Clock
from bot.store.guilds import GuildStore
from bot.store.queue import QueueStore

log = structlog.get_logger(__name__)


class CardBudget:
    """Asked before a card is posted for the first time. Every method raises StoreUnavailable."""

    def __init__(self, *, guilds: GuildStore, queue: QueueStore, clock: Clock) -> None:
        self._guilds = guilds
        self._queue = queue
        self._clock = clock
        # Two cards that are asked for at once must not both take the last place.
        self._asking = asyncio.Lock()

    async def admits(self, case: Case, rules: GuildRules) -> bool:
        """Whether the case has its place or gets it now; if not, it waits in the queue from now on.

        A case that was closed while it waited gets none: there is nothing left to decide.
        """
        if case.card is not None or case.admitted_at is not None:
            return True
        if case.state == "closed" and case.queued_at is not None:
            return False
        async with self._asking:
            now = self._clock.now()
            if never_waits(case) or await self._has_place(case, rules):
                await self._queue.admit(case_id=case.case_id, at=now)
                return True
            if case.queued_at is None:
                await self._queue.hold(case_id=case.case_id, at=now)
                log.info("card_waits", guild_id=case.guild_id, case_id=case.case_id)
            return False

    async def release(self) -> list[Case]:
        """Those cases of the last 24 hours that waited without a card and get one now, the highest scores first."""
        waiting = await self._queue.waiting(since=self._clock.now() - DAY)
        released: list[Case] = []
        for case in sorted(waiting, key=lambda case: -score_of(case.reasons)):
            rules = await self._guilds.get(case.guild_id)
            if rules.review_channel_id is not None and await self.admits(case, rules):
                released.append(case)
        return released

    async def _has_place(self, case: Case, rules: GuildRules) -> bool:
        now = self._clock.now()
        scored = await self._queue.scored_since(guild_id=case.guild_id, since=now - DAY)
        own = max((each.score for each in scored if each.case_id == case.case_id), default=score_of(case.reasons))
        others = [each for each in scored if each.case_id != case.case_id]
        today = Today(
            cards=await self._queue.cards_since(guild_id=case.guild_id, since=now - DAY),
            scores=tuple(each.score for each in others),
            waiting=tuple(each.score for each in others if each.waits),
        )
        return may_post(own, today, rules, now=now)
