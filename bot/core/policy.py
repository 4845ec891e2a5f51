"""`decide`: a prediction and a guild's rules become actions with their reasons. Pure; nothing has happened yet.

The law by which actions combine: every label that reaches a limit adds its action; of two actions of one kind the
stronger stays (the longer timeout); they are performed in the order warn, timeout, delete, so that the member is told
before the text is gone. In shadow mode and while paused the actions are kept in `withheld` and none is performed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.events import IncomingMessage, PartKind
from bot.core.guild_rules import GuildRules, LabelRule
from moderation_model.contract import Prediction
from moderation_model.labels import label


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell the author by direct message."""

    kind: Literal["warn"] = "warn"


@dataclass(frozen=True, slots=True)
class Timeout:
    """Keep the author from writing for `seconds`, at most 28 days."""

    seconds: int
    kind: Literal["timeout"] = "timeout"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the message."""

    kind: Literal["delete"] = "delete"


Action = Warn | Timeout | Delete
"""What may be done to a message or its author. A case and its card are no action: nothing happens to anybody."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: `score` reached `limit` for `label` in a `part` of the message, under the guild's or the model's rule."""

    label: str
    score: float
    limit: float
    rule: Literal["model", "guild"]
    reading: str
    model_version: str
    part: PartKind


def headline(reasons: Collection[Reason]) -> Reason:
    """The reason that names a case and is explained: of the most severe label, then of the highest score."""
    return max(reasons, key=lambda reason: (label(reason.label).severity, reason.score))


Why = Literal["flagged", "care", "reported", "audit"]


@dataclass(frozen=True, slots=True)
class Decision:
    """`opens`: why a case is opened, None for no case. `reasons`: highest score first. `ping`: call people now.

    `withheld`: actions that the limits ask for and shadow mode, a pause or a cap keeps from happening, with
    `withheld_why` as a sentence for the card.
    """

    opens: Why | None = None
    reasons: tuple[Reason, ...] = ()
    actions: tuple[Action, ...] = ()
    withheld: tuple[Action, ...] = ()
    withheld_why: str | None = None
    ping: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the reasons, highest score first."""
        return tuple(reason.label for reason in self.reasons)


NOTHING = Decision()


def decide(
    message: IncomingMessage, predictions: Sequence[Prediction], rules: GuildRules, *, asks_for_care: bool = False
) -> Decision:
    """What follows from the predictions of the message's parts (same order as `message.parts`).

    A part in a script that the model does not read accuses nobody. A message that asks for care opens a care case:
    it is never `toxic`, and nothing is done to its author automatically, whatever else it holds; a threat in it still
    calls people.
    """
    reasons = _reasons(message, predictions, rules)
    if asks_for_care:
        return _care(tuple(reason for reason in reasons if reason.label != "toxic"), rules)
    if not any(rules.rule(reason.label).opens_case for reason in reasons):
        return NOTHING
    actions = _combine(_asked(reasons, rules))
    if message.by_webhook:
        actions = tuple(action for action in actions if isinstance(action, Delete))
    decision = Decision(opens="flagged", reasons=reasons, actions=actions, ping=_calls(reasons))
    if rules.shadow:
        return withhold(decision, "shadow mode: nothing is done")
    if rules.paused:
        return withhold(decision, "paused: nothing is done")
    return decision


def withhold(decision: Decision, why: str) -> Decision:
    """The same decision with every action withheld for `why`."""
    return Decision(
        opens=decision.opens,
        reasons=decision.reasons,
        withheld=(*decision.withheld, *decision.actions),
        withheld_why=why,
        ping=decision.ping,
    )


@dataclass(frozen=True, slots=True)
class Recent:
    """What was done automatically in the guild in the last minute; the counts include no withheld action."""

    actions: int = 0
    members_by_label: dict[str, int] | None = None


MAX_ACTIONS_A_MINUTE = 30
MAX_MEMBERS_A_MINUTE = 10
"""A label that hits more different members than this within a minute stops acting: it is a raid or a broken model, and
both want a person. Cases are still opened."""


def within_limits(decision: Decision, recent: Recent) -> Decision:
    """`decision`, its actions withheld where the last minute already saw too many."""
    if not decision.actions:
        return decision
    if recent.actions >= MAX_ACTIONS_A_MINUTE:
        return withhold(decision, f"held back: {MAX_ACTIONS_A_MINUTE} automatic actions within a minute")
    hit = recent.members_by_label or {}
    for name in decision.labels:
        if hit.get(name, 0) >= MAX_MEMBERS_A_MINUTE:
            return withhold(decision, f"held back: {name} hit {MAX_MEMBERS_A_MINUTE} members within a minute")
    return decision


def _care(reasons: tuple[Reason, ...], rules: GuildRules) -> Decision:
    if any(rules.rule(reason.label).opens_case for reason in reasons):
        flagged = Decision(
            opens="flagged", reasons=reasons, actions=_combine(_asked(reasons, rules)), ping=_calls(reasons)
        )
        return withhold(flagged, "reads like a cry for help: nothing is done")
    return Decision(opens="care") if rules.care else NOTHING


def _reasons(message: IncomingMessage, predictions: Sequence[Prediction], rules: GuildRules) -> tuple[Reason, ...]:
    best: dict[str, Reason] = {}
    for part, prediction in zip(message.parts, predictions, strict=True):
        if not prediction.readable:
            continue
        for name, score in prediction.scores.items():
            rule = rules.rule(name)
            limit = _flag_limit(rule, prediction.thresholds.get(name, 1.0))
            if score < limit or (name in best and best[name].score >= score):
                continue
            best[name] = Reason(
                label=name,
                score=score,
                limit=limit,
                rule="model" if limit == prediction.thresholds.get(name) else "guild",
                reading=prediction.reading,
                model_version=prediction.model_version,
                part=part.kind,
            )
    return tuple(sorted(best.values(), key=lambda reason: -reason.score))


def _flag_limit(rule: LabelRule, model_limit: float) -> float:
    """Where the label is flagged: at its limit, or at a lower one on which an action was asked for."""
    asked = [limit for limit in (rule.warn_at, rule.timeout_at, rule.delete_at) if limit is not None]
    return min([model_limit if rule.flag_at is None else rule.flag_at, *asked])


def _calls(reasons: Iterable[Reason]) -> bool:
    return any(reason.label == "threat" for reason in reasons)


def _asked(reasons: Iterable[Reason], rules: GuildRules) -> Iterable[Action]:
    for reason in reasons:
        rule = rules.rule(reason.label)
        if rule.warn_at is not None and reason.score >= rule.warn_at:
            yield Warn()
        if rule.timeout_at is not None and reason.score >= rule.timeout_at:
            yield Timeout(rule.timeout_seconds)
        if rule.delete_at is not None and reason.score >= rule.delete_at:
            yield Delete()


def _combine(asked: Iterable[Action]) -> tuple[Action, ...]:
    strongest: dict[str, Action] = {}
    for action in asked:
        held = strongest.get(action.kind)
        if isinstance(action, Timeout) and isinstance(held, Timeout) and held.seconds >= action.seconds:
            continue
        strongest[action.kind] = action
    return tuple(strongest[kind] for kind in ("warn", "timeout", "delete") if kind in strongest)
