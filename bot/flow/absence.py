"""One guild's absence: its gaps by channel, from the last decided message to the newest when the bot came back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.away import AwayReport, Place, id_at, made_at
from bot.core.guild_rules import GuildRules
from bot.flow.cursors import Cursors, Gap
from bot.store.away import FoundCases
from bot.store.cursors import Known, Sighting

MARGIN = timedelta(minutes=2)
"""The bot may have seemed to be there for so long after its connection had died, and clocks differ."""


@dataclass(slots=True)
class Missed:
    """One channel's gap while it is read: what lies between `floor` and `before` is left. `base` is below `floor` where
    the gap began before all that is looked at.
    """

    place: Place
    base: int
    floor: int
    before: int

    @property
    def end(self) -> int:
        """The newest message of the gap."""
        return self.place.newest_id or 0


@dataclass(slots=True)
class Absence:
    """What is known of it so far. `channels` had something to read, those of `gaps` still have; `listed`: the channels
    in which gaps were looked for, None once that is all of them; `compared`: open cases were looked at; `told`: its
    digest is posted, or none is due. `leads`: cases whose cards stand for some of what was found.
    """

    guild_id: int
    since: datetime
    until: datetime
    whole_since: datetime
    gaps: dict[int, Missed] = field(default_factory=dict)
    passed: dict[int, int] = field(default_factory=dict)
    channels: int = 0
    checked: int = 0
    leads: set[int] = field(default_factory=set)
    unread: list[int] = field(default_factory=list)
    not_before: datetime | None = None
    listed: Collection[int] | None = None
    compared: bool = False
    told: bool = False
    tries: int = 0

    @property
    def holds(self) -> dict[int, Gap]:
        """The gaps as the cursors know them."""
        return {channel_id: Gap(gap.base, self.since) for channel_id, gap in self.gaps.items()}

    def add(self, rest: Absence) -> None:
        """What was found in the channels that were not listed at first: now all are."""
        self.gaps |= rest.gaps
        self.channels += rest.channels
        self.unread += rest.unread
        self.not_before = self.not_before or rest.not_before
        self.listed = None

    def report(self, found: FoundCases) -> AwayReport:
        """What the guild is told of it."""
        return AwayReport(
            guild_id=self.guild_id,
            since=self.since,
            until=self.until,
            checked=self.checked,
            cases=found.number,
            urgent=found.urgent,
            urgent_number=found.late,
            unread=tuple(self.unread),
            not_before=self.not_before,
        )


def absence_of(
    sighting: Sighting,
    places: Sequence[Place],
    *,
    known: Known,
    cursors: Cursors,
    rules: GuildRules,
    joined_at: datetime | None,
    now: datetime,
    hours: float,
) -> Absence:
    """The absence that ends now. A channel without a cursor, made meanwhile, is read from when its guild was last seen.

    Left out, `passed`, are channels in which nothing is looked at, those that the bot may not read, and those in which
    all was written before the last `hours`; a channel in which nobody wrote is no gap.
    """
    absence = Absence(sighting.guild_id, sighting.seen_at, now, sighting.whole_since)
    window = id_at(now - timedelta(hours=hours))
    unknown = id_at(max(sighting.seen_at - MARGIN, sighting.whole_since))
    joined = id_at(joined_at) if joined_at is not None else 0
    for place in places:
        base = cursors.base(place.channel_id, known.cursors.get(place.channel_id))
        base = max(unknown if base is None else base, joined)
        if place.newest_id is None or place.newest_id <= base:
            continue
        left_alone = rules.exempts_place(place.places, in_default_scope=place.in_default_scope)
        if place.readable and not left_alone and place.newest_id >= window:
            floor = max(base, window)
            absence.gaps[place.channel_id] = Missed(place, base, floor, place.newest_id + 1)
            continue
        absence.passed[place.channel_id] = place.newest_id
        if not left_alone and not place.readable:
            absence.unread.append(place.channel_id)
        elif not left_alone:
            absence.not_before = made_at(window)
    absence.channels = len(absence.gaps)
    return absence


def absence_for_failures(
    guild_id: int, failed: Mapping[int, Gap], places: Sequence[Place], *, now: datetime, whole_since: datetime
) -> Absence:
    """To read again the channels in which passes failed while the bot was there. Nobody is told: it was not away.

    A channel that is deleted meanwhile, or closed to the bot, is asked for once like any: then nothing waits for it.
    """
    absence = Absence(guild_id, now, now, whole_since, compared=True, told=True)
    there = {place.channel_id: place for place in places}
    for channel_id, gap in failed.items():
        place = there.get(channel_id) or Place(guild_id, channel_id, None)
        newest = max(place.newest_id or 0, gap.last)
        absence.gaps[channel_id] = Missed(replace(place, newest_id=newest), gap.base, gap.base, newest + 1)
    absence.channels = len(absence.gaps)
    return absence
