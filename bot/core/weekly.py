"""The weekly moderation report as numbers: what came up, what was done, how often it was right, what needs somebody.

Nothing in it is about a single member or moderator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.drift import Drift
from bot.core.numbers import Audits, Precision, Recall, ResponseTime, recall

DAYS = 7
LEAST_CARDS = 10
"""A week with fewer cards is not worth a report."""
OVERDUE = timedelta(hours=24)
FEW = 20
"""With fewer messages a channel's mean says more of a person than of the channel."""


@dataclass(frozen=True, slots=True)
class Carded:
    """One card of the week. `end`: how its case ended ("breaks_rules", "fine", "open" and so on)."""

    opened_at: datetime
    channel_id: int
    end: str


@dataclass(frozen=True, slots=True)
class CaseLink:
    """Where a case's card stands; without a card its message."""

    case_id: int
    url: str


@dataclass(frozen=True, slots=True)
class Harm:
    """What the bot did by itself, by kind of action; how much of that was taken back; which appeals were granted."""

    done: Mapping[str, int] = field(default_factory=dict)
    undone: int = 0
    undone_cases: tuple[CaseLink, ...] = ()
    granted: int = 0
    granted_cases: tuple[CaseLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """Messages that members reported and the bot had not flagged, and how many of them broke the rules."""

    total: int = 0
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Mood:
    """A channel's mean sentiment over its messages, 1 to 5 stars."""

    channel_id: int
    messages: int
    stars: float


@dataclass(frozen=True, slots=True)
class Read:
    """Of `messages` in scope `unchecked` were not judged: no model, or a language that it does not read."""

    messages: int = 0
    unchecked: int = 0

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.unchecked / self.messages if self.messages else 0.0


@dataclass(frozen=True, slots=True)
class WeekReport:
    """One guild's week, from `since` to before `until`.

    `overdue`: how many cases are open for over `OVERDUE`, whenever they were opened, the oldest since `oldest`.
    `trouble`: what stands in the bot's way on Discord, a sentence with its fix each. `precision`: by the label's title
    on this server. `away`: for how long the bot was not there, None where that is not known; `drift` likewise. `goal`:
    the precision that the server wants (`GuildRules.goal_precision`).
    """

    guild_id: int
    since: datetime
    until: datetime
    cards: tuple[Carded, ...] = ()
    overdue: int = 0
    oldest: datetime | None = None
    trouble: tuple[str, ...] = ()
    harm: Harm = field(default_factory=Harm)
    precision: Mapping[str, Precision] = field(default_factory=dict)
    reported: Reported = field(default_factory=Reported)
    audits: Audits = field(default_factory=Audits)
    words: int = 0
    wait: ResponseTime = field(default_factory=lambda: ResponseTime(0, None))
    moods: tuple[Mood, ...] = ()
    read: Read = field(default_factory=Read)
    away: timedelta | None = None
    drift: Drift | None = None
    goal: float = 0.95

    @property
    def ends(self) -> Counter[str]:
        """How many cards ended how."""
        return Counter(card.end for card in self.cards)

    @property
    def below_goal(self) -> dict[str, Precision]:
        """The labels that are surely below the goal: even the upper end of the interval is."""
        return {title: each for title, each in self.precision.items() if each.enough and each.interval.high < self.goal}

    @property
    def needs(self) -> int:
        """How many things need somebody."""
        return bool(self.overdue) + len(self.trouble) + len(self.below_goal)

    @property
    def recall(self) -> Recall:
        """What audits say of what is missed."""
        return recall(self.audits)

    @property
    def a_day(self) -> float:
        """Cards a day."""
        return len(self.cards) / DAYS

    @property
    def busiest_channel(self) -> tuple[int, int] | None:
        """The channel with the most cards, and how many; None without a card."""
        return _most(Counter(card.channel_id for card in self.cards))

    @property
    def busiest_hour(self) -> tuple[int, int] | None:
        """The hour of the day (0 to 23, UTC) with the most cards, and how many; None without a card."""
        return _most(Counter(card.opened_at.hour for card in self.cards))

    @property
    def days(self) -> tuple[Counter[str], ...]:
        """The ends of each day's cards, day by day of 24 hours from `since` on."""
        found = tuple(Counter[str]() for _ in range(DAYS))
        for card in self.cards:
            found[min(DAYS - 1, (card.opened_at - self.since) // timedelta(days=1))][card.end] += 1
        return found


def _most(counts: Counter[int]) -> tuple[int, int] | None:
    """The most frequent one; of several the smallest, so that two processes say the same."""
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=None)
