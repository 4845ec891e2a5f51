"""Messages and deletions while the database is away: kept in the spool, and gone through in order once it is back.

Meanwhile the last known rules still decide what is shown to moderators, as a plain line in the review channel. Nothing
is done to anybody: without a record there is no action. A guild whose rules were never read is flagged nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

import structlog

from bot.core.alerts import Alert
from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage
from bot.core.policy import NOTHING, Decision, headline
from bot.core.spooled import Deletion, Spooled, key_of
from bot.errors import BotError, SpoolUnavailable, StoreUnavailable
from bot.flow.gone import Gone
from bot.flow.moderate import Moderate, Passed
from bot.flow.pings import Pings
from bot.flow.ports import Clock
from bot.flow.trouble import Trouble
from bot.store.database import Database, is_away
from bot.store.guilds import GuildStore
from bot.store.predictions import PredictionStore
from bot.store.spool import Spool

log = structlog.get_logger(__name__)

RETRY = 1.0
"""Seconds between two questions whether the database is back."""
LOOK = 10.0
"""Seconds between two questions whether it is still there."""
BATCH = 256
RECORDED = ("decided", "unscored")
"""Outcomes of a pass that has written something. One that is exempt or was passed before shows nothing of the disk."""
MOST_LINES = 10
"""Flagged messages of which a guild is told one by one; the cards of all of them follow."""


class Spooling:
    """The way in for live messages and deletions. `run` brings back what waits; `away_since` is None while all is well.

    What `handle` and `deleted` return from is safe: recorded in the database, or in the spool.
    """

    def __init__(
        self,
        *,
        moderate: Moderate,
        gone: Gone,
        guilds: GuildStore,
        predictions: PredictionStore,
        database: Database,
        spool: Spool,
        pings: Pings,
        trouble: Trouble,
        clock: Clock,
        keep_text: bool,
        observe: Callable[[Passed], None],
    ) -> None:
        """`keep_text`: whether texts of messages are kept at all, where the server keeps them, too."""
        self._moderate = moderate
        self._gone = gone
        self._guilds = guilds
        self._predictions = predictions
        self._database = database
        self._spool = spool
        self._pings = pings
        self._trouble = trouble
        self._clock = clock
        self._keep_text = keep_text
        self._observe = observe
        self._needed = asyncio.Event()
        self._lines: dict[int, int] = {}
        self._flagged: set[tuple[int, int]] = set()
        self._keeps = True
        self.away_since: datetime | None = None
        self.full = False
        """Whether the database refuses for want of room on its disk."""

    @property
    def spool(self) -> Spool:
        """What waits."""
        return self._spool

    async def handle(self, message: IncomingMessage, *, priority: str = "live") -> Passed:
        """The pass; without a database what can be done without one. Raises StoreUnavailable where the message could be
        kept nowhere.
        """
        if self._may_answer:
            try:
                passed = await self._moderate.handle(message, priority=priority)
            except StoreUnavailable as error:
                await self._failed(error)
            else:
                await self._is_back(wrote=passed.outcome in RECORDED)
                return passed
        return await self._keep(message, priority)

    async def deleted(self, deletion: Deletion) -> None:
        """Have it noted by `Gone`, now or once the database is back. Raises StoreUnavailable as `handle` does."""
        if self._may_answer:
            try:
                await self._note(deletion)
            except StoreUnavailable as error:
                await self._failed(error)
            else:
                await self._is_back(wrote=False)  # mostly there is nothing of it here
                return
        await self._append(deletion)

    async def _note(self, deletion: Deletion) -> None:
        if deletion.message_ids:
            await self._gone.deleted(guild_id=deletion.guild_id, message_ids=deletion.message_ids)
        if deletion.channel_ids:
            await self._gone.channels_deleted(guild_id=deletion.guild_id, channel_ids=deletion.channel_ids)

    def left(self, entries: Sequence[Spooled]) -> bool:
        """The process ends while these are in the pass: the next start finds them in the spool, unless False."""
        try:
            self._spool.append_now(entries)
        except SpoolUnavailable as error:
            log.warning("not_kept", entries=len(entries), why=str(error))
            return False
        return True

    @property
    def _may_answer(self) -> bool:
        """Whether the database is asked at all. One that is full still answers questions: whether there is room again
        shows when something is written, and if nothing waits in the spool that is what comes next.
        """
        return self.away_since is None or (self.full and not self._spool.count)

    async def run(self) -> None:
        """Bring back what waits, as soon as the database answers; look now and then whether it does."""
        while True:
            try:
                await self.bring_back()
            except StoreUnavailable as error:
                self._went_away(error)
            except SpoolUnavailable as error:
                log.error("spool_unreadable", why=str(error))
            waiting = self.away_since is not None or self._spool.count
            try:
                async with asyncio.timeout(RETRY if waiting else LOOK):
                    await self._needed.wait()
                    await asyncio.sleep(RETRY)
            except TimeoutError:
                pass
            self._needed.clear()

    async def _keep(self, message: IncomingMessage, priority: str) -> Passed:
        rules, decision = self._guilds.remembered(message.guild_id), NOTHING
        if self.away_since is not None:
            self._trouble.database_failed(message.guild_id)
            if rules is not None:
                decision = await self._moderate.unrecorded(message, rules, priority=priority)
        keeps = self._keep_text and rules is not None and rules.keep_text
        await self._append(message if decision.opens and keeps else key_of(message))
        if decision.opens == "flagged":
            await self._tell(message, decision)
        passed = Passed(message, "spooled", decision=decision)
        self._observe(passed)
        return passed

    async def _append(self, entry: Spooled) -> None:
        try:
            await self._spool.append(entry)
        except SpoolUnavailable as error:
            if self._keeps:
                log.error("not_kept", why=str(error))
            self._keeps = False
            raise StoreUnavailable("Neither the database nor the spool can be written.") from error
        self._keeps = True

    async def _tell(self, message: IncomingMessage, decision: Decision) -> None:
        name = (message.message_id, message.revision)
        told = self._lines.get(message.guild_id, 0)
        if name in self._flagged or (told >= MOST_LINES and not decision.ping):
            return
        self._flagged.add(name)
        self._lines[message.guild_id] = told + 1
        label = "threat" if decision.ping else headline(decision.reasons).label
        try:
            await self._pings.send(
                Alert(
                    message.guild_id,
                    "unrecorded",
                    jump_url=message.jump_url,
                    label=label,
                    channel_id=message.channel_id,
                )
            )
        except BotError as error:
            log.warning("flag_untold", message_id=message.message_id, why=type(error).__name__)

    async def _failed(self, error: StoreUnavailable) -> None:
        """Find out whether the database is away or refuses one row alone, which gets another try out of the spool."""
        self._needed.set()
        try:
            await self._database.ping()
        except StoreUnavailable as silent:
            error = silent
        if is_away(error):
            self._went_away(error)

    def _went_away(self, error: StoreUnavailable) -> None:
        """The database is away, or still is."""
        self.full = "SQLITE_FULL" in str(error) or "DiskFull" in str(error)
        if self.away_since is None:
            self.away_since = self._clock.now()
            log.error("database_away", why=str(error))
            self._needed.set()

    async def bring_back(self) -> None:
        """Work off the spool in order, if the database answers. Raises StoreUnavailable where it does not, or goes away
        meanwhile; SpoolUnavailable where the spool cannot be read.
        """
        await self._database.ping()
        while waiting := await self._spool.first(BATCH):
            for whole, group in groupby(waiting, key=lambda each: not isinstance(each.entry, MessageKey)):
                together = list(group)
                for part in ([each] for each in together) if whole else (together,):
                    wrote = await self._bring_back([each.entry for each in part if each.entry is not None])
                    await self._spool.done(part[-1].end, len(part))
                    await self._is_back(wrote=wrote)
        await self._is_back(wrote=False)

    async def _bring_back(self, entries: Sequence[Spooled]) -> bool:
        """Have the database know of them; one that it refuses for what it is, is given up. Whether any was written."""
        found = await asyncio.gather(*map(self._one, entries), return_exceptions=True)
        wrote = True in found
        for entry, error in zip(entries, found, strict=True):
            if isinstance(error, StoreUnavailable) and (not isinstance(entry, IncomingMessage) or is_away(error)):
                raise error  # with ids alone nothing can be wrong
            if not isinstance(error, BaseException):
                continue
            log.error("spooled_refused", kind=type(entry).__name__, why=type(error).__name__)
            if isinstance(entry, IncomingMessage):
                wrote |= await self._one(key_of(entry))  # it is fetched once more and passed again
        return wrote

    async def _one(self, entry: Spooled) -> bool:
        """Whether it was written."""
        match entry:
            case MessageKey():
                wrote = await self._predictions.leave(entry, at=self._clock.now())
                self._moderate.left_unscored.set()
                return wrote
            case Deletion():
                await self._note(entry)
                return False
            case IncomingMessage():
                return (await self._moderate.handle(entry, priority="backfill")).outcome in RECORDED

    async def _is_back(self, *, wrote: bool) -> None:
        """It answered. One that is full does so, too, as long as nothing is written."""
        if self.away_since is None or (self.full and not wrote):
            return
        self.away_since, self.full, self._keeps = None, False, True
        self._lines.clear()
        self._flagged.clear()
        log.info("database_back", spooled=self._spool.count)
        self._trouble.database_answered()
        try:
            # What was planned before and could not be written down as done.
            await self._moderate.settle()
        except StoreUnavailable as error:
            await self._failed(error)  # no failure of what was just written down; it is settled later
