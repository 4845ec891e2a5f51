"""The daily digest: when a guild's is due, what it says, and whether far more or fewer cards come than its team reads.

Pure; no clock, no SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.core.guild_rules import GuildRules

DAY = timedelta(days=1)

MISSED_FOR = timedelta(hours=6)
"""A digest whose hour passed while the bot was away still comes within this time, else the next day."""

SHOWN = 4
"""Cases of each kind that a digest names: it is read on a phone, and all of it fits one message."""

OFF_DAYS = 3
"""So many days in a row have to be off before the limits are spoken of: one loud evening is no trend."""

FAR_OVER, FAR_UNDER = 1.5, 0.25
"""Far over and under the card budget, as a share of it."""

Trend = Literal["over", "under"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open case in a digest, without a word of its text. `what`: its headline label, else why it was opened;
    `score`: its highest, 0 to 1, None where nothing was scored.
    """

    case_id: int
    what: str
    score: float | None
    channel_id: int
    jump_url: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Digest:
    """What waits in a guild's queue, told once a day.

    `uncarded`: cases without a card by headline label, `highest` of them in order of score. `overdue`: how many open
    cases wait longer than `hours`, `longest` of them oldest first. `trend`: whether far more or fewer cards than
    `budget` came up on each of the last days, `a_day` on average.
    """

    guild_id: int
    uncarded: Mapping[str, int]
    overdue: int
    hours: int
    highest: tuple[Waiting, ...] = ()
    longest: tuple[Waiting, ...] = ()
    trend: Trend | None = None
    a_day: int = 0
    budget: int = 0


def is_quiet(rules: GuildRules, now: datetime) -> bool:
    """Whether `now` lies in the guild's quiet hours (UTC), which may go over midnight. Equal hours are none."""
    return _quiet_at(rules, now.hour)


def digest_hour(rules: GuildRules) -> int | None:
    """The hour (UTC) of the guild's digest: its own, moved to the end of the quiet hours where it lies in them; without
    one of its own the end of the quiet hours; None where there are none either.
    """
    hour = rules.quiet_to if rules.digest_hour is None and rules.quiet_from is not None else rules.digest_hour
    return rules.quiet_to if hour is not None and _quiet_at(rules, hour) else hour


def digest_due(rules: GuildRules, last: datetime | None, now: datetime) -> bool:
    """Whether a digest may come now, the last one having come at `last`: one a day, never in quiet hours.

    A guild without an hour gets it as soon as something waits, and a day later again.
    """
    if is_quiet(rules, now):
        return False
    hour = digest_hour(rules)
    if hour is None:
        return last is None or last <= now - DAY
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    begins = today if today <= now else today - DAY
    return now - begins < MISSED_FOR and (last is None or last < begins)


def trend_of(cards: Sequence[int], rules: GuildRules, now: datetime) -> Trend | None:
    """Whether far too many or too few cards came up on each of the last `OFF_DAYS` days.

    Too few is worth a word only where the guild has limits of its own: nothing is proposed below the model's.
    """
    new = rules.set_up_at is not None and now - rules.set_up_at < OFF_DAYS * DAY
    if len(cards) < OFF_DAYS or new:
        return None
    if min(cards) > FAR_OVER * rules.cards_a_day:
        return "over"
    raised = any(rule.flag_at is not None for rule in rules.labels.values())
    return "under" if raised and max(cards) < FAR_UNDER * rules.cards_a_day else None


def _quiet_at(rules: GuildRules, hour: int) -> bool:
    begin, end = rules.quiet_from, rules.quiet_to
    if begin is None or end is None:
        return False
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
