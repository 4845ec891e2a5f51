"""The circuit breaker's eyes: what the flagged messages of the last minutes are together. Pure; no clock.

Many members at once with the same words, or many newcomers at once, are a raid: the rules are right and go on. One
label that hits many members of long standing, each with other words, is a fault of the model: the label must stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.core.grouping import Sketch, alike

RAID_WINDOW = timedelta(minutes=1)
RAID_MEMBERS = 8
"""Different members within the window: more than one quarrel or running joke brings, and fewer than the cap of members
a minute (`policy.MAX_MEMBERS_A_MINUTE`), so that a raid is seen before the caps hold the rules back."""
NEWCOMER = timedelta(days=1)
"""Who joined more recently is a newcomer: the accounts of a raid come within hours before it."""
RAID_OVER = timedelta(minutes=10)
"""So long after its last message a raid is over, and what follows is another one."""
RAID_TEXTS = 5
"""Texts by which a raid is known at a time; a raid that changes its words drops the oldest."""

FAULT_WINDOW = timedelta(minutes=10)
FAULT_MEMBERS = 15
"""Different members of long standing with different words within the window. A label that acts on one message in a
hundred would need some 150 messages a minute for that; a quarrel has fewer people."""
LONG_STANDING = timedelta(days=30)
"""Who has been here as long is no account that was made for a raid."""

MOST_SIGHTINGS = 200
"""Kept of a guild: enough for both windows, and a bound for a raid of thousands."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A flagged message as bursts are told by it. `at`: when it was written; `acting`: the labels that act on it."""

    at: datetime
    author_id: int
    channel_id: int
    sketch: Sketch
    joined_at: datetime | None = None
    acting: frozenset[str] = frozenset()

    @property
    def newcomer(self) -> bool:
        """Whether the author had only just joined. False where Discord did not say."""
        return self.joined_at is not None and self.at - self.joined_at < NEWCOMER

    @property
    def long_standing(self) -> bool:
        """Whether the author has been here for long. False where Discord did not say."""
        return self.joined_at is not None and self.at - self.joined_at >= LONG_STANDING


RaidKind = Literal["copies", "newcomers"]


@dataclass(frozen=True, slots=True)
class Raid:
    """A raid that goes on. `kind`: how it was told first; `members`: how many it had then; `channel_id`: where most of
    it was. `texts` and `newcomers`: what belongs to it.
    """

    kind: RaidKind
    channel_id: int
    members: int
    began_at: datetime
    last_at: datetime
    texts: tuple[Sketch, ...] = ()
    newcomers: bool = False

    def covers(self, sighting: Sighting) -> bool:
        """Whether the message is one of the raid."""
        if sighting.at - self.last_at > RAID_OVER:
            return False
        return (self.newcomers and sighting.newcomer) or any(alike(text, sighting.sketch) for text in self.texts)


def raid_after(before: Raid | None, window: Sequence[Sighting], newest: Sighting) -> Raid | None:
    """The raid that goes on once `newest` was seen, None where there is none.

    `before`: the raid so far; `window`: what was seen lately, `newest` among it. A new raid has another `began_at`.
    """
    if before is not None and newest.at - before.last_at > RAID_OVER:
        before = None
    if before is not None and before.covers(newest):
        return replace(before, last_at=max(before.last_at, newest.at))
    close = [each for each in window if abs(each.at - newest.at) <= RAID_WINDOW]
    copies = [each for each in close if alike(each.sketch, newest.sketch)]
    newcomers = [each for each in close if each.newcomer] if newest.newcomer else []
    kinds: tuple[tuple[RaidKind, list[Sighting]], ...] = (("copies", copies), ("newcomers", newcomers))
    for kind, seen in kinds:
        members = _members(seen)
        if members < RAID_MEMBERS:
            continue
        places = Counter(each.channel_id for each in seen)
        raid = before or Raid(kind, places.most_common(1)[0][0], members, newest.at, newest.at)
        return replace(
            raid,
            last_at=newest.at,
            texts=(*raid.texts, newest.sketch)[-RAID_TEXTS:] if kind == "copies" else raid.texts,
            newcomers=raid.newcomers or kind == "newcomers",
        )
    return before


def faulty_label(window: Sequence[Sighting], newest: Sighting) -> str | None:
    """The label that `newest` shows to hit everybody, None where none does."""
    if not newest.long_standing:
        return None
    close = [each for each in window if abs(each.at - newest.at) <= FAULT_WINDOW and each.long_standing]
    for label in sorted(newest.acting):
        if _everybody([each for each in close if label in each.acting]):
            return label
    return None


def _members(seen: Iterable[Sighting]) -> int:
    return len({each.author_id for each in seen})


def _everybody(hit: Sequence[Sighting]) -> bool:
    """Whether enough members said something of their own: one message a member, none that is another's text again."""
    if _members(hit) < FAULT_MEMBERS:
        return False
    counted: dict[int, Sketch] = {}
    for each in hit:
        if each.author_id not in counted and not any(alike(other, each.sketch) for other in counted.values()):
            counted[each.author_id] = each.sketch
        if len(counted) == FAULT_MEMBERS:
            return True
    return False
