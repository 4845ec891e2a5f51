"""Proposed limits: from stored scores, the limits at which about as many cards a day come as the team reads.

One bar is moved for all labels whose cards it changes: a label is flagged from the bar on, but never below the limit
that the model ships with (the lowest at which most flags were right when it was measured) and never above what is set
to act by itself. That follows the card budget, which gives its places to the highest scores, too. Threats and severe
toxicity are never traded for quiet: they are not raised over the model's limit. Limits that a channel has of its own
stay.

What is approximated. Stored scores have no author, so cards are counted by the cases that the messages opened: those
that shared a card count once, a message that opened none yet counts as a card of its own. A lower limit so brings
rather fewer cards than said. What other things bring (reports, cries for help, keywords) is taken to go on as it was.

Pure; no clock, no SQL.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.core.guild_rules import GuildRules

SEVERE = frozenset({"threat", "severe_toxic"})
"""Labels that are never raised over the model's limit."""

HIGHEST = 0.97
"""No limit is raised over this: what the model is surer of still should not be missed for quiet."""

ABOUT = (0.8, 1.1)
"""A count within these shares of the budget is about the budget; nothing is proposed then."""

Hears = Literal["all", "help"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A channel's own id and those above it; `hears` only "help" where people vent: threats alone bring a card."""

    places: frozenset[int]
    hears: Hears = "all"


@dataclass(frozen=True, slots=True)
class ScoredMessage:
    """One stored message's scores by label, 0 to 1. `case_id`: of the case that leads its card, None without a case."""

    message_id: int
    channel_id: int
    scores: Mapping[str, float]
    case_id: int | None = None

    @property
    def card(self) -> tuple[str, int]:
        """What tells its card from others."""
        return ("message", self.message_id) if self.case_id is None else ("case", self.case_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was stored in `days` days (more than 0). `messages`: those that may reach a limit, of `total` scored.
    `others`: the cases of cards that came for another reason than a score; a message on one of them brings no more.
    """

    days: float
    total: int
    messages: Sequence[ScoredMessage]
    others: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class LabelProposal:
    """One label's limit now and as proposed, 0 to 1, and the cards a day on which it is over it. The labels' cards add
    up to more than all cards: one card may name several.
    """

    label: str
    now: float
    then: float
    cards_now: float
    cards_then: float

    @property
    def percent(self) -> int | None:
        """The proposed limit in percent, None where it stays."""
        return None if self.then == self.now else round(self.then * 100)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Cards a day, all reasons together, `now` and `then`; `others`: those among them that no limit changes."""

    budget: int
    days: float
    total: int
    now: float
    then: float
    others: float
    labels: tuple[LabelProposal, ...]

    @property
    def fits(self) -> bool:
        """Whether about as many cards come already as the team reads."""
        return _about(self.now, self.budget)

    @property
    def changes(self) -> dict[str, int]:
        """The proposed limits in percent by label, only those that change."""
        return {each.label: each.percent for each in self.labels if each.percent is not None}


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a label's limit may lie: it follows the bar from `low` to `high`, one of which it is `now`."""

    now: float
    low: float
    high: float

    def at(self, bar: float) -> float:
        """The limit for that bar."""
        return min(max(bar, self.low), self.high)


Cards = Mapping[str, Mapping[tuple[str, int], float]]
"""By label and card the highest bar at which the label still brings the card."""


def lowest_limits(rules: GuildRules, shipped: Mapping[str, float]) -> dict[str, float]:
    """From which score on each label may matter, here or in a channel with limits of its own; only labels that open
    cases. What reaches none of these brings no card, now or then.
    """
    found: dict[str, float] = {}
    for name, limit in shipped.items():
        own = [labels[name] for labels in rules.channels.values() if name in labels]
        for rule in (rules.rule(name), *own):
            if rule.opens_case:
                found[name] = min(found.get(name, limit), rule.flag_limit(limit))
    return found


def propose(seen: Seen, rules: GuildRules, shipped: Mapping[str, float], spots: Mapping[int, Spot]) -> Proposal:
    """The limits that would have brought about `rules.cards_a_day` cards a day. `shipped`: the model's limit by label;
    `spots`: the channels that there are.

    Where too many cards come limits are only raised, where too few only lowered; where it is about right all stay.
    """
    budget, others = rules.cards_a_day, len(set(seen.others)) / seen.days
    cards = _cards(seen, rules, shipped, spots, raising=True)
    now = others + _count(cards, 0.0) / seen.days
    raising = now > budget
    if not raising:
        cards = _cards(seen, rules, shipped, spots, raising=False)
    unmoved = 0.0 if raising else math.inf
    bar = unmoved if _about(now, budget) else _bar(cards, room=(budget - others) * seen.days)
    labels = []
    for name, span in _spans(rules, shipped, (), raising=raising).items():
        own = {name: cards.get(name, {})}
        before, after = _count(own, unmoved), _count(own, bar)
        # A limit that would change no card stays: there is nothing to show for it.
        then = span.at(bar) if after != before else span.now
        labels.append(LabelProposal(name, span.now, then, before / seen.days, after / seen.days))
    total = others + _count(cards, bar) / seen.days
    return Proposal(budget, seen.days, seen.total, now, total, others, tuple(labels))


def _cards(
    seen: Seen, rules: GuildRules, shipped: Mapping[str, float], spots: Mapping[int, Spot], *, raising: bool
) -> Cards:
    found: dict[str, dict[tuple[str, int], float]] = defaultdict(dict)
    others, spans = frozenset(seen.others), dict[int, Mapping[str, _Span]]()
    for message in seen.messages:
        if message.case_id in others:
            continue
        if message.channel_id not in spans:
            spot = spots.get(message.channel_id) or Spot(frozenset({message.channel_id}))
            spans[message.channel_id] = _spans_in(spot, rules, shipped, raising=raising)
        for name, span in spans[message.channel_id].items():
            score = message.scores.get(name, 0.0)
            if score >= span.low:
                reaches = math.inf if score >= span.high else score
                found[name][message.card] = max(reaches, found[name].get(message.card, 0.0))
    return found


def _spans_in(spot: Spot, rules: GuildRules, shipped: Mapping[str, float], *, raising: bool) -> Mapping[str, _Span]:
    """The limits in one channel; none where it is left alone by now."""
    if rules.exempt_channel_ids & spot.places:
        return {}
    spans = _spans(rules, shipped, spot.places, raising=raising)
    return {name: span for name, span in spans.items() if spot.hears == "all" or name == "threat"}


def _spans(
    rules: GuildRules, shipped: Mapping[str, float], places: Collection[int], *, raising: bool
) -> dict[str, _Span]:
    own = {name for place in places for name in rules.channels.get(place, ())}
    found: dict[str, _Span] = {}
    for name, limit in shipped.items():
        rule = rules.rule(name, places)
        now = rule.flag_limit(limit)
        low = high = now
        if raising and name not in own:
            acts_at = replace(rule, flag_at=None).flag_limit(1.0)
            high = max(now, min(acts_at, _percent(limit, math.floor) if name in SEVERE else HIGHEST))
        elif name not in own:
            low = min(now, _percent(limit, math.ceil))
        if rule.opens_case:
            found[name] = _Span(now, low, high)
    return found


def _about(a_day: float, budget: int) -> bool:
    return ABOUT[0] * budget <= a_day <= ABOUT[1] * budget


def _percent(limit: float, rounded: Callable[[float], int]) -> float:
    """The limit in whole percent, as people set it; what is lost in binary fractions rounds nothing."""
    return rounded(round(limit * 100, 6)) / 100


def _count(cards: Cards, bar: float) -> int:
    """How many cards come at that bar."""
    return len({card for by_card in cards.values() for card, reaches in by_card.items() if reaches >= bar})


def _bar(cards: Cards, *, room: float) -> float:
    """The lowest bar in whole percent at which no more cards come than there is room for; 1 where there is none."""
    highest: dict[tuple[str, int], float] = {}
    for by_card in cards.values():
        for card, reaches in by_card.items():
            highest[card] = max(reaches, highest.get(card, 0.0))
    reached = sorted(highest.values())
    fitting = (percent / 100 for percent in range(1, 101) if len(reached) - bisect_left(reached, percent / 100) <= room)
    return next(fitting, 1.0)
