"""A new model that learned from examples which were withdrawn or deleted while it was trained: it is marked, too.

The server marks the versions that it has when it is told; a version that is still being made is not among them.
"""

from __future__ import annotations

import structlog

from bot.core.lessons import Run
from bot.core.retraining import FORGOTTEN
from bot.flow.ports import LearnService
from bot.store.lessons import LessonStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)


class Forgetting:
    """Raises StoreUnavailable."""

    def __init__(self, *, model: LearnService, lessons: LessonStore, teaching: TeachingStore, runs: RunStore) -> None:
        self._model = model
        self._lessons = lessons
        self._teaching = teaching
        self._runs = runs

    async def mark(self, run: Run, result: RunResult) -> None:
        """Tell the server which examples of the run's model are withdrawn or deleted by now, and keep with the run how
        many they are. Where the server is away it is told with the next call.
        """
        if result.challenger is None:
            return
        gone = {*await self._lessons.withdrawn(), *await self._teaching.deleted()}
        stale = sorted(gone.intersection(result.trained_on))
        if len(stale) == run.facts.get(FORGOTTEN, 0):
            return
        try:
            await self._model.mark_stale(stale)
        except ModelError as error:
            log.warning("not_marked", run_id=run.run_id, examples=len(stale), why=type(error).__name__)
            return
        await self._runs.add_facts(run.run_id, {FORGOTTEN: len(stale)})
