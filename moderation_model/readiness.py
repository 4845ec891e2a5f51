"""Whether what serves can score: doubted after a batch without one usable score, and settled by harmless sentences.

One text can spoil a batch, whoever wrote it, so a bad batch alone takes no server out of service.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Literal

from moderation_model.backends import Classifier
from moderation_model.batching import BatchQueue, BatchReport
from moderation_model.errors import ModelFailed, ModelOverloaded, ModelUnavailable

HARMLESS = ("The weather is nice today.", "See you at the meeting tomorrow.")
"""What every model that works can score: where it cannot, the model is to blame and not the text."""
ASK_EVERY = 5.0
"""Seconds for which an answer holds: whoever asks often does not keep the model busy."""
PATIENCE = 5.0
"""Seconds that a model that is in doubt may take."""

Readiness = Literal["ready", "unhealthy", "closing"]


async def is_sound(queue: BatchQueue, model: Classifier) -> bool:
    """Whether `model` scores harmless sentences. Raises ModelOverloaded, ModelUnavailable."""
    windows = [window for windows in model.encode(HARMLESS) for window in windows]
    try:
        await queue.score(windows, classifier=model, afresh=True)
    except ModelFailed:
        return False
    return True


class Watch:
    """`note` every batch; `look` says how the server is."""

    def __init__(self, queue: BatchQueue) -> None:
        self._queue = queue
        self._doubted = False
        self._last: Readiness = "ready"
        self._holds_until = 0.0

    def note(self, report: BatchReport) -> None:
        """A batch has ended."""
        if report.failed or report.spoiled == report.rows:
            self._doubted = True

    async def look(self) -> Readiness:
        """`unhealthy`: what serves fails on harmless sentences, and nothing stands in; `closing`: the queue is closed.

        Costs nothing as long as batches end well. A full queue is no fault of the model.
        """
        if self._queue.closing:
            return "closing"
        if not self._doubted:
            return "ready"
        if monotonic() >= self._holds_until:
            self._holds_until = monotonic() + PATIENCE + ASK_EVERY  # whoever asks meanwhile gets the answer before
            self._last = await self._ask()
            self._holds_until = monotonic() + ASK_EVERY
        return self._last

    async def _ask(self) -> Readiness:
        try:
            async with asyncio.timeout(PATIENCE):
                sound = await is_sound(self._queue, self._queue.classifier)
        except TimeoutError:
            return "unhealthy"
        except ModelOverloaded:
            return "ready"
        except ModelUnavailable:
            return "closing"
        self._doubted = not sound
        return "ready" if sound else "unhealthy"
