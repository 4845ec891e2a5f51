"""Last week's cases under a new model: what its report says that would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.core.keywords import hide_words
from bot.core.lessons import Run
from bot.core.retraining import traffic_of
from bot.flow.ports import Clock, LearnService
from bot.flow.shadow import Shadow
from bot.store.guilds import GuildStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.contract import Prediction
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

WEEK = timedelta(days=7)
BATCH = 64


class LastWeek:
    """Raises StoreUnavailable."""

    def __init__(
        self,
        *,
        model: LearnService,
        guilds: GuildStore,
        runs: RunStore,
        teaching: TeachingStore,
        shadow: Shadow,
        clock: Clock,
    ) -> None:
        self._model = model
        self._guilds = guilds
        self._runs = runs
        self._teaching = teaching
        self._shadow = shadow
        self._clock = clock

    async def replay(self, run: Run, result: RunResult, guild_id: int) -> None:
        """Keep with the run what its model makes of the cases. The report does without where the server is away."""
        if result.challenger is None:
            return
        now, rules = self._clock.now(), await self._guilds.get(guild_id)
        shown = await self._teaching.shown(guild_id, since=now - WEEK, now=now)
        # As with live messages, no model gets the words that are fine here.
        texts = [hide_words(case.text, rules.fine_words) for case in shown]
        try:
            predictions = await self._scores(result.challenger, texts, guild_id)
        except ModelError as error:
            log.warning("no_replay", run_id=run.run_id, why=type(error).__name__)
            return
        traffic = traffic_of(shown, predictions, rules, result.limits.get(str(guild_id), {}))
        await self._runs.add_facts(run.run_id, traffic.facts())

    async def _scores(self, version: str, texts: Sequence[str], guild_id: int) -> list[Prediction]:
        found: list[Prediction] = []
        async with self._shadow.at_hand(version):
            for start in range(0, len(texts), BATCH):
                part = texts[start : start + BATCH]
                found += await self._model.classify(part, guild_id=guild_id, priority="backfill", version=version)
        return found
