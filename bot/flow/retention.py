"""What is kept only for a time is dropped here: old scores, texts with the cards that show them, names on old cases."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.flow.dropping import Dropping
from bot.flow.ports import Clock
from bot.store.expiring import ExpiryStore
from bot.store.leases import LeaseStore
from bot.store.predictions import PredictionStore
from bot.store.privacy_kinds import SLOT_DAYS
from bot.store.spool import Spool

log = structlog.get_logger(__name__)


class Retention:
    """The daily clean-up. Small batches, so that no writer waits long."""

    def __init__(
        self,
        *,
        predictions: PredictionStore,
        expiry: ExpiryStore,
        dropping: Dropping,
        leases: LeaseStore,
        spool: Spool,
        clock: Clock,
        text_days: int,
        prediction_days: int,
        case_days: int,
    ) -> None:
        self._predictions = predictions
        self._expiry = expiry
        self._dropping = dropping
        self._leases = leases
        self._spool = spool
        self._clock = clock
        self._text_days = timedelta(days=text_days)
        self._prediction_days = timedelta(days=prediction_days)
        self._case_days = timedelta(days=case_days)

    async def run(self) -> int:
        """Drop what is over its time; how many rows and texts."""
        now = self._clock.now()
        scores = await self._predictions.drop_before(now - self._prediction_days)
        left_open = await self._expiry.close_left_open(before=now - self._case_days, at=now)
        texts = await self._dropping.run()
        nameless = await self._expiry.drop_names(before=now - self._case_days)
        others = await self._expiry.drop_older(now=now, case_days=self._case_days.days)
        await self._leases.forget(before=now - timedelta(days=SLOT_DAYS))
        log.info("retention", predictions=scores, texts=texts, cases=nameless, closed=left_open, others=others)
        return scores + texts + nameless + others

    async def spool(self) -> int:
        """Remove what of this machine's spool nobody could read for as long as texts are kept; how many entries."""
        return self._spool.drop_unreadable(before=self._clock.now() - self._text_days)
