"""The pass: a message is scored, decided, recorded, acted on, and the outcome is recorded.

The order is what keeps it honest: the case with its actions as `pending` rows is written before anything is done to
anyone, so a crash at any point leaves rows that `settle` finishes, and a replayed event finds its case and does no
more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog

from bot.core.away import late, written_at
from bot.core.budget import never_waits
from bot.core.cases import Case, NewCase
from bot.core.events import IncomingMessage
from bot.core.grouping import lead_of, same_text
from bot.core.guild_rules import GuildRules
from bot.core.keywords import asks_for_care, find_keywords, hide_words
from bot.core.policy import NOTHING, Decision, decide, withhold
from bot.flow.acting import Acting
from bot.flow.alarms import Alarms
from bot.flow.audit import Audit
from bot.flow.breaker import Breaker, Limited
from bot.flow.cards import CardDesk
from bot.flow.gone import Gone
from bot.flow.laps import Laps, Stage
from bot.flow.ports import Clock, ModelService
from bot.flow.trouble import Trouble
from bot.store.cases import CaseStore
from bot.store.grouping import GroupStore
from bot.store.guilds import GuildStore
from bot.store.predictions import PredictionStore, unread_why
from moderation_model.contract import Prediction
from moderation_model.errors import BadRequest, ModelError

log = structlog.get_logger(__name__)

PassOutcome = Literal["decided", "unscored", "replayed", "exempt", "empty", "spooled"]


@dataclass(frozen=True, slots=True)
class Passed:
    """How one message went through the pass. `predictions` follow `message.parts`; `failure`: why there are none.
    `milliseconds` is the whole pass, `stages` the seconds of its stages.
    """

    message: IncomingMessage
    outcome: PassOutcome
    predictions: tuple[Prediction, ...] = ()
    decision: Decision = NOTHING
    case: Case | None = None
    failure: ModelError | None = None
    milliseconds: float = 0.0
    stages: Mapping[Stage, float] = field(default_factory=dict)


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
        self._newest = datetime.min.replace(tzinfo=UTC)
        self.left_unscored = asyncio.Event()
        """Set when a message was left unscored that is worth another try."""
        self.model_answered = asyncio.Event()
        """Set when the model scored something."""

    async def handle(self, message: IncomingMessage, *, priority: str = "live", weigh: bool = True) -> Passed:
        """Pass one message. Raises StoreUnavailable only; everything else ends in an outcome that is recorded.

        Without `weigh` a case's card is left to `CardDesk.catch_up`, which weighs many at once, unless it never waits.
        """
        laps = Laps()
        passed = await self._pass(message, priority, weigh, laps)
        passed = replace(passed, message=message, milliseconds=laps.milliseconds, stages=laps.seconds)
        self._observe(passed)
        return passed

    async def _pass(self, message: IncomingMessage, priority: str, weigh: bool, laps: Laps) -> Passed:
        self._newest = max(self._newest, message.created_at)
        rules = await self._guilds.get(message.guild_id)
        if rules.exempts(message):
            return Passed(message, "exempt")
        message = looked_at(message, rules)
        if not message.parts:
            return Passed(message, "empty")
        if await self._predictions.seen(message_id=message.message_id, revision=message.revision):
            return Passed(message, "replayed")
        hits = find_keywords(message.text, rules.keywords)
        laps.end("rules")
        try:
            predictions = await self._scores(message, rules, priority)
        except ModelError as error:
            passed = await self._leave_unscored(message, error, laps)
            # Keywords and what asks for care are what is left while the model is away.
            rules = await self._guilds.get(message.guild_id)
            decision = decide(message, (), rules, asks_for_care=asks_for_care(message.text), keywords=hits)
            if not decision.opens:
                return passed
            decision = self._in_time(message, decision, rules)
            return replace(await self._open_and_act(message, (), decision, weigh, laps), failure=error)
        laps.end("model")
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
        decision = self._in_time(message, decision, rules)
        laps.end("decide")
        if decision.opens is None:
            fresh = await self._record(message, predictions)
            # What people vent is nobody's to check.
            if fresh and not rules.hears_only_help(message):
                await self._audit.consider(message, predictions, decision)
                if self._gone.knows(message.message_id):
                    await self._audit.drop(guild_id=message.guild_id, message_ids=[message.message_id])
            laps.end("store")
            return Passed(message, "decided" if fresh else "replayed", tuple(predictions), decision)
        return await self._open_and_act(message, predictions, decision, weigh, laps)

    async def unrecorded(self, message: IncomingMessage, rules: GuildRules, *, priority: str) -> Decision:
        """What `rules` say of the message while nothing can be written down: every action is withheld."""
        message = looked_at(message, rules)
        if rules.exempts(message) or not message.parts:
            return NOTHING
        try:
            predictions = await self._scores(message, rules, priority)
        except ModelError:
            predictions = []
        cry, hits = asks_for_care(message.text), find_keywords(message.text, rules.keywords)
        decision = decide(message, predictions, rules, asks_for_care=cry, keywords=hits)
        return withhold(decision, "the database is away: nothing done")

    async def _scores(self, message: IncomingMessage, rules: GuildRules, priority: str) -> list[Prediction]:
        texts = [hide_words(part.text, rules.fine_words) for part in message.parts]
        return await self._model.classify(texts, guild_id=message.guild_id, priority=priority)

    def _now(self) -> datetime:
        """Now, but not before what Discord's own clock has shown: ours may have gone back."""
        return max(self._clock.now(), self._newest)

    async def _open_and_act(
        self, message: IncomingMessage, found: Sequence[Prediction], decision: Decision, weigh: bool, laps: Laps
    ) -> Passed:
        rules = await self._guilds.get(message.guild_id)
        async with self._opening:
            # A raid or a label's fault of long ago is no reason to stop or to call anybody now.
            old = self._is_late(message, rules)
            limited = Limited(decision) if old else await self._breaker.limit(message, decision)
            decision = limited.decision
            lead_id = await self._lead_for(message, decision, rules)
            new = self.new_case(message, found, decision, lead_id=lead_id)
            case, created = await self._cases.open(new, decision.actions)
        if found:
            await self._record(message, found)
        laps.end("store")
        if created:
            case = await self._gone.after_opening(await self._acting.perform(case))
            laps.end("act")
        if created and (weigh or never_waits(case)):
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.lead_id or case.case_id)
        await self._alarms.tell(message.guild_id, limited)
        return Passed(message, "decided" if created else "replayed", tuple(found), decision, case)

    def _is_late(self, message: IncomingMessage, rules: GuildRules) -> bool:
        written = written_at(message.revision, message.created_at)
        return late(found=self._now(), written=written, minutes=rules.act_within_minutes)

    def _in_time(self, message: IncomingMessage, decision: Decision, rules: GuildRules) -> Decision:
        """Nothing is done about what is found long after it was written."""
        if not decision.actions or not self._is_late(message, rules):
            return decision
        minutes = rules.act_within_minutes
        return withhold(decision, f"over {'an hour' if minutes == 60 else f'{minutes} min'} old: nothing done")

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

    async def _leave_unscored(self, message: IncomingMessage, error: ModelError, laps: Laps) -> Passed:
        laps.end("model")
        why = type(error).__name__
        # A text that the server refuses is refused again.
        retry = not isinstance(error, BadRequest)
        # While the model is away its state is in the log; a line for each message would bury that.
        say = log.debug if retry else log.warning
        say("unscored", message_id=message.message_id, guild_id=message.guild_id, why=why)
        await self._predictions.record(message, (), at=self._clock.now(), unscored_why=why, retry=retry)
        laps.end("store")
        if retry:
            self._trouble.model_failed(message.guild_id)
            self.left_unscored.set()
        return Passed(message, "unscored", failure=error)

    async def settle(self) -> int:
        """After a start: finish the actions that an earlier run left `pending`; how many."""
        return await self._acting.settle()

    async def keep_settling(self) -> None:
        """The same from then on, for what is left `pending` by any process; until cancelled."""
        await self._acting.run()


def looked_at(message: IncomingMessage, rules: GuildRules) -> IncomingMessage:
    """The message without the parts that the guild does not want looked at."""
    if rules.read_titles:
        return message
    return replace(message, parts=tuple(part for part in message.parts if part.kind != "title"))
