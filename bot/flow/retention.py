"""What is kept only for a time is dropped here: old scores, and the texts of cases with the cards that show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.core.cases import Case
from bot.flow.cards import CardDesk
from bot.flow.ports import Clock
from bot.store.cases import CaseStore
from bot.store.leases import LeaseStore
from bot.store.predictions import PredictionStore

log = structlog.get_logger(__name__)

BATCH = 200
MOST_CARDS = 1000
"""Cards scrubbed in one run; the rest follows with the next."""

SLOTS_KEPT = timedelta(days=90)
"""How long it is known how scheduled jobs ended, and when the bot was there."""


class Retention:
    """The daily clean-up. Small batches, so that no writer waits long."""

    def __init__(
        self,
        *,
        predictions: PredictionStore,
        cases: CaseStore,
        desk: CardDesk,
        leases: LeaseStore,
        clock: Clock,
        prediction_days: int,
    ) -> None:
        self._predictions = predictions
        self._cases = cases
        self._desk = desk
        self._leases = leases
        self._clock = clock
        self._kept = timedelta(days=prediction_days)

    async def run(self) -> int:
        """Drop what is over its time; how many rows and texts."""
        now = self._clock.now()
        dropped = await self._predictions.drop_before(now - self._kept)
        texts = 0
        while cases := await self._cases.expire_texts(now, BATCH):
            texts += len(cases)
            await self._take_off_shared_cards(cases)
        # Not only those of just now: an earlier run may have been cut short, or Discord was away.
        for case in await self._cases.unscrubbed(MOST_CARDS):
            if await self._desk.scrub(case):
                await self._cases.set_scrubbed(case_id=case.case_id)
        await self._leases.forget(before=now - SLOTS_KEPT)
        log.info("retention", predictions=dropped, texts=texts)
        return dropped + texts

    async def _take_off_shared_cards(self, expired: Sequence[Case]) -> None:
        """A card also shows what its followers said; where it is still kept itself, it is shown anew without that."""
        for case in expired:
            if case.lead_id is None:
                continue
            lead = await self._cases.get(guild_id=case.guild_id, case_id=case.lead_id)
            if lead.text is not None:
                self._desk.enqueue(guild_id=lead.guild_id, case_id=lead.case_id)
