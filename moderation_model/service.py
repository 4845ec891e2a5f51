"""What stands behind the routes: plan, queue, combine; and the explainer beside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from time import perf_counter
from typing import Any, Self

from moderation_model import intake, scoring
from moderation_model.backends import Classifier, Logits
from moderation_model.batching import BatchQueue, BatchReport, Scored
from moderation_model.contract import Explanation, ModelInfo, Prediction, Timings
from moderation_model.explainer import Explainer
from moderation_model.explainer_process import COMMAND, ExplainerProcess
from moderation_model.priority import Priority, QueueLimits


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
    ) -> None:
        limits = limits or QueueLimits.for_device(classifier.info.device)
        self.queue = BatchQueue(classifier, limits=limits, on_batch=on_batch)
        self._process = ExplainerProcess(explainer_command)
        self._explainer = Explainer(self.queue, self._process, seconds=explain_seconds)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.queue)
        await self._stack.enter_async_context(self._process)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

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
            "explainer": self._process.state,
            "explainer_pid": self._process.pid,
            "queue_tokens": self.queue.waiting_tokens,
        }

    async def classify(self, texts: Sequence[str], *, priority: Priority = Priority.LIVE) -> list[Prediction]:
        """One prediction a text, same order, with the request's timings."""
        self.queue.check_room()
        started = perf_counter()
        classifier = self.queue.classifier
        plans = await asyncio.to_thread(scoring.plan, texts, classifier)
        tokens = sum(plan.tokens for plan in plans)
        if len(texts) > 1 and tokens > self.queue.limits.waiting_tokens:
            raise intake.Refused(f"The texts make {tokens:,} tokens together. Send fewer at once.", status=413)
        windows = [window for plan in plans for window in plan.flat]
        scored = await self.queue.score(windows, priority=priority, classifier=classifier)
        predictions = await asyncio.to_thread(_combine, plans, scored, classifier.info)
        timings = Timings(scored.queue_ms, scored.model_ms, (perf_counter() - started) * 1000)
        return [replace(prediction, timings=timings) for prediction in predictions]

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """See `Explainer.explain`."""
        return await self._explainer.explain(text, label=label)


def _combine(plans: Sequence[scoring.TextPlan], scored: Scored, info: ModelInfo) -> list[Prediction]:
    """Each plan's prediction from its share of the rows."""
    predictions: list[Prediction] = []
    start = 0
    for plan in plans:
        end = start + len(plan.flat)
        share = Logits(scored.logits.toxicity[start:end], scored.logits.sentiment[start:end])
        predictions.append(scoring.combine(plan, share, info))
        start = end
    return predictions
