"""Texts go here: from the database, and from every card that shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from bot.core.cases import Case
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.cases import CaseStore

log = structlog.get_logger(__name__)

BATCH = 200
MOST_CARDS = 1000
"""Cards scrubbed in one run; the rest follows with the next."""


class Dropping:
    """Every method raises StoreUnavailable."""

    def __init__(self, *, cases: CaseStore, desk: CardDesk, clock: Clock) -> None:
        self._cases = cases
        self._desk = desk
        self._clock = clock

    async def run(self) -> int:
        """Drop every text whose time is over, and scrub the cards that may still show one; how many texts.

        Small batches, so that no writer waits long.
        """
        now, texts = self._clock.now(), 0
        while dropped := await self._cases.expire_texts(now, BATCH):
            texts += len(dropped)
        # Not only those of just now: an earlier run may have been cut short, or Discord was away.
        await self._take_off_cards(await self._cases.unscrubbed(MOST_CARDS))
        if texts:
            log.info("texts_dropped", texts=texts)
        return texts

    async def now(self, case_ids: Collection[int]) -> list[Case]:
        """Somebody wants the texts of these cases gone: those are dropped that nothing holds; the cases of those."""
        now = self._clock.now()
        await self._cases.release_texts(case_ids, at=now)
        dropped = await self._cases.expire_texts(now, len(case_ids), only=case_ids) if case_ids else []
        await self._take_off_cards([case for case in dropped if case.lead_id is None])
        await self._queue_shared_cards(dropped)
        return dropped

    async def _take_off_cards(self, dropped: Sequence[Case]) -> None:
        """Scrub the cards of these cases. A card also shows what its followers said: it is shown anew without that."""
        shared = {case.lead_id: case.guild_id for case in dropped if case.lead_id is not None}
        done = {lead_id: await self._desk.show_anew(guild_id=shared[lead_id], case_id=lead_id) for lead_id in shared}
        for case in dropped:
            if (case.lead_id is None or done[case.lead_id]) and await self._desk.scrub(case):
                await self._cases.set_scrubbed(case_id=case.case_id)

    async def _queue_shared_cards(self, dropped: Sequence[Case]) -> None:
        """Have them shown anew soon, once for all that a raid's clean-up deletes. The next run makes sure of it."""
        for case in dropped:
            if case.lead_id is None:
                continue
            lead = await self._cases.get(guild_id=case.guild_id, case_id=case.lead_id)
            if lead.text is not None:
                self._desk.enqueue(guild_id=lead.guild_id, case_id=lead.case_id)
