"""Open appeals come oldest first with their cards; those before them are counted, members once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.core.appeals import AppealState
from bot.core.cases import CardRef
from bot.core.policy import Delete
from bot.store.appeal_lists import AppealCounts, AppealListStore, OpenAppeal
from bot.store.appeals import AppealStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from tests.builders import EXPIRES, GUILD, NOON, new_case, person

SINCE = NOON - timedelta(days=90)


class Courts:
    """Appeals as members and moderators leave them behind; message ids count up."""

    def __init__(self, db: Database) -> None:
        self.cases, self.appeals, self.lists = CaseStore(db), AppealStore(db), AppealListStore(db)
        self.last = 0

    async def act(self, *, member: int = 1, guild_id: int = GUILD, state: str = "done") -> int:
        """A case on which something was done, or refused."""
        self.last += 1
        new = new_case(message_id=self.last, author=person(member), guild_id=guild_id)
        case, _ = await self.cases.open(new, [Delete()])
        await self.cases.settle_action(action_id=case.actions[0].action_id, state=state, detail=None, at=NOON)  # type: ignore[arg-type]
        return case.case_id

    async def appeal(
        self, *, at: datetime = NOON, ends: AppealState | None = None, member: int = 1, guild_id: int = GUILD
    ) -> int:
        case_id = await self.act(member=member, guild_id=guild_id)
        case = await self.cases.get(guild_id=guild_id, case_id=case_id)
        await self.appeals.open(case, text="please", at=at)
        if ends is not None:
            await self.appeals.decide(case_id=case_id, state=ends, by=9, at=at, text_expires_at=EXPIRES)
        return case_id


@pytest.fixture
def courts(db: Database) -> Courts:
    return Courts(db)


async def test_open_appeals_come_oldest_first_with_their_cards(courts: Courts):
    new = await courts.appeal(at=NOON)
    old = await courts.appeal(at=NOON - timedelta(days=3), member=2)
    await courts.appeal(ends="upheld")
    await courts.appeal(guild_id=GUILD + 1)
    await courts.cases.set_card(case_id=old, card=CardRef(5, 6))

    assert await courts.lists.open_count(GUILD) == 2
    assert await courts.lists.open_page(guild_id=GUILD, offset=0, limit=9) == [
        OpenAppeal(old, 2, NOON - timedelta(days=3), CardRef(5, 6)),
        OpenAppeal(new, 1, NOON, None),
    ]
    assert [each.case_id for each in await courts.lists.open_page(guild_id=GUILD, offset=1, limit=1)] == [new]


async def test_ends_and_members_of_that_time_and_guild_are_counted_members_once(courts: Courts):
    await courts.appeal(ends="upheld")
    await courts.appeal(ends="overturned")
    await courts.appeal(ends="overturned", member=2)
    await courts.appeal(ends="upheld", at=SINCE - timedelta(days=1), member=3)
    await courts.appeal(ends="upheld", guild_id=GUILD + 1)
    await courts.act(member=4)
    await courts.act(member=5, state="refused")

    assert await courts.lists.counts(guild_id=GUILD, since=SINCE) == AppealCounts(
        upheld=1, overturned=2, appealed=2, acted=4
    )


async def test_a_guild_without_appeals_counts_nothing(courts: Courts):
    assert await courts.lists.open_page(guild_id=GUILD, offset=0, limit=9) == []
    assert await courts.lists.counts(guild_id=GUILD, since=SINCE) == AppealCounts(0, 0, 0, 0)
