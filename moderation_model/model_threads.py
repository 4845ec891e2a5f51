"""The threads in which the model runs: one, or one a core where the classifier can compute on a core alone."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

from moderation_model.backends import Classifier, Logits, OnOneCore
from moderation_model.waiting import Batch, Waiting

Finish = Callable[[Batch, Logits | Exception, float], None]
"""Told of every batch: what came out, and the seconds that it took."""


NICENESS = 2
"""64 clients get 4 % more messages a second than with 0; with 5 and 10 no more."""


def cores_of(classifier: Classifier) -> int:
    """How many batches it can compute at once."""
    return classifier.cores if isinstance(classifier, OnOneCore) else 1


class ModelThreads:
    """They take batch after batch from `waiting` until it is closed, without a way round by the event loop between two.

    With all cores at one batch each would wait for the slowest, and for the one that the event loop also needs.
    """

    def __init__(self, waiting: Waiting, finish: Finish, *, cores: int) -> None:
        """`finish` is called in the event loop."""
        self._waiting = waiting
        self._finish = finish
        self._cores = cores
        self._left = cores
        self._alone = threading.Lock()
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Start them; they belong to the running event loop."""
        loop = asyncio.get_running_loop()
        for _ in range(self._cores):
            threading.Thread(target=self._work, args=(loop,), name="classifier", daemon=True).start()

    async def ended(self) -> None:
        """Returns when the last batch has ended after `waiting` was closed."""
        await self._ended.wait()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        _step_back()
        while (batch := self._waiting.take()) is not None:
            loop.call_soon_threadsafe(self._waiting.prepare)
            try:
                outcome: Logits | Exception = self._logits(batch)
            except Exception as error:  # whatever the model raises must reach those who wait for it
                outcome = error
            loop.call_soon_threadsafe(self._finish, batch, outcome, perf_counter() - batch.started)
        loop.call_soon_threadsafe(self._thread_ended)

    def _logits(self, batch: Batch) -> Logits:
        if self._cores > 1 and isinstance(batch.classifier, OnOneCore):
            return batch.classifier.logits_on_one_core(batch.windows)
        with self._alone:  # one of another kind may have come by a swap
            batch.started = perf_counter()
            return batch.classifier.logits(batch.windows)

    def _thread_ended(self) -> None:
        self._left -= 1
        if not self._left:
            self._ended.set()


def _step_back() -> None:
    """On Linux the calling thread gives way to others a little: the event loop, whose work is short, and the bot beside
    it must not stand in line behind threads that compute all the time.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a host may forbid it; then it takes its turn as any other
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
