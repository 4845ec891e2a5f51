"""What administrators see of appeals: which wait, page by page, and how the last ones ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.flow.ports import Clock
from bot.store.appeal_lists import AppealCounts, AppealListStore, OpenAppeal
from bot.store.guilds import GuildStore

PAGE_APPEALS = 8
LOOK_BACK_DAYS = 90


@dataclass(frozen=True, slots=True)
class AppealPage:
    """Some of `total` open appeals, oldest first: page `number` of `pages`, counted from 1; `counts` are those of the
    last `LOOK_BACK_DAYS`. `notices` and `taken`: whether members are told at all, and may appeal then.
    """

    appeals: tuple[OpenAppeal, ...]
    total: int
    number: int
    pages: int
    counts: AppealCounts
    notices: bool
    taken: bool


@dataclass(frozen=True, slots=True)
class AppealList:
    """Reads only. Its method raises StoreUnavailable."""

    appeals: AppealListStore
    guilds: GuildStore
    clock: Clock

    async def page(self, *, guild_id: int, number: int) -> AppealPage:
        """That page; the last one where there are fewer."""
        total = await self.appeals.open_count(guild_id)
        pages = max(1, -(-total // PAGE_APPEALS))
        number = min(max(number, 1), pages)
        found = await self.appeals.open_page(guild_id=guild_id, offset=(number - 1) * PAGE_APPEALS, limit=PAGE_APPEALS)
        since = self.clock.now() - timedelta(days=LOOK_BACK_DAYS)
        counts = await self.appeals.counts(guild_id=guild_id, since=since)
        rules = await self.guilds.get(guild_id)
        return AppealPage(tuple(found), total, number, pages, counts, rules.notices, rules.appeals)
