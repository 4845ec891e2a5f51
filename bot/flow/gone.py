"""Messages that somebody else deleted: their cases say so, their texts go here, too, unless something holds them
(`bot/core/holding.py`), and a card that needs nobody any more closes by itself.

Discord tells of a deletion without its actor, so nobody is named. What was deleted while the bot was away is found out
when somebody acts on it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import structlog

from bot.core.cases import Case
from bot.core.gone import over_by_itself
from bot.flow.audit import Audit
from bot.flow.cards import CardDesk
from bot.flow.dropping import Dropping
from bot.flow.ports import Clock
from bot.store.away import AwayStore
from bot.store.cases import CaseStore
from bot.store.gone import GoneStore

log = structlog.get_logger(__name__)

MOST_REMEMBERED = 10_000
"""Deleted messages kept in mind: another bot is often quicker than the pass, which then opens a case on nothing."""

MOST_AT_ONCE = 1000
"""Messages of a deleted channel that are looked for at a time."""


class Gone:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        gone: GoneStore,
        away: AwayStore,
        cases: CaseStore,
        desk: CardDesk,
        dropping: Dropping,
        audit: Audit,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._gone = gone
        self._away = away
        self._cases = cases
        self._desk = desk
        self._dropping = dropping
        self._audit = audit
        self._clock = clock
        self._text_kept = timedelta(days=text_days)
        self._deleted: dict[int, None] = {}

    async def deleted(self, *, guild_id: int, message_ids: Collection[int]) -> None:
        """Discord says that these messages were deleted, by the bot itself or by anybody."""
        # Before the database is asked: a case that is opened meanwhile asks `knows` afterwards.
        self._deleted |= dict.fromkeys(message_ids)
        while len(self._deleted) > MOST_REMEMBERED:
            del self._deleted[next(iter(self._deleted))]
        await self._settle(guild_id, message_ids)
        await self._audit.drop(guild_id=guild_id, message_ids=message_ids)

    async def channels_deleted(self, *, guild_id: int, channel_ids: Collection[int]) -> None:
        """Channels or threads are deleted with all that stood in them, of which Discord tells nothing more."""
        more = True
        while more:
            found = await self._away.with_text(guild_id=guild_id, limit=MOST_AT_ONCE, channel_ids=channel_ids)
            await self.deleted(guild_id=guild_id, message_ids=[message_id for _, message_id in found])
            more = len(found) == MOST_AT_ONCE

    def knows(self, message_id: int) -> bool:
        """Whether the message was deleted lately."""
        return message_id in self._deleted

    async def after_opening(self, case: Case) -> Case:
        """The case, which may be over already: its message was deleted while it was scored."""
        if not self.knows(case.message_id):
            return case
        return await self.found(case)

    async def found(self, case: Case) -> Case:
        """An action found the case's message gone; the case as it stands then."""
        await self._settle(case.guild_id, [case.message_id])
        return await self._cases.get(guild_id=case.guild_id, case_id=case.case_id)

    async def note(self, case: Case) -> None:
        """The same for a moderator's action, whose verdict closes the case anyway."""
        await self._gone.mark(guild_id=case.guild_id, message_ids=[case.message_id], at=self._clock.now())

    async def _settle(self, guild_id: int, message_ids: Collection[int]) -> None:
        marked = await self._gone.mark(guild_id=guild_id, message_ids=message_ids, at=self._clock.now())
        # Texts that nothing holds go at once; an open case holds its own until it closes, and longer (`holding.py`).
        await self._dropping.now([case.case_id for case in marked if case.state == "closed"])
        for case_id in {case.lead_id or case.case_id for case in marked}:
            lead = await self._cases.get(guild_id=guild_id, case_id=case_id)
            if lead.state == "closed":
                continue
            await self._close_if_over([*await self._cases.followers(case_id=case_id), lead])
            self._desk.enqueue(guild_id=guild_id, case_id=case_id)

    async def _close_if_over(self, card: Collection[Case]) -> None:
        ours = await self._gone.deleted_by_us(message_ids={case.message_id for case in card})
        if ours or not over_by_itself(card):
            return
        now = self._clock.now()
        for case in card:
            await self._cases.close(case_id=case.case_id, at=now, text_until=now + self._text_kept)
            log.info("already_gone", case_id=case.case_id, guild_id=case.guild_id)
