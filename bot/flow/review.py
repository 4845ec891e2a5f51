"""Moderators review: verdicts, undo, and questions about a message or a text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.core.actions import Kick
from bot.core.cases import Case, VerdictKind, Vote
from bot.core.events import IncomingMessage, Person, TextPart
from bot.core.feedback import answers
from bot.core.grouping import same_text
from bot.core.keywords import asks_for_care, find_keywords, hide_words
from bot.core.policy import Action, Decision, decide, explained
from bot.errors import BoardUnavailable, NotAllowed
from bot.flow.cards import CardDesk
from bot.flow.disputes import close_or_ask
from bot.flow.ports import Clock, ModelService
from bot.flow.telling import Deed, Telling
from bot.flow.undoing import Undoing, Undone
from bot.store.appeals import AppealStore
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from moderation_model.contract import Explanation, Prediction
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

VERDICT_SENTENCES: dict[VerdictKind, str] = {
    "breaks_rules": "Recorded: it breaks the rules.",
    "fine": "Recorded: it's fine.",
    "skip": "Skipped. The case is closed without a verdict.",
    "other_reason": "Recorded: removed for another reason. The model learns nothing from it.",
}


APPEAL_SENTENCES = {
    "upheld": "The appeal is turned down: what was done stays.",
    "overturned": "The appeal is granted.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person is told, and the case as it stands now."""

    sentence: str
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What would happen to a text. `explanation` is None where nothing was flagged or explanations are away; `reads`
    are the model's languages where it does not read this one.
    """

    prediction: Prediction
    decision: Decision
    explanation: Explanation | None
    reads: tuple[str, ...] = ()


class Review:
    """Everything that a person asks of a case."""

    def __init__(
        self,
        *,
        model: ModelService,
        telling: Telling,
        guilds: GuildStore,
        cases: CaseStore,
        labels: LabelStore,
        appeals: AppealStore,
        desk: CardDesk,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._model = model
        self._telling = telling
        self._guilds = guilds
        self._cases = cases
        self._labels = labels
        self._appeals = appeals
        self._desk = desk
        self._clock = clock
        self._text_kept = timedelta(days=text_days)

    async def case(self, *, guild_id: int, case_id: int) -> Case:
        """The case. Raises CaseNotFound, also for a case of another guild."""
        return await self._cases.get(guild_id=guild_id, case_id=case_id)

    async def of_message(self, *, guild_id: int, message_id: int) -> Case | None:
        """The newest case on the message."""
        return await self._cases.of_message(guild_id=guild_id, message_id=message_id)

    async def vote(
        self,
        *,
        guild_id: int,
        case_id: int,
        moderator: Person,
        verdict: VerdictKind,
        chosen: Collection[str] | None = None,
    ) -> Reply:
        """Record the verdict on the case and on those that share its card; "fine" undoes what was done.

        Where the case's author appeals, the verdict is the answer, and only about that author's cases. Raises
        CaseNotFound and NotAllowed.
        """
        group = await self.group(guild_id=guild_id, case_id=case_id, moderator=moderator)
        appealed = group[-1].appeal is not None and group[-1].appeal.state == "open"
        if appealed and verdict == "skip":
            raise NotAllowed("Somebody waits for an answer to this appeal, so it cannot be skipped.")
        if appealed:
            group = [case for case in group if case.author_id == group[-1].author_id]
        sentences = [VERDICT_SENTENCES[verdict]]
        deeds: list[Deed] = []
        for case in group:
            await self.record_vote(case, moderator, verdict, chosen)
        undone = await self._undoing(moderator).undo(group) if verdict == "fine" else Undone()
        sentences += undone.sentences
        for case in group:
            if verdict == "fine" and (_hit(case) or (case is group[-1] and appealed)):
                deeds.append(Deed(case, undone.of(case)))
            now = self._clock.now()
            sentences += await close_or_ask(
                case, moderator, final=appealed, cases=self._cases, labels=self._labels, at=now, kept=self._text_kept
            )
        if appealed:
            sentences += await self._answer_appeal(group[-1], moderator, verdict, deeds)
        else:
            sentences += await self._telling.undone(deeds, about="fine", by=moderator.name)
        return await self.reply(guild_id, case_id, sentences)

    async def undo(self, *, guild_id: int, case_id: int, moderator: Person) -> Reply:
        """Take back what the case did and the moderator's own verdict, and open the case again.

        Raises CaseNotFound and NotAllowed.
        """
        group = await self.group(guild_id=guild_id, case_id=case_id, moderator=moderator)
        undone = await self._undoing(moderator).undo(group)
        deeds = [Deed(case, undone.of(case)) for case in group if undone.of(case)]
        for case in group:
            if any(vote.moderator_id == moderator.user_id for vote in case.votes):
                await self._labels.withdraw(case_id=case.case_id, moderator_id=moderator.user_id)
            await self._cases.reopen(case_id=case.case_id)
        untold = await self._telling.undone(deeds, about="undone", by=moderator.name)
        return await self.reply(guild_id, case_id, [*undone.sentences, "The case is open again.", *untold])

    @staticmethod
    def would_undo(case: Case) -> tuple[Action, ...]:
        """The actions that "It's fine" and Undo would take back, on all cases of the card. A kick stays."""
        done = (record.action for record in (*case.actions, *case.follower_actions) if record.state == "done")
        return tuple(action for action in done if not isinstance(action, Kick))

    async def check(self, *, guild_id: int, text: str) -> Checked:
        """What the model and this guild's rules say of `text`, without recording anything. Raises ModelError."""
        rules = await self._guilds.get(guild_id)
        scored = hide_words(text, rules.fine_words)
        prediction = (await self._model.classify([scored], guild_id=guild_id, priority="live"))[0]
        now = self._clock.now()
        message = IncomingMessage(
            guild_id=guild_id,
            channel_id=0,
            channel_name="",
            message_id=0,
            revision=0,
            author=Person(0, ""),
            parts=(TextPart("content", text),),
            created_at=now,
            seen_at=now,
            jump_url="",
        )
        hits = find_keywords(text, rules.keywords)
        decision = decide(message, [prediction], rules, asks_for_care=asks_for_care(text), keywords=hits)
        explanation = None
        reason = explained(decision.reasons)
        if reason is not None:
            try:
                explanation = await self._model.explain(scored, label=reason.label)
            except ModelError as error:
                log.warning("not_explained", guild_id=guild_id, why=type(error).__name__)
        reads = () if prediction.readable else (await self._model.info()).languages
        return Checked(prediction, decision, explanation, reads)

    async def group(self, *, guild_id: int, case_id: int, moderator: Person) -> list[Case]:
        """The cases of one card, the one with the card last: what fails half-way can be pressed again.

        Raises CaseNotFound, and NotAllowed where the moderator is an author or the text is no longer kept.
        """
        lead = await self._cases.get(guild_id=guild_id, case_id=case_id)
        if lead.state == "closed" and lead.text is None:
            raise NotAllowed(f"The text of case {case_id} is no longer kept, so nothing can be changed about it.")
        group = [*await self._cases.followers(case_id=case_id), lead]
        if any(case.author_id == moderator.user_id for case in group):
            raise NotAllowed("Nobody decides a case about their own message. Please ask another moderator.")
        return group

    async def record_vote(
        self, case: Case, moderator: Person, verdict: VerdictKind, chosen: Collection[str] | None = None
    ) -> None:
        """Keep the moderator's answer on one case, an earlier one of theirs is replaced. The case stays as it is.

        Other words on a shared card were not what the moderator read first: they say nothing about the model.
        """
        labels = answers(verdict, case.reasons, chosen=chosen)
        if case.lead_id is not None:
            lead = await self._cases.get(guild_id=case.guild_id, case_id=case.lead_id)
            labels = labels if same_text(case.text, lead.text) else answers("skip", case.reasons)
        vote = Vote(
            case_id=case.case_id,
            moderator_id=moderator.user_id,
            verdict=verdict,
            labels=labels,
            model_version=case.model_version,
            at=self._clock.now(),
        )
        await self._labels.vote(vote, scores=case.scores or {})

    def _undoing(self, moderator: Person) -> Undoing:
        return Undoing(by=moderator.name, enforcer=self._telling, cases=self._cases, clock=self._clock)

    async def _answer_appeal(
        self, case: Case, moderator: Person, verdict: VerdictKind, deeds: Sequence[Deed]
    ) -> Sequence[str]:
        """Write down how the appeal ended and tell the member; sentences for the moderator."""
        state = "overturned" if verdict == "fine" else "upheld"
        now = self._clock.now()
        first = await self._appeals.decide(
            case_id=case.case_id, state=state, by=moderator.user_id, at=now, text_expires_at=now + self._text_kept
        )
        if not first:
            return ()
        untold = await self._telling.undone(deeds or [Deed(case, ())], about=state, by=moderator.name)
        return (APPEAL_SENTENCES[state], *(untold or ["The member is told."]))

    async def reply(self, guild_id: int, case_id: int, sentences: Sequence[str]) -> Reply:
        """The sentences for the moderator, each once, with the case as its card shows it now."""
        try:
            case = await self._desk.refresh(guild_id=guild_id, case_id=case_id)
        except BoardUnavailable as error:
            # The verdict stands; only the card is stale.
            return Reply(" ".join([*dict.fromkeys(sentences), str(error)]))
        return Reply(" ".join(dict.fromkeys(sentences)), case)


def _hit(case: Case) -> bool:
    """Whether anything was done to the message or its author that stands."""
    return any(record.state == "done" for record in case.actions)
