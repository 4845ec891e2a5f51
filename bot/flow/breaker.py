"""The circuit breaker: what may still be done automatically, message by message.

It remembers what was flagged in the last minutes, in memory alone and without texts. That costs no query; a restart
forgets it, and the caps, which ask the database, still hold.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.core.bursts import (
    FAULT_MEMBERS,
    FAULT_WINDOW,
    MOST_SIGHTINGS,
    Raid,
    Sighting,
    faulty_label,
    raid_after,
)
from bot.core.cases import Case
from bot.core.events import IncomingMessage
from bot.core.grouping import sketch_of
from bot.core.guild_rules import GuildRules
from bot.core.policy import KEYWORD, Decision, acting_labels, stopped_why, withhold, within_limits
from bot.flow.ports import Clock
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limited:
    """A decision within the limits. `raid`: one that has just begun; `stopped`: a label that has just been stopped."""

    decision: Decision
    raid: Raid | None = None
    stopped: str | None = None


class Breaker:
    """Asked once for each message that opens a case. Every method raises StoreUnavailable."""

    def __init__(self, *, guilds: GuildStore, cases: CaseStore, clock: Clock) -> None:
        self._guilds = guilds
        self._cases = cases
        self._clock = clock
        self._seen: dict[int, deque[Sighting]] = {}
        self._raids: dict[int, Raid] = {}

    async def limit(self, message: IncomingMessage, decision: Decision) -> Limited:
        """`decision`, its actions withheld where too much was done lately or their label was stopped.

        What belongs to a raid is not held back. The caller asks for one message after the other.
        """
        if decision.opens != "flagged" or message.trial:
            return Limited(decision)
        rules = await self._guilds.get(message.guild_id)
        asked = acting_labels(decision, message, rules)
        newest = _sighting(message, asked - rules.stopped_labels)
        seen = self._seen.setdefault(message.guild_id, deque(maxlen=MOST_SIGHTINGS))
        while seen and newest.at - seen[0].at > FAULT_WINDOW:
            seen.popleft()
        seen.append(newest)
        stopped = faulty_label(seen, newest)
        if stopped is not None:
            rules = await self._stop(rules, stopped, seen)
        begun = self._raid_begun(message.guild_id, newest)
        if asked and asked <= rules.stopped_labels and KEYWORD not in decision.labels:
            # Decided under the rules as they were a moment ago.
            return Limited(withhold(decision, stopped_why(min(asked))), begun, stopped)
        if decision.actions and not self._in_raid(message.guild_id, newest):
            decision = await self._capped(message, decision)
        return Limited(decision, begun, stopped)

    def belongs_to_raid(self, case: Case) -> bool:
        """Whether the case is one of a raid that goes on, so that people know of it already."""
        raid = self._raids.get(case.guild_id)
        if raid is None or not case.text:
            return False
        return raid.covers(
            Sighting(case.posted_at, case.author_id, case.channel_id, sketch_of(case.text), case.author_joined_at)
        )

    async def _stop(self, rules: GuildRules, label: str, seen: deque[Sighting]) -> GuildRules:
        """Keep the label from acting, written down as the bot's own change; what it did so far counts no more, so that
        it is not stopped at once again when somebody lets it act."""
        changed = await self._guilds.change(
            rules.guild_id,
            lambda rules: replace(rules, stopped_labels=rules.stopped_labels | {label}),
            by=None,
            at=self._clock.now(),
        )
        for place, each in enumerate(seen):
            seen[place] = replace(each, acting=each.acting - {label})
        log.warning("label_stopped", guild_id=rules.guild_id, label=label, members=FAULT_MEMBERS)
        return changed

    def _raid_begun(self, guild_id: int, newest: Sighting) -> Raid | None:
        before = self._raids.get(guild_id)
        raid = raid_after(before, self._seen[guild_id], newest)
        if raid is None:
            self._raids.pop(guild_id, None)
            return None
        self._raids[guild_id] = raid
        if before is not None and before.began_at == raid.began_at:
            return None
        log.warning("raid", guild_id=guild_id, kind=raid.kind, members=raid.members, channel_id=raid.channel_id)
        return raid

    def _in_raid(self, guild_id: int, sighting: Sighting) -> bool:
        raid = self._raids.get(guild_id)
        return raid is not None and raid.covers(sighting)

    async def _capped(self, message: IncomingMessage, decision: Decision) -> Decision:
        recent = await self._cases.recent(
            guild_id=message.guild_id,
            since=self._clock.now() - MINUTE,
            author_id=message.author.user_id,
            channel_id=message.channel_id,
        )
        return within_limits(decision, recent)


def _sighting(message: IncomingMessage, acting: frozenset[str]) -> Sighting:
    """By when it was written or edited, not by when it was scored: what waited for the model comes in a burst."""
    at = message.created_at
    if message.revision:
        at = datetime.fromtimestamp(message.revision / 1000, UTC)
    return Sighting(
        at, message.author.user_id, message.channel_id, sketch_of(message.text), message.author.joined_at, acting
    )
