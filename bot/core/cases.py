"""Cases, actions and verdicts as the store returns them: frozen, with nothing of SQL in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.core.appeals import Appeal
from bot.core.events import IncomingMessage, Subject
from bot.core.guild_rules import MAX_TIMEOUT_SECONDS
from bot.core.policy import Action, Decision, Reason, Timeout, Why
from moderation_model.contract import Explanation, Prediction, Sentiment

CaseState = Literal["open", "closed"]
ActionState = Literal["pending", "done", "refused", "failed", "expired", "undone"]
Answer = Literal["right", "wrong", "missing", "unknown"]
VerdictKind = Literal["breaks_rules", "fine", "skip", "other_reason"]
Flagger = Literal["champion", "challenger"]
"""The model that decides, and the one that is only being checked."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case about to be opened. `text`, `author_name` and `reply_to` (whom and what the message answers) are encrypted
    by the store, dropped at `text_expires_at`.

    `scores`, `sentiment`, `reading` and `model_version` are None where the message could not be scored (a report while
    the model is down). `inclusion_probability` is 1.0 for what was flagged or reported. `unkept`: its text is not
    stored, and only compared.
    """

    guild_id: int
    channel_id: int
    message_id: int
    revision: int
    author_id: int
    author_name: str = field(repr=False)
    opened_why: Why
    text: str = field(repr=False)
    jump_url: str
    posted_at: datetime
    opened_at: datetime
    text_expires_at: datetime
    author_joined_at: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    scores: Mapping[str, float] | None = None
    sentiment: Sentiment | None = None
    reading: str | None = None
    model_version: str | None = None
    forwarded: bool = False
    withheld: tuple[Action, ...] = ()
    withheld_why: str | None = None
    ping: bool = False
    lead_id: int | None = None
    inclusion_probability: float = 1.0
    reply_to: tuple[str, str] | None = field(default=None, repr=False)
    subject: Subject = "message"
    unkept: bool = False

    @classmethod
    def of(
        cls,
        message: IncomingMessage,
        predictions: Sequence[Prediction],
        decision: Decision,
        *,
        opened_at: datetime,
        text_expires_at: datetime,
        lead_id: int | None = None,
    ) -> NewCase:
        """The case that `decision` (with `opens` set) opens on `message`; predictions follow its parts, or are none.

        Scores are the highest by label over the parts that could be read, sentiment is the first part's.
        """
        assert decision.opens is not None, "a decision without a case opens none"
        scores: dict[str, float] = {}
        for prediction in predictions:
            for name, score in prediction.scores.items() if prediction.readable else ():
                scores[name] = max(score, scores.get(name, 0.0))
        first = predictions[0] if predictions else None
        return cls(
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            message_id=message.message_id,
            revision=message.revision,
            author_id=message.author.user_id,
            author_name=message.author.name,
            opened_why=decision.opens,
            text=message.text,
            jump_url=message.jump_url,
            posted_at=message.created_at,
            opened_at=opened_at,
            text_expires_at=text_expires_at,
            author_joined_at=message.author.joined_at,
            reasons=decision.reasons,
            scores=scores or None,
            sentiment=first.sentiment if first else None,
            reading=decision.reasons[0].reading if decision.reasons else (first.reading if first else None),
            model_version=first.model_version if first else None,
            forwarded=message.forwarded,
            withheld=decision.withheld,
            withheld_why=decision.withheld_why,
            ping=decision.ping and lead_id is None,
            lead_id=lead_id,
            reply_to=message.reply_to,
            subject=message.subject,
        )


@dataclass(frozen=True, slots=True)
class CardRef:
    """Where a case's review card stands."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A message that was left unscored, by ids alone; `why` is the reason's short name."""

    guild_id: int
    channel_id: int
    message_id: int
    revision: int
    why: str


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action of one case. `by`: the moderator's id, None for the bot itself; `detail` says why it ended so; `at`:
    when it was decided."""

    action_id: int
    case_id: int
    action: Action
    state: ActionState
    by: int | None = None
    detail: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One moderator's verdict on one case. `labels`: answer by label, with the model version that predicted.

    A later vote of the same moderator replaces the earlier one.
    """

    case_id: int
    moderator_id: int
    verdict: VerdictKind
    labels: Mapping[str, Answer]
    model_version: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What a moderator wrote down about a case, for the other moderators."""

    moderator_id: int
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class OtherText:
    """What a case says that shares the card of another one."""

    author_id: int
    author_name: str | None = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """One member asked for a look. Who it was is for administrators alone."""

    reporter_id: int
    reason: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """A message somebody must or may look at, as stored. `text`, `author_name` and `reply_to` are None once dropped.

    `lead_id`: the open case whose card also stands for this one (the same text within the window), None for a case
    with a card of its own. `followers`: how many cases this card stands for beside its own; `follower_actions`: what
    was done or planned on those; `other_author_ids`: who wrote them, the case's own author left out. `reports`: how
    many members reported a message of the card; `report_reasons`: what they said, oldest first. `pinged`: people were
    called, or need not be (quiet hours, a raid). `second_opinion_by`: the moderator who answered and asks for another's
    answer. `appeal`: what the author wrote against it. `admitted_at`: when the card budget gave it a card;
    `queued_at`: since when it waits without one. `gone_at`: when it turned out that somebody else had deleted the
    message; `gone_follower_ids`: the cases beside it of which the same is known. `other_texts`: the newest different
    texts of the cases beside it, the newest last; `more_texts`: how many more. `subject`: what the case is about; of a
    nickname `message_id` is the member's id, of a title the thread's. `flagged_only_by`: two models scored it and this
    one alone flags it. `card_number`: how often its card was posted or taken away. `forgotten_at`: when the author
    asked to be forgotten. `unkept`: the server keeps no texts, so there never was one here (`text` is empty).
    """

    case_id: int
    guild_id: int
    channel_id: int
    message_id: int
    revision: int
    author_id: int
    author_name: str | None = field(repr=False)
    opened_why: Why
    state: CaseState
    text: str | None = field(repr=False)
    jump_url: str
    posted_at: datetime
    opened_at: datetime
    author_joined_at: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    scores: Mapping[str, float] | None = None
    sentiment: Sentiment | None = None
    reading: str | None = None
    model_version: str | None = None
    forwarded: bool = False
    withheld: tuple[Action, ...] = ()
    withheld_why: str | None = None
    ping: bool = False
    explanation: Explanation | None = field(default=None, repr=False)
    card: CardRef | None = None
    lead_id: int | None = None
    followers: int = 0
    follower_actions: tuple[ActionRecord, ...] = ()
    reports: int = 0
    report_reasons: tuple[str, ...] = field(default=(), repr=False)
    pinged: bool = False
    closed_at: datetime | None = None
    actions: tuple[ActionRecord, ...] = ()
    votes: tuple[Vote, ...] = ()
    reply_to: tuple[str, str] | None = field(default=None, repr=False)
    other_author_ids: frozenset[int] = frozenset()
    notes: tuple[Note, ...] = ()
    second_opinion_by: int | None = None
    appeal: Appeal | None = None
    admitted_at: datetime | None = None
    queued_at: datetime | None = None
    gone_at: datetime | None = None
    gone_follower_ids: frozenset[int] = frozenset()
    other_texts: tuple[OtherText, ...] = field(default=(), repr=False)
    more_texts: int = 0
    subject: Subject = "message"
    flagged_only_by: Flagger | None = None
    card_number: int = 0
    forgotten_at: datetime | None = None
    unkept: bool = False

    @property
    def closed_as_gone(self) -> bool:
        """Whether it closed by itself because somebody else deleted the message before anybody judged it."""
        return self.state == "closed" and self.gone_at is not None and not self.votes

    @property
    def decision(self) -> Decision:
        """The stored reasons as a decision again, without its actions."""
        return Decision(opens=self.opened_why, reasons=self.reasons, withheld_why=self.withheld_why)


def ends_at(case: Case, action: Timeout) -> datetime:
    """When this case's timeout ends."""
    return (action.since or case.opened_at) + timedelta(seconds=min(action.seconds, MAX_TIMEOUT_SECONDS))


@dataclass(frozen=True, slots=True)
class Background:
    """What a card says that is no part of its case.

    `titles`: the labels' titles with the guild's own names of its rules. `confirmed`: how many earlier cases of the
    author were confirmed within `confirmed_days`; `newest_confirmed`: the id of the newest, None where there is none.
    """

    titles: Mapping[str, str] = field(default_factory=dict)
    confirmed: int = 0
    newest_confirmed: int | None = None
    confirmed_days: int = 90


Waits = Why | Literal["second_opinion"]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; None: whatever. `label`: one that reached a limit.

    `admin_id`: the administrator who looks, and who alone is shown cases about staff, but none about himself.
    """

    why: Waits | None = None
    label: str | None = None
    state: CaseState | None = None
    author_id: int | None = None
    admin_id: int | None = None
