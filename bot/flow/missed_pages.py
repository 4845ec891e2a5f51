"""One page of what was missed: its messages are passed, and what changed or went on it since is taken note of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.away import WORTH_TELLING, Found, Place, id_at, made_at, written_at
from bot.core.events import IncomingMessage
from bot.errors import BotError, ModelSilent, NotAllowed
from bot.flow.absence import MARGIN, Absence, Missed
from bot.flow.gone import Gone
from bot.flow.kept_texts import pages_around
from bot.flow.moderate import Moderate, Passed
from bot.flow.names import Names
from bot.flow.ports import PAGE, Clock, History
from bot.store.away import AwayStore
from moderation_model.errors import BadRequest, ModelFailed

log = structlog.get_logger(__name__)

PASSES = 32
"""Missed messages in the pass at a time; the model scores live ones first."""

OPEN_CASES = 100
"""Open cases of a guild whose messages are looked at again."""


class MissedPages:
    """Every method raises BotError where the database, Discord or the model does not answer; the page is due again."""

    def __init__(
        self,
        *,
        history: History,
        moderate: Moderate,
        gone: Gone,
        names: Names,
        away: AwayStore,
        clock: Clock,
        hours: float,
    ) -> None:
        self._history = history
        self._moderate = moderate
        self._gone = gone
        self._names = names
        self._away = away
        self._clock = clock
        self._window = timedelta(hours=hours)
        self._passes = asyncio.Semaphore(PASSES)

    async def turn(self, absence: Absence, gap: Missed) -> bool:
        """Pass the next page of the gap, the newest messages first; whether it was the last one."""
        try:
            page = await self._history.page(gap.place, before=gap.before)
        except NotAllowed:
            absence.unread.append(gap.place.channel_id)
            return True
        if page is None:
            return True
        missed = [each for each in page if each.message_id > gap.floor]
        older = page[len(missed) :]
        await self._pass_all(absence, [each.message for each in missed if each.message is not None])
        await self._look_again(absence, gap.place, page, edited=older, before=gap.before)
        if any(each.message_id > gap.base for each in older):
            absence.not_before = made_at(gap.floor)
        if page:
            gap.before = page[-1].message_id
        return bool(older) or len(page) < PAGE

    async def titles(self, absence: Absence) -> None:
        """Look at the titles of the threads that were opened meanwhile."""
        for title in await self._history.titles(absence.guild_id, since=absence.since - MARGIN):
            await self._names.look(title)

    async def open_cases(self, absence: Absence) -> None:
        """Look again at the messages that moderators still have to decide on."""
        if absence.until - absence.since < WORTH_TELLING:
            return
        since = absence.until - self._window
        found = await self._away.open_messages(guild_id=absence.guild_id, since=since, limit=OPEN_CASES)
        places = {place.channel_id: place for place in self._history.places(absence.guild_id) if place.readable}
        async for channel_id, page, before in pages_around(self._history, found, places):
            if page is not None:
                await self._look_again(absence, places[channel_id], page, edited=page, before=before)

    async def _look_again(
        self, absence: Absence, place: Place, page: Sequence[Found], *, edited: Sequence[Found], before: int
    ) -> None:
        """Pass what of `edited` was edited since, and note which messages with a case are missing on the page."""
        since = absence.since - MARGIN
        await self._pass_all(absence, [each.message for each in edited if each.message and _edited_after(each, since)])
        low = page[-1].message_id if len(page) == PAGE else id_at(self._clock.now() - self._window)
        there = {each.message_id for each in page}
        with_case = await self._away.standing(channel_id=place.channel_id, low=low, high=before)
        deleted = [message_id for message_id in with_case if message_id not in there]
        if deleted:
            await self._gone.deleted(guild_id=place.guild_id, message_ids=deleted)

    async def _pass_all(self, absence: Absence, messages: Sequence[IncomingMessage]) -> None:
        found = await asyncio.gather(*(self._pass(message) for message in messages), return_exceptions=True)
        for message, passed in zip(messages, found, strict=True):
            if isinstance(passed, BotError):
                raise passed
            if isinstance(passed, BaseException):
                # It would fail again, and the rest of its channel must not wait for it for ever.
                log.error("missed_pass_failed", message_id=message.message_id, exc_info=passed)
        passes = [each for each in found if isinstance(each, Passed)]
        if any(each.failure is not None and not isinstance(each.failure, BadRequest | ModelFailed) for each in passes):
            raise ModelSilent
        absence.leads |= {
            each.case.lead_id for each in passes if each.case is not None and each.case.lead_id is not None
        }
        absence.checked += sum(each.outcome in ("decided", "unscored", "replayed") for each in passes)

    async def _pass(self, message: IncomingMessage) -> Passed:
        async with self._passes:
            return await self._moderate.handle(message, priority="backfill", weigh=False)


def _edited_after(found: Found, since: datetime) -> bool:
    message = found.message
    if message is None or not message.revision:
        return False
    return written_at(message.revision, message.created_at) > since
