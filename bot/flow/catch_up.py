"""What was written while the bot was away is read from Discord's history and goes through the pass.

Gaps are read a page a turn, channel after channel, the newest messages first, behind live messages. A channel's cursor
moves when all of its gap was read, so a crash in the middle costs a second reading and no message. Which threads were
archived meanwhile takes a request a channel, so that is asked while the first pages are read. At the end each guild
gets one silent digest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.core.away import CLOCK_WRONG, Place, Progress
from bot.core.guild_rules import GuildRules
from bot.errors import BoardUnavailable, BotError, ModelSilent
from bot.flow.absence import MARGIN, Absence, Missed, absence_for_failures, absence_of
from bot.flow.cards import CardDesk
from bot.flow.claiming import Claiming
from bot.flow.cursors import Cursors
from bot.flow.kept_texts import KeptTexts
from bot.flow.missed_pages import MissedPages
from bot.flow.ports import Board, Clock, History
from bot.store.away import AwayStore
from bot.store.cursors import CursorStore, Known, Sighting
from bot.store.guilds import GuildStore

log = structlog.get_logger(__name__)

READERS = 3
"""Pages that are asked for or passed at a time."""

TICK_SECONDS, RETRY_SECONDS = 60.0, 1.0
"""Between two looks for what is left to do, and after a failure at first."""

TRIES = 10
"""So often a digest is tried: the review channel may be closed for good."""

TOLD_FOR = timedelta(days=1)
"""No other process tells of the same absence within this time; catching up takes minutes."""


class CatchUp:
    """`came_back` whenever guilds are there of which something may have been missed; `run` does the rest."""

    def __init__(
        self,
        *,
        pages: MissedPages,
        history: History,
        cursors: Cursors,
        store: CursorStore,
        away: AwayStore,
        guilds: GuildStore,
        desk: CardDesk,
        board: Board,
        texts: KeptTexts,
        claiming: Claiming,
        clock: Clock,
        hours: float,
    ) -> None:
        self._pages = pages
        self._history = history
        self._cursors = cursors
        self._store = store
        self._away = away
        self._guilds = guilds
        self._desk = desk
        self._board = board
        self._claiming = claiming
        self.texts = texts
        self._clock = clock
        self._hours = hours
        self._absences: dict[int, Absence] = {}
        self._returned = asyncio.Event()

    def came_back(self) -> None:
        """Discord's guilds are there, or one more of them is."""
        self._returned.set()

    def progress(self, guild_id: int) -> Progress:
        """How far the guild is."""
        absence = self._absences.get(guild_id)
        whole = self._cursors.whole_since(guild_id)
        if absence is None:
            return Progress(0, 0, 0, whole, self._hours)
        done = absence.channels - len(absence.gaps)
        return Progress(absence.channels, done, absence.checked, whole, self._hours)

    @property
    def left(self) -> tuple[int, int]:
        """Channels that are still to be read, of all guilds, and messages that were checked there so far."""
        absences = self._absences.values()
        return sum(len(each.gaps) for each in absences), sum(each.checked for each in absences)

    async def run(self) -> None:
        """Catch up whenever the bot came back, and look for deletions afterwards; until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._run())
            both.create_task(self.texts.run())

    async def _run(self) -> None:
        """What failed is finished more and more patiently."""
        patience = TICK_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._returned.wait()
                    patience = RETRY_SECONDS
            try:
                await self.catch_up()
            except BotError as error:
                log.warning("catch_up_waits", why=type(error).__name__)
            except Exception:
                log.exception("catch_up_crashed")
            left = self._absences or any(not self._cursors.is_open(each) for each in self._history.guild_ids())
            patience = min(patience * 2, TICK_SECONDS) if left else TICK_SECONDS

    async def catch_up(self) -> int:
        """Read what is due now; how many messages were checked. What fails stays due and keeps its cursors back.

        Raises StoreUnavailable where nothing could be begun.
        """
        self._returned.clear()
        await self._begin()
        # Of a guild that is lost again all is found out anew when it is back.
        self._absences = {each: absence for each, absence in self._absences.items() if self._cursors.is_open(each)}
        absences = list(self._absences.values())
        before = sum(absence.checked for absence in absences)
        due = deque(gap for absence in absences for gap in absence.gaps.values())
        unlisted = deque(absence for absence in absences if absence.listed is not None)
        for absence in absences:
            await self._finish_if_read(absence)
        async with asyncio.TaskGroup() as readers:
            for number in range(READERS):
                readers.create_task(self._read(due, unlisted, lists_first=not number))
        return sum(absence.checked for absence in absences) - before

    async def _begin(self) -> None:
        """Find the gaps of the guilds that are new here or came back, and what failed passes left behind."""
        guild_ids = [each for each in self._history.guild_ids() if not self._cursors.is_open(each)]
        if guild_ids:
            known = await self._store.load(guild_ids)
            for guild_id in guild_ids:
                await self._open(guild_id, known)
            # At once: a bot that is killed a moment after its first start finds that it was here before.
            await self._cursors.flush()
            await self._store.drop_untouched(now=self._now())
        for guild_id, failed in self._cursors.left_behind().items():
            whole_since = self._cursors.whole_since(guild_id)
            if guild_id in self._absences or whole_since is None:
                continue
            places, now = self._history.places(guild_id), self._clock.now()
            absence = absence_for_failures(guild_id, failed, places, now=now, whole_since=whole_since)
            if absence.gaps:
                self._absences[guild_id] = absence
                log.info("failed_passes_again", guild_id=guild_id, channels=absence.channels)

    def _now(self) -> datetime:
        """Discord's time where the clock is ahead of it: all that was missed would look too old to be read."""
        now, told = self._clock.now(), self._history.time()
        return told if told is not None and now - told > CLOCK_WRONG else now

    async def _open(self, guild_id: int, known: Known) -> None:
        rules = await self._guilds.get(guild_id)
        now, sighting = self._now(), known.sightings.get(guild_id)
        if sighting is not None and not self._hours:
            self.texts.due(guild_id)  # also where nothing is read that was missed
        if sighting is None or not self._hours:
            # Seen for the first time: what was written before the bot came is none of its business.
            self._cursors.open_guild(guild_id, gaps={}, passed={})
            self._cursors.follow(guild_id, whole_since=now)
            return
        if sighting.seen_at > now:
            # The clock was wrong when it was written. All that may be missed is looked at.
            since = now - timedelta(hours=self._hours)
            sighting = Sighting(guild_id, min(sighting.whole_since, since), since)
        places = self._history.places(guild_id)
        absence = self._absence(sighting, places, known, rules=rules, now=now)
        absence.listed = frozenset(place.channel_id for place in places)
        self._cursors.open_guild(guild_id, gaps=absence.holds, passed=absence.passed, listed=absence.listed)
        self._absences[guild_id] = absence
        log.info("catch_up_began", guild_id=guild_id, channels=absence.channels, unread=len(absence.unread))

    def _absence(
        self, sighting: Sighting, places: Sequence[Place], known: Known, *, rules: GuildRules, now: datetime
    ) -> Absence:
        return absence_of(
            sighting,
            places,
            known=known,
            cursors=self._cursors,
            rules=rules,
            joined_at=self._history.joined_at(sighting.guild_id),
            now=now,
            hours=self._hours,
        )

    async def _list_rest(self, absence: Absence, due: deque[Missed]) -> None:
        """Find the gaps of the threads that were archived meanwhile, also of those that somebody opened since."""
        guild_id, listed = absence.guild_id, absence.listed or ()
        archived = await self._history.archived(guild_id, since=absence.since - MARGIN)
        rules, known = await self._guilds.get(guild_id), await self._store.load([guild_id])
        if guild_id not in self._history.guild_ids() or not self._cursors.is_open(guild_id):
            return  # lost meanwhile
        places = {each.channel_id: each for each in [*archived, *self._history.places(guild_id)]}
        rest = [place for channel_id, place in places.items() if channel_id not in listed]
        sighting = Sighting(guild_id, absence.whole_since, absence.since)
        found = self._absence(sighting, rest, known, rules=rules, now=absence.until)
        self._cursors.list_rest(guild_id, gaps=found.holds, passed=found.passed)
        absence.add(found)
        due.extend(found.gaps.values())
        log.info("threads_listed", guild_id=guild_id, archived=len(archived), channels=found.channels)
        await self._finish_if_read(absence)

    async def _read(self, due: deque[Missed], unlisted: deque[Absence], *, lists_first: bool) -> None:
        """One reader: a page of the next channel, which then goes to the end of the line; or what else was missed in a
        guild, which one of the readers asks for first, and the others when there is no page.
        """
        while (due or unlisted) and not self._returned.is_set():
            if unlisted and (lists_first or not due):
                absence = unlisted.popleft()
                try:
                    await self._list_rest(absence, due)
                except BotError as error:
                    log.warning("threads_wait", guild_id=absence.guild_id, why=type(error).__name__)
                continue
            gap = due.popleft()
            absence = self._absences[gap.place.guild_id]
            try:
                if await self._pages.turn(absence, gap):
                    await self._close(absence, gap)
                else:
                    due.append(gap)
            except BotError as error:
                log.warning("page_waits", channel_id=gap.place.channel_id, why=type(error).__name__)
                if isinstance(error, ModelSilent):
                    due.clear()  # it is silent for every channel; the next time it is another one's turn
                    unlisted.clear()
                    absence.gaps[gap.place.channel_id] = absence.gaps.pop(gap.place.channel_id)

    async def _close(self, absence: Absence, gap: Missed) -> None:
        del absence.gaps[gap.place.channel_id]
        self._cursors.close_gap(gap.place.channel_id, through=gap.end)
        done = absence.channels - len(absence.gaps)
        log.info("caught_up", channel_id=gap.place.channel_id, done=done, of=absence.channels, checked=absence.checked)
        await self._finish_if_read(absence)

    async def _finish_if_read(self, absence: Absence) -> None:
        """Once every channel is read: look at open cases, post cards, tell what was found, and follow the guild."""
        if absence.gaps or absence.listed is not None or self._returned.is_set():
            return
        guild_id = absence.guild_id
        try:
            if not absence.compared:
                await self._pages.titles(absence)
                await self._pages.open_cases(absence)
                absence.compared = True
            for case_id in await self._away.with_card(absence.leads):
                self._desk.enqueue(guild_id=guild_id, case_id=case_id)
            await self._desk.catch_up(guild_id=guild_id)
            await self._tell(absence)
        except BotError as error:
            log.warning("absence_waits", guild_id=guild_id, why=type(error).__name__)
            return
        del self._absences[guild_id]
        if absence.until > absence.since:
            self.texts.due(guild_id)
        left_out = absence.unread or absence.not_before is not None
        self._cursors.follow(guild_id, whole_since=absence.until if left_out else absence.whole_since)
        log.info("caught_up_all", guild_id=guild_id, checked=absence.checked)

    async def _tell(self, absence: Absence) -> None:
        """Raises StoreUnavailable, and BoardUnavailable as long as it is worth another try."""
        rules = await self._guilds.get(absence.guild_id)
        if absence.told or rules.review_channel_id is None:
            return
        found = await self._away.found(
            guild_id=absence.guild_id, since=absence.since, until=absence.until, minutes=rules.act_within_minutes
        )
        report = absence.report(found)
        if not report.worth_telling:
            return
        # The sighting before it is the same for all processes that were away then.
        name = f"away:{absence.guild_id}:{absence.since.isoformat()}"
        if not await self._claiming.first(name, span=TOLD_FOR):
            return
        absence.tries += 1
        try:
            await self._board.digest(report, channel_id=rules.review_channel_id)
        except BoardUnavailable:
            await self._claiming.give_back(name)
            if absence.tries < TRIES:
                raise
