"""The pass: a message is scored, decided, recorded, acted on, and the outcome is recorded.

The order is what keeps it honest: the case with its actions as `pending` rows is written before anything is done to
anyone, so a crash at any point leaves rows that `settle` finishes, and a replayed event finds its case and does no
more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog

from bot.core.cases import Case, NewCase
from bot.core.events import IncomingMessage
from bot.core.grouping import lead_of, same_text
from bot.core.guild_rules import GuildRules
from bot.core.keywords import asks_for_care, find_keywords, hide_words
from bot.core.policy import NOTHING, Decision, decide, withhold
from bot.flow.acting import Acting
from bot.flow.alarms import Alarms
from bot.flow.audit import Audit
from bot.flow.breaker import Breaker
from bot.flow.cards import CardDesk
from bot.flow.gone import Gone
from bot.flow.ports import Clock, ModelService
from bot.flow.trouble import Trouble
from bot.store.cases import CaseStore
from bot.store.grouping import GroupStore
from bot.store.guilds import GuildStore
from bot.store.predictions import PredictionStore, unread_why
from moderation_model.contract import Prediction
from moderation_model.errors import BadRequest, ModelError

log = structlog.get_logger(__name__)

STALE_AFTER = timedelta(hours=1)
"""What was written longer ago than this, and is found only now, opens a case and is not acted on by itself."""

PassOutcome = Literal["decided", "unscored", "replayed", "exempt", "empty"]


@dataclass(frozen=True, slots=True)
class Passed:
    """How one message went through the pass. `predictions` follow `message.parts`; `failure`: why there are none.
    `milliseconds` is the whole pass.
    """

    message: IncomingMessage
    outcome: PassOutcome
    predictions: tuple[Prediction, ...] = ()
    decision: Decision = NOTHING
    case: Case | None = None
    failure: ModelError | None = None
    milliseconds: float = 0.0


class Moderate:
    """The pass over one message, and `settle` after a crash. What is left unscored is `rescoring.py`'s."""

    def __init__(
        self,
        *,
        model: ModelService,
        acting: Acting,
        guilds: GuildStore,
        predictions: PredictionStore,
        cases: CaseStore,
        groups: GroupStore,
        desk: CardDesk,
        audit: Audit,
        gone: Gone,
        breaker: Breaker,
        alarms: Alarms,
        trouble: Trouble,
        clock: Clock,
        text_days: int,
        observe: Callable[[Passed], None],
    ) -> None:
        self._model = model
        self._acting = acting
        self._guilds = guilds
        self._predictions = predictions
        self._cases = cases
        self._groups = groups
        self._desk = desk
        self._audit = audit
        self._gone = gone
        self._breaker = breaker
        self._alarms = alarms
        self._trouble = trouble
        self._clock = clock
        self._text_kept = timedelta(days=text_days)
        self._observe = observe
        self._opening = asyncio.Lock()
        self.left_unscored = asyncio.Event()
        """Set when a message was left unscored that is worth another try."""
        self.model_answered = asyncio.Event()
        """Set when the model scored something."""

    async def handle(self, message: IncomingMessage, *, priority: str = "live") -> Passed:
        """Pass one message. Raises StoreUnavailable only; everything else ends in an outcome that is recorded."""
        started = time.perf_counter()
        passed = await self._pass(message, priority)
        passed = replace(passed, message=message, milliseconds=(time.perf_counter() - started) * 1000)
        self._observe(passed)
        return passed

    async def _pass(self, message: IncomingMessage, priority: str) -> Passed:
        rules = await self._guilds.get(message.guild_id)
        if rules.exempts(message):
            return Passed(message, "exempt")
        if not rules.read_titles:
            message = replace(message, parts=tuple(part for part in message.parts if part.kind != "title"))
        if not message.parts:
            return Passed(message, "empty")
        if await self._predictions.seen(message_id=message.message_id, revision=message.revision):
            return Passed(message, "replayed")
        hits = find_keywords(message.text, rules.keywords)
        try:
            texts = [hide_words(part.text, rules.fine_words) for part in message.parts]
            predictions = await self._model.classify(texts, guild_id=message.guild_id, priority=priority)
        except ModelError as error:
            passed = await self._leave_unscored(message, error)
            # Keywords and what asks for care are what is left while the model is away.
            rules = await self._guilds.get(message.guild_id)
            decision = decide(message, (), rules, asks_for_care=asks_for_care(message.text), keywords=hits)
            if not decision.opens:
                return passed
            return replace(await self._open_and_act(message, (), decision), failure=error)
        self._trouble.model_answered()
        self.model_answered.set()
        # Anew: somebody may have pressed pause while the message was scored.
        rules = await self._guilds.get(message.guild_id)
        decision = decide(
            message,
            predictions,
            rules,
            asks_for_care=asks_for_care(message.text),
            keywords=hits,
            confirmed=await self._confirmed(message, rules),
        )
        if message.revision and decision.opens == "flagged":
            decision = await self._after_edit(message, decision)
        if self._clock.now() - written_at(message) > STALE_AFTER:
            decision = withhold(decision, "over an hour old: nothing done") if decision.actions else decision
        if decision.opens is None:
            fresh = await self._record(message, predictions)
            # What people vent is nobody's to check.
            if fresh and not rules.hears_only_help(message):
                await self._audit.consider(message, predictions, decision)
                if self._gone.knows(message.message_id):
                    await self._audit.drop(guild_id=message.guild_id, message_ids=[message.message_id])
            return Passed(message, "decided" if fresh else "replayed", tuple(predictions), decision)
        return await self._open_and_act(message, predictions, decision)

    async def _open_and_act(
        self, message: IncomingMessage, predictions: Sequence[Prediction], decision: Decision
    ) -> Passed:
        rules = await self._guilds.get(message.guild_id)
        async with self._opening:
            limited = await self._breaker.limit(message, decision)
            decision = limited.decision
            lead_id = await self._lead_for(message, decision, rules)
            new = self.new_case(message, predictions, decision, lead_id=lead_id)
            case, created = await self._cases.open(new, decision.actions)
        if predictions:
            await self._record(message, predictions)
        if created:
            case = await self._gone.after_opening(await self._acting.perform(case))
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.lead_id or case.case_id)
        await self._alarms.tell(message.guild_id, limited)
        return Passed(message, "decided" if created else "replayed", tuple(predictions), decision, case)

    async def _after_edit(self, message: IncomingMessage, decision: Decision) -> Decision:
        """What was called fine is not flagged again for a changed letter; nobody is warned twice for a message."""
        before = await self._cases.of_message(guild_id=message.guild_id, message_id=message.message_id)
        if before is None or before.revision == message.revision:
            return decision
        fine = bool(before.votes) and before.votes[-1].verdict == "fine"
        if fine and same_text(before.text, message.text) and not decision.ping:
            return NOTHING
        done = {record.action.kind for record in before.actions if record.state in ("done", "pending")} - {"delete"}
        return replace(decision, actions=tuple(action for action in decision.actions if action.kind not in done))

    async def _confirmed(self, message: IncomingMessage, rules: GuildRules) -> int:
        if not rules.escalation:
            return 0
        since = self._clock.now() - timedelta(days=rules.escalation_days)
        return await self._cases.confirmed(guild_id=rules.guild_id, author_id=message.author.user_id, since=since)

    async def _lead_for(self, message: IncomingMessage, decision: Decision, rules: GuildRules) -> int | None:
        """The case whose card also stands for this message."""
        if decision.opens != "flagged":
            return None
        since = self._clock.now() - timedelta(minutes=rules.window_minutes)
        cards = await self._groups.cards(
            guild_id=rules.guild_id, since=since, text=message.text, author_id=message.author.user_id
        )
        return lead_of(message, decision, cards)

    def new_case(
        self,
        message: IncomingMessage,
        predictions: Sequence[Prediction],
        decision: Decision,
        *,
        lead_id: int | None = None,
    ) -> NewCase:
        """The case that `decision` opens on `message`."""
        now = self._clock.now()
        return NewCase.of(
            message, predictions, decision, opened_at=now, text_expires_at=now + self._text_kept, lead_id=lead_id
        )

    async def _record(self, message: IncomingMessage, predictions: Sequence[Prediction]) -> bool:
        unread = unread_why(predictions)
        return await self._predictions.record(
            message, () if unread else predictions, at=self._clock.now(), unscored_why=unread, retry=False
        )

    async def _leave_unscored(self, message: IncomingMessage, error: ModelError) -> Passed:
        why = type(error).__name__
        # A text that the server refuses is refused again.
        retry = not isinstance(error, BadRequest)
        log.warning("unscored", message_id=message.message_id, guild_id=message.guild_id, why=why)
        await self._predictions.record(message, (), at=self._clock.now(), unscored_why=why, retry=retry)
        if retry:
            self._trouble.model_failed(message.guild_id)
            self.left_unscored.set()
        return Passed(message, "unscored", failure=error)

    async def settle(self, *, planned_before: datetime) -> int:
        """After a start: finish the actions that an earlier run left `pending`; how many."""
        return await self._acting.settle(planned_before=planned_before)


def written_at(message: IncomingMessage) -> datetime:
    """When the message got the text that it has: when it was posted, or edited last."""
    return datetime.fromtimestamp(message.revision / 1000, UTC) if message.revision else message.created_at
