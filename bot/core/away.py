"""What was written while the bot was away: where to read, what one guild is told of it, and how far it is.

Pure; no clock, no SQL. Discord's ids rise with time, so that an id also says when it was made.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.core.events import IncomingMessage

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)

SHOWN = 4
"""Cases and channels that a digest names of each kind: it is read on a phone, and all of it fits one message."""

WORTH_TELLING = timedelta(seconds=30)
"""A shorter absence gets no digest: what was missed is checked all the same."""

CLOCK_WRONG = timedelta(hours=1)
"""By so much the clocks of two healthy machines do not differ, ours and Discord's."""


def id_at(when: datetime) -> int:
    """The lowest id that Discord gives in that millisecond; 0 for what was before Discord."""
    return max(0, (when - DISCORD_EPOCH) // timedelta(milliseconds=1)) << 22


def made_at(snowflake: int) -> datetime:
    """When an id was made."""
    return DISCORD_EPOCH + timedelta(milliseconds=snowflake >> 22)


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread that the bot sees. `newest_id`: its newest message as Discord says, None for an empty one.

    `places`: itself and what is above it (`guild_rules.places_of`); `readable`: the bot may read its history.
    """

    guild_id: int
    channel_id: int
    newest_id: int | None
    places: frozenset[int] = frozenset()
    in_default_scope: bool = True
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A message of a channel's history. `message` is None for one that is not looked at (a bot's, Discord's own)."""

    message_id: int
    message: IncomingMessage | None


@dataclass(frozen=True, slots=True)
class Urgent:
    """A case that would have called people, had it been found in time."""

    case_id: int
    kind: Literal["threat", "care"]
    jump_url: str


@dataclass(frozen=True, slots=True)
class AwayReport:
    """What one guild is told once what it wrote meanwhile is checked.

    `checked` messages, `cases` among them and the edits. `urgent`: found too late to call anybody, the first ones of
    `urgent_number`. `unread`: channels whose history the bot may not read, though somebody wrote there. `not_before`:
    what was written earlier in the absence is not looked at; None where all of it is.
    """

    guild_id: int
    since: datetime
    until: datetime
    checked: int
    cases: int = 0
    urgent: tuple[Urgent, ...] = ()
    urgent_number: int = 0
    unread: tuple[int, ...] = ()
    not_before: datetime | None = None

    @property
    def worth_telling(self) -> bool:
        """Whether anything was missed, in an absence that is worth a line."""
        missed = self.checked or self.unread or self.not_before is not None
        return bool(missed) and self.until - self.since >= WORTH_TELLING


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one guild is. `channels` with something to read, `done` of them; `checked` messages so far.

    `whole_since`: since when nothing was missed, None while that is being found out. `hours`: how far the bot looks
    back, 0 for not at all.
    """

    channels: int
    done: int
    checked: int
    whole_since: datetime | None
    hours: float


def written_at(revision: int, posted_at: datetime) -> datetime:
    """When a message got the text that it has: when it was posted, or edited last."""
    return datetime.fromtimestamp(revision / 1000, UTC) if revision else posted_at


def late(*, found: datetime, written: datetime, minutes: int) -> bool:
    """Whether a message was found so long after it was written that nothing is done by itself; also where it seems to
    be written so long afterwards that the clock is wrong, and nobody knows how old it is.
    """
    return found - written > timedelta(minutes=minutes) or written - found > CLOCK_WRONG


def some(ids: Collection[int]) -> tuple[list[int], int]:
    """The first of them to be named, and how many more there are."""
    shown = list(ids)[:SHOWN]
    return shown, len(ids) - len(shown)
