"""The card budget: whether a new case gets a card now, or waits in the queue. Pure; no clock, no SQL.

A guild says how many cards a day its team reads. They are spread over the day by a token bucket with a small burst, so
that a loud hour does not take the evening's places; a tenth of the places is kept for the highest scores of the day,
which take theirs at once. In its first 24 hours a guild gets at most ten cards, and those without any spreading: people
are trying the bot out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.core.policy import CARE_WHY, Reason

DAY = timedelta(days=1)
FIRST_DAY_CARDS = 10
LEAST_BURST = 3


@dataclass(frozen=True, slots=True)
class Today:
    """A guild's last 24 hours. `cards`: when each card was given its place. `scores`: those of the other flagged cases
    opened since then; `waiting`: those among them that wait without a card.
    """

    cards: tuple[datetime, ...] = ()
    scores: tuple[float, ...] = ()
    waiting: tuple[float, ...] = ()


def score_of(reasons: Collection[Reason]) -> float:
    """What a case is ranked by, 0 to 1: its highest score; a keyword of the guild counts as 1."""
    return max((reason.score for reason in reasons), default=0.0)


def never_waits(case: Case) -> bool:
    """Whether the case gets its card whatever the budget says: a threat, a cry for help, or somebody waits for an
    answer. What only a new model flags that is being checked waits in the queue: it takes nobody's place."""
    asked = case.reports or case.second_opinion_by is not None or (case.appeal and case.appeal.state == "open")
    threat = any(reason.label == "threat" for reason in case.reasons)
    care = case.withheld_why == CARE_WHY
    if case.opened_why == "challenger":
        return bool(asked)
    return case.opened_why != "flagged" or case.ping or threat or care or bool(asked)


def cards_a_day(rules: GuildRules, now: datetime) -> int:
    """How many cards the guild gets in 24 hours as of now."""
    return min(rules.cards_a_day, FIRST_DAY_CARDS) if _first_day(rules, now) else rules.cards_a_day


def may_post(score: float, today: Today, rules: GuildRules, *, now: datetime) -> bool:
    """Whether a case with that score gets its card now. Never more than the day's places; cards that never wait take
    places, too. The day's best go at once; the others one after the other, the highest first."""
    a_day = cards_a_day(rules, now)
    taken = sorted(at for at in today.cards if now - DAY < at <= now)
    free, kept = a_day - len(taken), a_day // 10
    if free <= 0:
        return False
    if sum(other >= score for other in today.scores) < kept:
        return True
    if free <= kept or any(other > score for other in today.waiting):
        return False
    return _first_day(rules, now) or _tokens(taken, a_day, now) >= 1


def _first_day(rules: GuildRules, now: datetime) -> bool:
    return rules.set_up_at is not None and now - rules.set_up_at < DAY


def _tokens(taken: Iterable[datetime], a_day: int, now: datetime) -> float:
    """What the bucket holds: full a day ago, filled at an even pace, one token out a card."""
    burst = float(max(LEAST_BURST, a_day // 5))
    level, before = burst, now - DAY
    for at in taken:
        level = max(0.0, min(burst, level + a_day * ((at - before) / DAY)) - 1)
        before = at
    return min(burst, level + a_day * ((now - before) / DAY))
