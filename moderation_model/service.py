"""What stands behind the routes: plan, queue, combine; and the explainer beside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Literal, Self

from moderation_model import intake, scoring
from moderation_model.backends import Classifier
from moderation_model.batching import BatchQueue, BatchReport, Spared
from moderation_model.contract import Explanation, ModelInfo, Prediction, Timings
from moderation_model.errors import ModelOverloaded, NotNumbersError
from moderation_model.explainer import Explainer
from moderation_model.explainer_process import COMMAND, ExplainerProcess
from moderation_model.pictures import Picture
from moderation_model.priority import Priority, QueueLimits
from moderation_model.readiness import Watch

AT_ONCE = 2_000
"""Characters that are prepared in the event loop itself: a thread costs more than they take."""
MOST_PICTURES = 8
"""Pictures drawn or waiting at once; more are refused with the time to come back."""

Step = Literal["tokenise", "combine", "picture"]
Score = Callable[[Classifier], Awaitable[list[Prediction]]]
StandIn = Callable[[Classifier, Score], Awaitable[list[Prediction] | None]]
"""From the model that gave no numbers and a way to score by another one to what that one says, None without one."""


class Service:
    """Classifies and explains with one queue. Use it as an async context manager; every error is a `ModelError`."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        limits: QueueLimits | None = None,
        explain_seconds: float = 15.0,
        explainer_command: Sequence[str] = COMMAND,
        on_batch: Callable[[BatchReport], None] | None = None,
        on_spared: Callable[[Spared, int], None] | None = None,
        on_step: Callable[[Step, float], None] = lambda step, seconds: None,
    ) -> None:
        """`on_step`: told the seconds of each step of a request that ended well."""
        limits = limits or QueueLimits.for_device(classifier.info.device)
        self.queue = BatchQueue(classifier, limits=limits, on_batch=self._batch_ended, on_spared=on_spared)
        self.watch = Watch(self.queue)
        self._on_batch = on_batch
        self._on_step = on_step
        self.stand_in: StandIn | None = None
        """Who helps where the model that serves gives no numbers; None where there is only one."""
        self.explainer = ExplainerProcess(explainer_command)
        self._explainer = Explainer(self.queue, self.explainer, seconds=explain_seconds)
        # One thread of its own: matplotlib bears no two, and classification keeps all of the others.
        self._painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
        self._pictures = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.queue)
        await self._stack.enter_async_context(self.explainer)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._painter.shutdown(wait=False, cancel_futures=True)
        await self._stack.aclose()

    def _batch_ended(self, report: BatchReport) -> None:
        self.watch.note(report)
        if self._on_batch is not None:
            self._on_batch(report)

    @property
    def info(self) -> ModelInfo:
        """What serves now."""
        return self.queue.classifier.info

    def health(self) -> dict[str, Any]:
        """`ready`, `version`, `pid`, `explainer` (state), `explainer_pid`, `queue_tokens`."""
        return {
            "ready": True,
            "version": self.info.version,
            "pid": os.getpid(),
            "explainer": self.explainer.state,
            "explainer_pid": self.explainer.pid,
            "queue_tokens": self.queue.waiting_tokens,
        }

    async def classify(
        self, texts: Sequence[str], *, priority: Priority = Priority.LIVE, classifier: Classifier | None = None
    ) -> list[Prediction]:
        """One prediction a text, same order, with the request's timings; by `classifier` instead of what serves."""
        self.queue.check_room(priority=priority)
        serving = self.queue.classifier

        async def score(model: Classifier) -> list[Prediction]:
            return await self._score(texts, priority, model)

        try:
            return await score(classifier or serving)
        except NotNumbersError:
            if classifier is not None or self.stand_in is None:
                raise
            if (found := await self.stand_in(serving, score)) is None:
                raise
            return found

    async def _score(self, texts: Sequence[str], priority: Priority, classifier: Classifier) -> list[Prediction]:
        started = perf_counter()
        short = sum(map(len, texts)) <= AT_ONCE
        plans = scoring.plan(texts, classifier) if short else await asyncio.to_thread(scoring.plan, texts, classifier)
        planned = perf_counter()
        tokens = sum(plan.tokens for plan in plans)
        if len(texts) > 1 and tokens > self.queue.limits.waiting_tokens:
            raise intake.Refused(f"The texts make {tokens:,} tokens together. Send fewer at once.", status=413)
        windows = [window for plan in plans for window in plan.flat]
        scored = await self.queue.score(windows, priority=priority, classifier=classifier)
        combined = perf_counter()
        combining = partial(scoring.combine_all, plans, scored.logits, classifier.info)
        predictions = combining() if short else await asyncio.to_thread(combining)
        self._on_step("tokenise", planned - started)
        self._on_step("combine", perf_counter() - combined)
        timings = Timings(scored.queue_ms, scored.model_ms, (perf_counter() - started) * 1000)
        return [replace(prediction, timings=timings) for prediction in predictions]

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """See `Explainer.explain`."""
        return await self._explainer.explain(text, label=label)

    async def picture(self, picture: Picture) -> bytes:
        """The picture as PNG. Raises ModelOverloaded while too many wait."""
        if self._pictures >= MOST_PICTURES:
            raise ModelOverloaded("Too many pictures are being drawn. Try again in a few seconds.", retry_after=3.0)
        self._pictures += 1
        started = perf_counter()
        try:
            drawn = await asyncio.get_running_loop().run_in_executor(self._painter, _draw, picture)
            self._on_step("picture", perf_counter() - started)
            return drawn
        finally:
            self._pictures -= 1


def _draw(picture: Picture) -> bytes:
    # Imported here: most servers draw seldom, and matplotlib costs a second and some 40 MB.
    from moderation_model.reports.pictures import draw

    return draw(picture)
