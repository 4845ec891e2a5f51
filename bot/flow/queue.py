"""The queue: what is open and waits for a moderator, one case after the other, and one digest a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.core.cases import Case, CaseFilter
from bot.core.digest import DAY, OFF_DAYS, Digest, digest_due, trend_of
from bot.core.guild_rules import GuildRules
from bot.errors import BoardUnavailable
from bot.flow.ports import Board, Clock
from bot.store.case_lists import CaseListStore
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.queue import QueueCounts, QueueStore

log = structlog.get_logger(__name__)


PAGE_CASES = 8
NEWEST_CASES = 100
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of `total` cases: page `number` of `pages`, counted from 1."""

    cases: tuple[Case, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class MemberCases:
    """What moderators know of a member: how many cases, how many open, how many confirmed, and the newest."""

    member_id: int
    total: int
    open: int
    confirmed: int
    newest: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue: behind case `case_id` of those that are urgent, or of the others."""

    urgent: bool
    case_id: int = 0


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A case of the queue, and the place behind it."""

    case: Case
    place: Place


class Queue:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        guilds: GuildStore,
        cases: CaseStore,
        queue: QueueStore,
        lists: CaseListStore,
        board: Board,
        clock: Clock,
    ) -> None:
        self._guilds = guilds
        self._cases = cases
        self._lists = lists
        self._queue = queue
        self._board = board
        self._clock = clock

    async def next(
        self, *, guild_id: int, which: CaseFilter, moderator_id: int, after: Place | None = None
    ) -> Upcoming | None:
        """The open case of that kind that comes after that place; None where there is no further one.

        First comes what is urgent to the moderator (`CaseListStore.next_open`), then the rest, each oldest first.
        """
        after = after or Place(urgent=True)
        for urgent in (True, False) if after.urgent else (False,):
            number = after.case_id if urgent is after.urgent else 0
            case = await self._lists.next_open(
                guild_id=guild_id, which=which, moderator_id=moderator_id, urgent=urgent, after=number
            )
            if case is not None:
                return Upcoming(case, Place(urgent, case.case_id))
        return None

    async def page(self, *, guild_id: int, which: CaseFilter, number: int) -> Page:
        """A page of the guild's cases, newest first; the last one where there are fewer."""
        total = await self._lists.count(guild_id=guild_id, which=which)
        pages = max(1, -(-total // PAGE_CASES))
        number = min(max(number, 1), pages)
        offset = (number - 1) * PAGE_CASES
        found = await self._lists.page(guild_id=guild_id, which=which, offset=offset, limit=PAGE_CASES)
        return Page(tuple(found), total, number, pages)

    async def newest(self, *, guild_id: int, which: CaseFilter, undoable: bool = False) -> list[Case]:
        """The newest cases with a card of their own; `undoable`: in whose card something was done that stands."""
        return await self._lists.newest(guild_id=guild_id, which=which, undoable=undoable, limit=NEWEST_CASES)

    async def member(self, *, guild_id: int, which: CaseFilter) -> MemberCases:
        """How many cases the member has, how they ended, and the newest; nothing about scores.

        `which` names the member.
        """
        assert which.author_id is not None, "whose cases?"
        member_id = which.author_id
        return MemberCases(
            member_id=member_id,
            total=await self._lists.count(guild_id=guild_id, which=which),
            open=await self._lists.count(guild_id=guild_id, which=replace(which, state="open")),
            confirmed=await self._cases.confirmed(guild_id=guild_id, author_id=member_id, since=EVER),
            newest=tuple(await self._lists.page(guild_id=guild_id, which=which, offset=0, limit=PAGE_CASES)),
        )

    async def counts(self, guild_id: int) -> QueueCounts:
        """What is open in the guild; overdue by the guild's own limit."""
        hours = (await self._guilds.get(guild_id)).remind_after_hours
        return await self._queue.counts(guild_id=guild_id, opened_before=self._clock.now() - timedelta(hours=hours))

    async def digest(self) -> int:
        """Tell each guild whose digest is due (`digest_due`) what waits without a card, and what waits too long; how
        many were told. A guild in which nothing waits is told nothing.
        """
        now, told = self._clock.now(), 0
        for guild_id, last in await self._queue.last_digests():
            rules = await self._guilds.get(guild_id)
            if rules.review_channel_id is None or not digest_due(rules, last, now):
                continue
            digest = await self._digest(rules, now)
            if not (digest.uncarded or digest.overdue):
                continue
            try:
                await self._board.digest(digest, channel_id=rules.review_channel_id)
            except BoardUnavailable as error:
                # Not marked as told: the next round tries again.
                log.warning("no_digest", guild_id=guild_id, why=type(error).__name__)
                continue
            await self._queue.set_digested(guild_id=guild_id, at=now)
            told += 1
        return told

    async def _digest(self, rules: GuildRules, now: datetime) -> Digest:
        counts = await self.counts(rules.guild_id)
        edges = [now - number * DAY for number in range(OFF_DAYS, -1, -1)]
        cards = await self._queue.flagged_cards(guild_id=rules.guild_id, edges=edges)
        return Digest(
            guild_id=rules.guild_id,
            uncarded=counts.uncarded,
            overdue=counts.overdue,
            hours=rules.remind_after_hours,
            highest=counts.highest,
            longest=counts.longest,
            trend=trend_of(cards, rules, now),
            a_day=round(sum(cards) / OFF_DAYS),
            budget=rules.cards_a_day,
        )
