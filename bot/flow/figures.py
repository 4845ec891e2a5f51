"""What a guild's statistics say: the numbers, the same in words, and as pictures. Pure; nobody is counted by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.core.numbers import Audits, Precision, recall, response_time
from bot.store.stats import ChannelWeek, Deeds, End
from moderation_model.pictures import (
    MAX_NAME,
    SHOWN,
    WEEKS,
    Bars,
    Judged,
    StatsPicture,
    Week,
    counted,
    day,
    sentences,
    short,
)

ENDS: dict[End, str] = {
    "breaks_rules": "Broke rules",
    "fine": "Fine",
    "other_reason": "Other reason",
    "skip": "Skipped",
    "unanswered": "No verdict",
    "open": "Still open",
}
DEEDS = {
    "delete": "deleted",
    "timeout": "timed out",
    "warn": "warned",
    "kick": "kicked",
    "ban": "banned",
    "reset_nickname": "nicknames reset",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One guild's numbers, or one channel's. `first`: the day with which they begin; `flags`: how many a day from then
    on. `precision`: by the label's title on this server. `channel`: the one channel's name, None for the whole guild.
    """

    days: int
    first: date
    flags: tuple[int, ...] = ()
    precision: Mapping[str, Precision] = field(default_factory=dict)
    ends: Mapping[End, int] = field(default_factory=dict)
    deeds: Mapping[str, Deeds] = field(default_factory=dict)
    waits: Sequence[timedelta] = ()
    audits: Audits = field(default_factory=Audits)
    weeks: tuple[Week, ...] = ()
    channel: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (any(self.flags) or self.ends or self.deeds or self.weeks or self.audits.drawn)

    @property
    def period(self) -> str:
        """ "Last 30 days", with the channel where it is about one."""
        days = "Last day" if self.days == 1 else f"Last {self.days} days"
        return f"{days}, {self.channel}" if self.channel else days

    @property
    def heading(self) -> str:
        """The one line that says most."""
        cases, still_open = sum(self.ends.values()), self.ends.get("open", 0)
        waiting = f", {still_open:,} of them still open" if still_open else ""
        flagged = f"{counted(sum(self.flags), 'message')} flagged"
        return f"**{self.period}**: {flagged}, {counted(cases, 'case')} for moderators{waiting}."

    @property
    def lines(self) -> str:
        """Everything that the pictures show, in words."""
        # The first sentence of each names the period, which the heading does.
        by_week = sentences(self.by_week)[1:] if self.by_week is not None else []
        return "\n".join([*sentences(self.summary)[1:], *by_week])

    @property
    def summary(self) -> StatsPicture:
        """Flags, what moderators said of them, how cases ended, what was done, how long it took, what is missed."""
        dates = [day(self.first + timedelta(days=number)) for number in range(len(self.flags))]
        judged = [
            Judged(title, each.right, each.total, *((each.interval.low, each.interval.high) if each.enough else ()))
            for title, each in self.precision.items()
        ]
        ends = {name: self.ends[end] for end, name in ENDS.items() if end in self.ends}
        return StatsPicture(
            period=self.period,
            flags=Bars(tuple(dates), self.flags) if self.flags else None,
            judged=tuple(judged),
            decided=Bars(tuple(ends), tuple(ends.values())) if ends else None,
            done=_done(self.deeds),
            response=response_time(self.waits).sentence if self.ends else None,
            missed=recall(self.audits).sentence if self.audits.drawn or self.audits.flagged else None,
        )

    @property
    def by_week(self) -> StatsPicture | None:
        """Sentiment and toxicity by channel and week; None where nothing was read."""
        return StatsPicture(period=f"{self.period}: by week", weeks=self.weeks) if self.weeks else None


def _done(deeds: Mapping[str, Deeds]) -> str | None:
    """ "12 deleted, 3 timed out; 4 by the bot itself, 1 taken back"; None where nothing was done."""
    kinds = [f"{deeds[kind].done:,} {name}" for kind, name in DEEDS.items() if kind in deeds]
    by_bot, undone = (sum(getattr(each, name) for each in deeds.values()) for name in ("by_bot", "undone"))
    more = [f"{by_bot:,} by the bot itself"] if by_bot else []
    more += [f"{undone:,} taken back"] if undone else []
    return "; ".join(", ".join(part) for part in (kinds, more) if part) or None


def by_channel(found: Sequence[ChannelWeek], names: Mapping[int, str]) -> tuple[Week, ...]:
    """The last weeks of the busiest channels, each under its name; the rest, and those without a name, in one row."""
    mondays = sorted({each.monday for each in found})[-WEEKS:]
    recent = [each for each in found if each.monday in mondays]
    volume: Counter[int] = Counter()
    for each in recent:
        volume[each.channel_id] += each.messages
    ranked = sorted(volume, key=lambda channel_id: (-volume[channel_id], channel_id))
    named = [channel_id for channel_id in ranked if channel_id in names]
    titles = _titles(named[: SHOWN if len(ranked) > SHOWN + 1 else SHOWN + 1], names)
    rest = counted(len(ranked) - len(titles), "other channel")
    rows: dict[tuple[str, date], list[ChannelWeek]] = defaultdict(list)
    for each in sorted(recent, key=lambda each: ranked.index(each.channel_id)):
        rows[titles.get(each.channel_id, rest), each.monday.date()].append(each)
    order = [*titles.values(), rest]
    weeks = [_together(title, monday, members) for (title, monday), members in rows.items()]
    return tuple(sorted(weeks, key=lambda week: (order.index(week.channel), week.monday)))


def _titles(channel_ids: Sequence[int], names: Mapping[int, str]) -> dict[int, str]:
    """A title each, different also where two channels have one name, or names that are cut to one."""
    titles: dict[int, str] = {}
    taken: Counter[str] = Counter()
    for channel_id in channel_ids:
        title = short(f"#{names[channel_id]}", most=MAX_NAME - 5)
        taken[title] += 1
        titles[channel_id] = title if taken[title] == 1 else f"{title} ({taken[title]})"
    return titles


def _together(title: str, monday: date, members: Sequence[ChannelWeek]) -> Week:
    messages = sum(each.messages for each in members)
    stars = sum((each.stars or 0.0) * each.messages for each in members)
    flags = sum(each.flags for each in members)
    return Week(title, monday, messages, flags, stars / messages if messages else None)
