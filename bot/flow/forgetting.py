"""A new model that learned from examples which were withdrawn or deleted, or whose permission was taken back, while it
was trained: it is marked, too.

The server marks the versions that it has when it is told; a version that is still being made is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.core.lessons import Run
from bot.core.retraining import FORGOTTEN, REVOKED
from bot.flow.ports import LearnService
from bot.store.lessons import LessonStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

MOST_TOLD = 20_000
"""Ids that are told at a time: the server takes 100,000, and 1 MiB, which is about 60,000 of the longest."""


class Forgetting:
    """Raises StoreUnavailable."""

    def __init__(self, *, model: LearnService, lessons: LessonStore, teaching: TeachingStore, runs: RunStore) -> None:
        self._model = model
        self._lessons = lessons
        self._teaching = teaching
        self._runs = runs

    async def mark(self, run: Run, result: RunResult) -> None:
        """Tell the server which examples of the run's model are withdrawn or deleted by now, or may no longer teach,
        and keep with the run how many they are. Where the server is away it is told with the next call.
        """
        if result.challenger is None:
            return
        learned = set(result.trained_on)
        revoked = learned.intersection(await self._teaching.revoked())
        if len(revoked) != run.facts.get(REVOKED, 0):
            # Written down whether the server hears of it or not: such a model does not serve by itself.
            await self._runs.add_facts(run.run_id, {REVOKED: len(revoked)})
        gone = {*await self._lessons.withdrawn(), *await self._teaching.deleted()}
        stale = sorted(revoked | gone.intersection(learned))
        if len(stale) == run.facts.get(FORGOTTEN, 0):
            return
        try:
            await tell(self._model, stale)
        except ModelError as error:
            log.warning("not_marked", run_id=run.run_id, examples=len(stale), why=type(error).__name__)
            return
        await self._runs.add_facts(run.run_id, {FORGOTTEN: len(stale)})


async def tell(model: LearnService, example_ids: Sequence[int]) -> list[str]:
    """Tell the server of examples that may not teach any more, however many; the versions that learned from one.

    Raises ModelError where it did not hear of all of them.
    """
    versions: dict[str, None] = {}
    for start in range(0, len(example_ids), MOST_TOLD):
        versions |= dict.fromkeys(await model.mark_stale(example_ids[start : start + MOST_TOLD]))
    return list(versions)
