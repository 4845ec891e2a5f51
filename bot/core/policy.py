"""`decide`: a prediction and a guild's rules become actions with their reasons. Pure; nothing has happened yet.

The law by which actions combine: every label that reaches a limit adds its action; of two actions of one kind the
stronger stays (the longer timeout); they are performed in the order warn, timeout, delete, so that the member is told
before the text is gone. In shadow mode and while paused the actions are kept in `withheld` and none is performed. A
label's own mode holds back its actions alone. Between the limit at which a label is flagged and the one at which it
acts lies the doubt band: a case for people, and nothing happens to the member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.actions import Action, Asked, Delete, Timeout, Warn, escalated, sort_out, wanted
from bot.core.events import PART_TITLES, IncomingMessage, PartKind
from bot.core.guild_rules import GuildRules, LabelRule, places_of
from bot.core.keywords import KeywordHit
from moderation_model.contract import AS_WRITTEN, Prediction
from moderation_model.labels import LabelSpec, label


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: `score` reached `limit` for `label` in a `part` of the message, under the guild's or the model's rule.

    A keyword rule of the guild is a reason, too, with the label `KEYWORD`, score and limit 1, and what it `found`.
    """

    label: str
    score: float
    limit: float
    rule: Literal["model", "guild", "keyword"]
    reading: str
    model_version: str
    part: PartKind
    found: str | None = None


KEYWORD = "keyword"
_KEYWORD_SPEC = LabelSpec(KEYWORD, "Keyword", "A word or pattern that this server has chosen.", severity=2)


def spec_of(name: str) -> LabelSpec:
    """Title and severity of a reason's label. Raises KeyError for one that does not exist."""
    return _KEYWORD_SPEC if name == KEYWORD else label(name)


def headline(reasons: Collection[Reason]) -> Reason:
    """The reason that names a case: of the most severe label, then of the highest score."""
    return max(reasons, key=lambda reason: (spec_of(reason.label).severity, reason.score))


def explained(reasons: Collection[Reason]) -> Reason | None:
    """The reason whose words are worth explaining: the headline among the model's, None where there is none."""
    scored = [reason for reason in reasons if reason.rule != "keyword"]
    return headline(scored) if scored else None


Why = Literal["flagged", "care", "reported", "staff", "audit", "labelled", "appeal", "challenger"]
"""`staff`: reported by a member, and about somebody of the server's staff; only administrators see such a case.
`challenger`: a new model that is only being checked flags it, and the one that decides does not."""


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

THREAT_WHY = "threats are for people to decide: report to Discord before deleting"
"""Why nothing is done about a message that threatens somebody."""
CARE_WHY = "reads like a cry for help: nothing done"
"""Why nothing is done about a message that was flagged and also asks for care: its case is known by that."""


def decide(
    message: IncomingMessage,
    predictions: Sequence[Prediction],
    rules: GuildRules,
    *,
    asks_for_care: bool = False,
    keywords: Sequence[KeywordHit] = (),
    confirmed: int = 0,
) -> Decision:
    """What follows from the predictions of the message's parts (same order as `message.parts`; none while the model is
    away) and from the guild's `keywords` that were found in it.

    A part that the model does not read accuses nobody. A message that asks for care opens a care case: it is never
    `toxic`, and nothing is done to its author automatically, whatever else it holds; a threat in it still calls people.
    Where people vent only a threat counts beside that. `confirmed`: the author's cases that moderators confirmed
    lately, for guilds that escalate.
    """
    reasons = (*_reasons(message, predictions, rules), *_keyword_reasons(message, keywords))
    if rules.hears_only_help(message):
        reasons = tuple(reason for reason in reasons if reason.label == "threat")
        keywords = ()
    if asks_for_care:
        reasons = tuple(reason for reason in reasons if reason.label != "toxic")
    opens = any(opens_case(reason, message, rules) for reason in reasons)
    if not opens:
        return Decision(opens="care") if asks_for_care and rules.care else NOTHING
    asked = _asked(reasons, message, predictions, rules, keywords)
    if rules.escalation:
        asked = escalated(asked, confirmed=confirmed)
    actions, withheld, why = sort_out(asked, deletes_only=message.by_webhook)
    decision = Decision("flagged", reasons, actions, withheld, why, ping=_calls(reasons))
    if asks_for_care:
        return withhold(decision, CARE_WHY)
    if decision.ping:
        # Whatever else the message holds: what Discord needs to see must not go by itself.
        return withhold(decision, THREAT_WHY)
    if message.trial:
        return withhold(decision, "a trial: nothing done")
    if message.by_staff:
        return withhold(decision, "written by staff: nothing done")
    if message.subject != "message":
        return withhold(decision, f"a {PART_TITLES[message.subject]}: nothing done by itself")
    if rules.shadow:
        return withhold(decision, "shadow: nothing done")
    if rules.paused:
        return withhold(decision, "paused: nothing done")
    return decision


