"""A message that a person puts forward, reported by a member or labelled by a moderator: scored, and made a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.core.cases import Case, NewCase
from bot.core.events import IncomingMessage
from bot.core.keywords import hide_words
from bot.core.policy import Decision, Reason, Why, decide
from bot.flow.ports import Clock, ModelService
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from moderation_model.contract import Prediction
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of a message that somebody asks about, and which limits of the guild it reaches."""

    predictions: tuple[Prediction, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Asked:
    """Opens cases that a person asks for. Nothing is done to anybody."""

    def __init__(
        self, *, model: ModelService, guilds: GuildStore, cases: CaseStore, clock: Clock, text_days: int
    ) -> None:
        self._model = model
        self._guilds = guilds
        self._cases = cases
        self._clock = clock
        self._text_kept = timedelta(days=text_days)

    async def standing(self, message: IncomingMessage) -> Case | None:
        """The case on this revision of the message."""
        case = await self._cases.of_message(guild_id=message.guild_id, message_id=message.message_id)
        return case if case is not None and case.revision == message.revision else None

    async def scored(self, message: IncomingMessage, *, must: bool) -> Scored:
        """The scores and reasons; without `must` none while the model is away, else that raises ModelError."""
        if not message.parts:
            return Scored()
        rules = await self._guilds.get(message.guild_id)
        texts = [hide_words(part.text, rules.fine_words) for part in message.parts]
        try:
            predictions = await self._model.classify(texts, guild_id=message.guild_id, priority="live")
        except ModelError as error:
            if must:
                raise
            log.warning("asked_unscored", message_id=message.message_id, why=type(error).__name__)
            return Scored()
        return Scored(tuple(predictions), decide(message, predictions, rules).reasons)

    async def open(self, message: IncomingMessage, scored: Scored, *, why: Why) -> Case:
        """The case on the message; one that somebody opened meanwhile is that one."""
        now = self._clock.now()
        decision = Decision(opens=why, reasons=scored.reasons)
        new = NewCase.of(message, scored.predictions, decision, opened_at=now, text_expires_at=now + self._text_kept)
        case, _ = await self._cases.open(new, ())
        return case
