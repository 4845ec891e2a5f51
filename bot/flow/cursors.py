"""Up to where each channel is decided: the stored cursor, moved only over a prefix of its messages without a gap.

Passes run beside each other and end in any order, so a channel's cursor stands before its oldest message that is not
decided yet. It is written every few seconds and may lag, which costs a second look at what a crash cut off: that finds
the row of scores and does no more. It never leads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.errors import StoreUnavailable
from bot.flow.ports import Clock
from bot.store.cursors import Cursor, CursorStore, Sighting

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 3.0
SEEN_EVERY = timedelta(seconds=10)
"""How often it is written down that the guilds are there, also where nobody writes."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What was written after message `base` of the channel is not decided; some of it since then. `last`: the newest
    message of it that is known by its failed pass.
    """

    base: int
    since: datetime
    last: int = 0


@dataclass(slots=True)
class _Track:
    """One channel. `pending`: messages in the pass, and since when; `failed`: those of them whose pass failed.

    `ripe`: where the cursor could stand at the last writing, `written` where it was put. Discord may bring a message
    after a newer one; so what is written was true a few seconds ago and still is.
    """

    guild_id: int
    newest: int = 0
    pending: dict[int, datetime] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    gap: Gap | None = None
    ripe: int = 0
    written: int = 0

    def mark(self) -> int:
        """The last message with nothing undecided before it."""
        first = min(self.pending, default=None)
        behind = [] if first is None else [first - 1]
        if self.gap is not None:
            behind.append(self.gap.base)
        return min(behind, default=self.newest)

    def undecided_since(self) -> datetime | None:
        since = [*self.pending.values(), *([self.gap.since] if self.gap else [])]
        return min(since, default=None)


class Cursors:
    """Told of every message by the chat client, of what was missed by the catching up. Only `flush` reaches the store.

    A guild's cursors are written from `open_guild` on, when it is known what was missed there: what arrives before that
    must not move them over the gap.
    """

    def __init__(self, *, store: CursorStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tracks: dict[int, _Track] = {}
        self._bases: dict[int, int] = {}
        self._open: set[int] = set()
        self._listed: dict[int, Collection[int]] = {}
        self._whole_since: dict[int, datetime] = {}
        self._connected = False
        self._seen_at: datetime | None = None

    def arrived(self, *, guild_id: int, channel_id: int, message_id: int) -> None:
        """A message came from the gateway and waits for its pass."""
        track = self._tracks.setdefault(channel_id, _Track(guild_id))
        track.pending[message_id] = self._clock.now()

    def safe(self, *, channel_id: int, message_id: int) -> None:
        """The message is decided, recorded as unscored, not looked at, or in somebody else's safe keeping."""
        track = self._tracks.get(channel_id)
        if track is None:
            return
        track.pending.pop(message_id, None)
        track.failed.discard(message_id)
        track.newest = max(track.newest, message_id)

    def failed(self, *, channel_id: int, message_id: int) -> None:
        """The message's pass failed: its channel's cursor stays before it until it is `safe`, or passed again."""
        track = self._tracks.get(channel_id)
        if track is not None and message_id in track.pending:
            track.failed.add(message_id)

    def new_session(self) -> None:
        """Discord begins anew and brings nothing of what was written since the last session ended."""
        for guild_id in list(self._open):
            self.lost_guild(guild_id)
        self._connected = True

    def lost_guild(self, guild_id: int) -> None:
        """The guild's messages may have been missed from now on, until it is opened again."""
        if guild_id not in self._open:
            return
        for channel_id, track in self._tracks.items():
            if track.guild_id == guild_id and self._is_listed(guild_id, channel_id):
                self._bases[channel_id] = track.mark()
        self._open.discard(guild_id)
        self._listed.pop(guild_id, None)
        self._whole_since.pop(guild_id, None)

    def forget_guild(self, guild_id: int) -> None:
        """The bot is no longer in the guild: nothing of it is waited for."""
        self.lost_guild(guild_id)
        for channel_id in [each for each, track in self._tracks.items() if track.guild_id == guild_id]:
            del self._tracks[channel_id]
            self._bases.pop(channel_id, None)

    def resumed(self) -> None:
        """The connection is back and brings what was written meanwhile."""
        self._connected = True

    def lost(self) -> None:
        """Nothing arrives until the connection is back."""
        self._connected = False

    def is_open(self, guild_id: int) -> bool:
        """Whether it is known what was missed in the guild."""
        return guild_id in self._open

    def base(self, channel_id: int, stored: int | None) -> int | None:
        """The last decided message before the gap, None where nothing is known of the channel."""
        known = [each for each in (stored, self._bases.get(channel_id)) if each is not None]
        return max(known, default=None)

    def open_guild(
        self,
        guild_id: int,
        *,
        gaps: Mapping[int, Gap],
        passed: Mapping[int, int],
        listed: Collection[int] | None = None,
    ) -> None:
        """The guild's gaps by channel, which hold the cursors back until they are closed; what arrived in other
        channels moves them. `passed`: newest messages of channels that are left out. `listed`: the channels of which
        all this is known, if not of all; the cursors of others stand still until `list_rest`.
        """
        for channel_id, track in self._tracks.items():
            if track.guild_id == guild_id:
                track.gap = gaps.get(channel_id)
        if listed is not None:
            self._listed[guild_id] = listed
        self._open.add(guild_id)
        self._hold(guild_id, gaps, passed)

    def list_rest(self, guild_id: int, *, gaps: Mapping[int, Gap], passed: Mapping[int, int]) -> None:
        """The same for the channels that were not listed when the guild was opened."""
        self._listed.pop(guild_id, None)
        self._hold(guild_id, gaps, passed)

    def _hold(self, guild_id: int, gaps: Mapping[int, Gap], passed: Mapping[int, int]) -> None:
        for channel_id, gap in gaps.items():
            self._tracks.setdefault(channel_id, _Track(guild_id)).gap = gap
        for channel_id, newest in passed.items():
            track = self._tracks.setdefault(channel_id, _Track(guild_id))
            track.newest = max(track.newest, newest)

    def _is_listed(self, guild_id: int, channel_id: int) -> bool:
        """Whether it is known what was missed in the channel."""
        return guild_id in self._open and channel_id in self._listed.get(guild_id, (channel_id,))

    def close_gap(self, channel_id: int, *, through: int) -> None:
        """Everything in the gap up to message `through` is decided, and what had failed there too."""
        track = self._tracks.get(channel_id)
        if track is None:
            return
        track.gap = None
        track.newest = max(track.newest, through)
        for message_id in [each for each in track.failed if each <= through]:
            track.failed.discard(message_id)
            track.pending.pop(message_id, None)

    def follow(self, guild_id: int, *, whole_since: datetime) -> None:
        """Nothing is missing since then, and the guild is seen from now on as long as messages arrive."""
        if guild_id in self._open:
            self._whole_since[guild_id] = whole_since
            self._seen_at = None

    def whole_since(self, guild_id: int) -> datetime | None:
        """Since when nothing was missed in the guild; None while that is being found out."""
        return self._whole_since.get(guild_id)

    def left_behind(self) -> dict[int, dict[int, Gap]]:
        """By guild and channel what failed passes left undecided, of guilds that are followed."""
        found: dict[int, dict[int, Gap]] = {}
        for channel_id, track in self._tracks.items():
            if track.failed and track.gap is None and track.guild_id in self._whole_since:
                first, last = min(track.failed), max(track.failed)
                found.setdefault(track.guild_id, {})[channel_id] = Gap(first - 1, track.pending[first], last)
        return found

    def lag(self) -> float:
        """For how many seconds the oldest message that should be decided has waited for it; 0 if none does."""
        since = [each for track in self._tracks.values() if (each := track.undecided_since()) is not None]
        return max(0.0, (self._clock.now() - min(since)).total_seconds()) if since else 0.0

    async def flush(self, *, last: bool = False) -> None:
        """Write down what moved; `last`: nothing will arrive any more. Raises StoreUnavailable."""
        now = self._clock.now()
        moved: list[tuple[_Track, Cursor]] = []
        for channel_id, track in self._tracks.items():
            if self._is_listed(track.guild_id, channel_id):
                mark = track.mark()
                settled, track.ripe = mark if last else min(mark, track.ripe), mark
                if settled > track.written:
                    moved.append((track, Cursor(track.guild_id, channel_id, settled)))
        seen = self._sightings(now) if last or self._seen_at is None or now - self._seen_at >= SEEN_EVERY else []
        if not moved and not seen:
            return
        await self._store.save([cursor for _, cursor in moved], seen, at=now)
        for track, cursor in moved:
            track.written = cursor.message_id
        if seen:
            self._seen_at = now

    def _sightings(self, now: datetime) -> list[Sighting]:
        if not self._connected:
            return []
        return [Sighting(guild_id, since, now) for guild_id, since in self._whole_since.items()]

    async def run(self) -> None:
        """Write every few seconds until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StoreUnavailable as error:
                log.warning("cursors_lag", why=type(error).__name__)