def opens_case(reason: Reason, message: IncomingMessage, rules: GuildRules) -> bool:
    """Whether the reason alone is worth a moderator's time."""
    return reason.rule == "keyword" or rules.rule(reason.label, places_of(message)).opens_case


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
    """What was done automatically in the guild in the last minute, of it `on_member` to the message's author and
    `in_channel` in its channel; the counts include no withheld action.
    """

    actions: int = 0
    members_by_label: dict[str, int] | None = None
    on_member: int = 0
    in_channel: int = 0


MAX_ACTIONS_A_MINUTE = 30
MAX_CHANNEL_ACTIONS_A_MINUTE = 20
"""Less than the guild's, so that one loud channel does not take what the others may need."""
MAX_MEMBER_ACTIONS_A_MINUTE = 9
"""Three messages with a warning, a timeout and a deletion each: who goes on after that is for a person to judge."""
MAX_MEMBERS_A_MINUTE = 10
"""A label that hits more different members than this within a minute is held back. Cases are still opened, and what it
is, a raid or a fault of the model, `bursts.py` tells."""


def within_limits(decision: Decision, recent: Recent) -> Decision:
    """`decision`, its actions withheld where the last minute already saw too many."""
    if not decision.actions:
        return decision
    for done, most, where in (
        (recent.on_member, MAX_MEMBER_ACTIONS_A_MINUTE, " on this member"),
        (recent.in_channel, MAX_CHANNEL_ACTIONS_A_MINUTE, " in this channel"),
        (recent.actions, MAX_ACTIONS_A_MINUTE, ""),
    ):
        if done >= most:
            return withhold(decision, f"held back: {most} automatic actions{where} within a minute")
    hit = recent.members_by_label or {}
    for name in decision.labels:
        if hit.get(name, 0) >= MAX_MEMBERS_A_MINUTE:
            return withhold(decision, f"held back: {name} hit {MAX_MEMBERS_A_MINUTE} members within a minute")
    return decision


def acting_labels(decision: Decision, message: IncomingMessage, rules: GuildRules) -> frozenset[str]:
    """The labels whose limits ask for what `decision` does, whether or not they were stopped since; none where nothing
    is done."""
    if not decision.actions:
        return frozenset()
    return frozenset(
        reason.label
        for reason in decision.reasons
        if reason.rule != "keyword" and _acts(reason, rules.rule(reason.label, places_of(message)), rules)
    )


def _acts(reason: Reason, rule: LabelRule, rules: GuildRules) -> bool:
    return any(_held_why(reason.label, action, rule, rules, None) is None for action in wanted(rule, reason.score))


def stopped_why(name: str) -> str:
    """What stands on a card whose label was stopped."""
    return f"{name} was stopped, it hit many members at once: nothing done"


def _reasons(message: IncomingMessage, predictions: Sequence[Prediction], rules: GuildRules) -> tuple[Reason, ...]:
    best: dict[str, Reason] = {}
    for part, prediction in zip(message.parts, predictions, strict=True) if predictions else ():
        if not prediction.readable:
            continue
        for name, score in prediction.scores.items():
            rule = rules.rule(name, places_of(message))
            limit = rule.flag_limit(prediction.thresholds.get(name, 1.0))
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


def _calls(reasons: Iterable[Reason]) -> bool:
    return any(reason.label == "threat" for reason in reasons)


def _asked(
    reasons: Iterable[Reason],
    message: IncomingMessage,
    predictions: Sequence[Prediction],
    rules: GuildRules,
    keywords: Sequence[KeywordHit],
) -> list[Asked]:
    stars = min((each.sentiment.mean for each in predictions if each.readable and each.sentiment), default=None)
    asked: list[Asked] = []
    for reason in reasons:
        if reason.rule != "keyword":
            rule = rules.rule(reason.label, places_of(message))
            asked += [
                Asked(
                    action,
                    _stopped(reason.label, rules) or _held_why(reason.label, action, rule, rules, stars),
                    deletes_only=rule.mode == "delete",
                )
                for action in wanted(rule, reason.score)
            ]
    kinds: dict[str, Action] = {"delete": Delete(), "warn": Warn(), "timeout": Timeout(600)}
    return asked + [Asked(kinds[hit.rule.action]) for hit in keywords if hit.rule.action in kinds]


def _stopped(name: str, rules: GuildRules) -> str | None:
    return stopped_why(name) if name in rules.stopped_labels else None


def _held_why(name: str, action: Action, rule: LabelRule, rules: GuildRules, stars: float | None) -> str | None:
    """What keeps a label's action from happening."""
    if name == "threat":
        return THREAT_WHY
    if rule.mode == "shadow":
        return f"shadow for {name}: nothing done"
    if rule.mode == "delete" and not isinstance(action, Delete):
        return f"only deletion is switched on for {name}"
    if name == "insult" and rules.insult_stars is not None and stars is not None and stars > rules.insult_stars:
        return f"sentiment {stars:.1f} stars, over your limit of {rules.insult_stars}"
    return None


def _keyword_reasons(message: IncomingMessage, hits: Sequence[KeywordHit]) -> tuple[Reason, ...]:
    if not hits:
        return ()
    found = ", ".join(dict.fromkeys(hit.found for hit in hits))
    return (Reason(KEYWORD, 1.0, 1.0, "keyword", AS_WRITTEN, "", message.parts[0].kind, found[:100]),)
