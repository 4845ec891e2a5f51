"""What was left unscored is passed again: soon after it was, and by the clock."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.core.cases import MessageKey
from bot.errors import BotError
from bot.flow.failing import Failing
from bot.flow.moderate import Moderate
from bot.flow.ports import Clock, Messages
from bot.store.predictions import PredictionStore
from moderation_model.errors import BadRequest, ModelFailed

log = structlog.get_logger(__name__)

RESCORE_WINDOW = timedelta(hours=24)
"""Unscored messages older than this are left as they are."""


class Rescoring:
    """Passes again what the model could not score when it came."""

    def __init__(self, *, moderate: Moderate, messages: Messages, predictions: PredictionStore, clock: Clock) -> None:
        self._moderate = moderate
        self._messages = messages
        self._predictions = predictions
        self._clock = clock
        self._failing = Failing(predictions, moderate.model_answered)

    async def rescore(self, *, limit: int = 200) -> int:
        """Pass again what was left unscored; how many were decided now.

        A message that the model fails on, failed by itself. Two without an answer mean that the model is away: the
        rest waits. One without an answer among successes is that message's own failure too. What fails by itself time
        and again is given up, so that it holds up no other.
        """
        done = 0
        failed: list[MessageKey] = []
        unanswered: list[MessageKey] = []
        since = self._clock.now() - RESCORE_WINDOW
        for key in await self._predictions.unscored(since=since, limit=limit):
            message = await self._messages.fetch(
                guild_id=key.guild_id, channel_id=key.channel_id, message_id=key.message_id
            )
            if message is None or message.revision != key.revision:
                await self._predictions.give_up(
                    message_id=key.message_id, revision=key.revision, why="gone" if message is None else "edited"
                )
            if message is None:
                continue
            passed = await self._moderate.handle(message, priority="backfill")
            if isinstance(passed.failure, ModelFailed):
                failed.append(key)
            elif passed.failure is not None and not isinstance(passed.failure, BadRequest):
                unanswered.append(key)
            if len(unanswered) == 2:
                break
            done += passed.outcome == "decided" and passed.failure is None
        await self._failing.count(failed + unanswered if done and len(unanswered) == 1 else failed)
        return done

    async def run(self) -> None:
        """Rescore soon after messages were left unscored, more and more patiently while the model stays away."""
        while True:
            await self._moderate.left_unscored.wait()
            self._moderate.left_unscored.clear()
            patience = 1.0
            while True:
                await asyncio.sleep(patience)
                patience = min(patience * 2, 30.0)
                try:
                    await self.rescore()
                    left = await self._predictions.unscored(since=self._clock.now() - RESCORE_WINDOW, limit=1)
                except BotError as error:
                    # The database or Discord is away; the messages stay unscored until both answer.
                    log.warning("rescore_failed", why=type(error).__name__)
                    continue
                if not left:
                    break
