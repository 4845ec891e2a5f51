"""The card budget over the records: which case gets a card now, which waits in the queue, which waited long enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.core.budget import DAY, Today, may_post, never_waits, score_of
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.flow.ports import Clock
from bot.store.guilds import GuildStore
from bot.store.queue import QueueStore, Scored

log = structlog.get_logger(__name__)

PAGE = 100
"""Cases that are weighed in one transaction."""


@dataclass(frozen=True, slots=True)
class Released:
    """A case that waited and has its place now. `score`: of its card; those that somebody waits for rank first."""

    guild_id: int
    case_id: int
    score: float = 1.0


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
        async with self._asking:
            # As it stands now: while this waited for its turn the case may have been released, or decided.
            place = await self._queue.place(case_id=case.case_id)
            if place.settled or (place.closed and place.waits):
                return place.settled
            may_take = case.opened_why != "challenger" and await self._has_place(case, rules)
            if await self._never_waits(case) or may_take:
                await self._queue.admit(case_id=case.case_id, at=self._clock.now())
                return True
            if not place.waits:
                await self._queue.hold([case.case_id], at=self._clock.now())
                log.info("card_waits", guild_id=case.guild_id, case_id=case.case_id)
            return False

    async def weigh(self) -> None:
        """Put every open case that nobody has weighed yet in the queue, but for those that never wait.

        What gathered while a guild had no channel for cards is many at once; `release` then picks the highest of all.
        """
        for guild_id in await self._queue.guilds_unweighed():
            if (await self._guilds.get(guild_id)).review_channel_id is None:
                continue
            while found := await self._queue.unweighed(guild_id=guild_id, limit=PAGE):
                async with self._asking:
                    now, held = self._clock.now(), [case.case_id for case in found if not never_waits(case)]
                    await self._queue.hold(held, at=now)
                    for case in found:
                        if never_waits(case):
                            await self._queue.admit(case_id=case.case_id, at=now)

    async def release(self) -> list[Released]:
        """The cases that waited without a card and get one now: all that somebody waits for, and of the last 24 hours'
        as many as there are places, each guild's highest scores first.
        """
        now = self._clock.now()
        released: list[Released] = []
        for guild_id, case_id in await self._queue.asked_for():
            if (await self._guilds.get(guild_id)).review_channel_id is not None:
                await self._queue.admit(case_id=case_id, at=now)
                released.append(Released(guild_id, case_id))
        for guild_id in await self._queue.guilds_waiting(since=now - DAY):
            rules = await self._guilds.get(guild_id)
            if rules.review_channel_id is not None:
                async with self._asking:
                    released += await self._release(rules, now)
        return released

    async def waiting(self, guild_id: int) -> int:
        """How many open cases of the guild wait without a card."""
        return await self._queue.waiting(guild_id)

    async def _release(self, rules: GuildRules, now: datetime) -> list[Released]:
        scored = await self._queue.scored_since(guild_id=rules.guild_id, since=now - DAY)
        cards = await self._queue.cards_since(guild_id=rules.guild_id, since=now - DAY)
        released: list[Released] = []
        # Whoever comes after the first that gets no place gets none either.
        for each in sorted((each for each in scored if each.waits), key=lambda each: -each.score):
            gone = {case.case_id for case in released}
            waiting = [other for other in scored if other.waits and other.case_id not in gone]
            if not may_post(each.score, _today(each.case_id, cards, scored, waiting), rules, now=now):
                break
            await self._queue.admit(case_id=each.case_id, at=now)
            cards = (*cards, now)
            released.append(Released(rules.guild_id, each.case_id, each.score))
        return released

    async def _never_waits(self, case: Case) -> bool:
        return never_waits(case) or bool(await self._queue.asked_for(case_id=case.case_id))

    async def _has_place(self, case: Case, rules: GuildRules) -> bool:
        now = self._clock.now()
        scored = await self._queue.scored_since(guild_id=case.guild_id, since=now - DAY)
        cards = await self._queue.cards_since(guild_id=case.guild_id, since=now - DAY)
        own = max((each.score for each in scored if each.case_id == case.case_id), default=score_of(case.reasons))
        waiting = [each for each in scored if each.waits]
        return may_post(own, _today(case.case_id, cards, scored, waiting), rules, now=now)


def waiting_sentence(*, coming: int, held: int) -> str:
    """What becomes of the cases that waited for a channel, as an administrator reads it; empty where none did."""
    posted = f"{coming} waiting {'card is' if coming == 1 else 'cards are'} being posted"
    in_queue = f"{'waits' if held == 1 else 'wait'} in the queue for a place in the card budget: `/queue next`."
    if held and coming:
        return f"{posted}, the highest scores first; {held} more {in_queue}"
    if held:
        return f"{held} {'case' if held == 1 else 'cases'} {in_queue}"
    return f"{posted}." if coming else ""


def _today(case_id: int, cards: Sequence[datetime], scored: Sequence[Scored], waiting: Sequence[Scored]) -> Today:
    return Today(
        cards=tuple(cards),
        scores=tuple(each.score for each in scored if each.case_id != case_id),
        waiting=tuple(each.score for each in waiting if each.case_id != case_id),
    )
