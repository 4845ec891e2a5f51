"""Messages that the model fails on time and again while it answers others: they are given up, not tried for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.core.cases import MessageKey
from bot.store.predictions import PredictionStore

ATTEMPTS = 3
"""How often a message may fail by itself before it is given up."""


class Failing:
    """Counts how often each message failed by itself."""

    def __init__(self, predictions: PredictionStore, answered: asyncio.Event) -> None:
        """`answered` is set whenever the model scores a message."""
        self._predictions = predictions
        self._answered = answered
        self._failures: dict[tuple[int, int], int] = {}

    async def count(self, failed: Sequence[MessageKey]) -> None:
        """Count the failures of one round, and give up what has failed `ATTEMPTS` times. Raises StoreUnavailable.

        A model that has answered nothing since the last count is broken itself: then no message is to blame.
        """
        answers = self._answered.is_set()
        self._answered.clear()
        for key in failed if answers else ():
            name = (key.message_id, key.revision)
            self._failures[name] = self._failures.get(name, 0) + 1
            if self._failures[name] >= ATTEMPTS:
                del self._failures[name]
                await self._predictions.give_up(message_id=key.message_id, revision=key.revision, why="fails by itself")
