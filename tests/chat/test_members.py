"""Members of whom the bot heard lately: whom it asks Discord for, and how."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.chat.members import Members

GONE = 9
"""Who is not on the server any more."""


class Guild:
    """As much of a server as is asked for its members. `asked`: people together through the gateway, one over REST."""

    id = 1

    def __init__(self) -> None:
        self.asked: list[list[int] | int] = []

    async def query_members(self, *, user_ids: Sequence[int], limit: int = 5, cache: bool = True) -> list[Any]:
        self.asked.append(list(user_ids))
        return [SimpleNamespace(id=each) for each in user_ids if each != GONE][:limit]

    async def fetch_member(self, user_id: int) -> Any:
        self.asked.append(user_id)
        if user_id == GONE:
            raise discord.NotFound(SimpleNamespace(status=404, reason="Not Found"), "Unknown Member")  # type: ignore[arg-type]
        return SimpleNamespace(id=user_id)


class Asking:
    """The members of a guild by a clock that stands still. `guild.asked` is what Discord was asked."""

    def __init__(self) -> None:
        self.time = 0.0
        self.guild: Any = Guild()
        self.members = Members(now=lambda: self.time)

    async def of(self, *people: int, within: float = 60.0, fewest: int = 1) -> dict[int, int | None]:
        wrote: Any = [SimpleNamespace(author=SimpleNamespace(id=each, bot=False), webhook_id=None) for each in people]
        found = await self.members.of(self.guild, wrote, within=within, fewest=fewest)
        return {person: member.id if member else None for person, member in found.items()}

    async def one(self, person: int, *, within: float = 60.0) -> int | None:
        member = await self.members.one(self.guild, person, within=within)
        return member.id if member else None


@pytest.fixture
def asking() -> Asking:
    return Asking()


async def test_several_are_asked_for_at_once_and_then_no_more(asking: Asking) -> None:
    for _ in range(2):
        assert await asking.of(1, 2, 2, GONE) == {1: 1, 2: 2, GONE: None}
        assert [await asking.one(each) for each in (1, GONE)] == [1, None]
    assert asking.guild.asked == [[1, 2, GONE]]


async def test_all_authors_of_a_page_are_asked_for_and_not_the_first_five(asking: Asking) -> None:
    people = range(1000, 1100)
    assert await asking.of(*people) == {each: each for each in people}


async def test_each_way_of_asking_says_for_how_long_it_is_content(asking: Asking) -> None:
    await asking.of(1, 2)
    asking.time = 60.0
    assert await asking.of(1, 2, 3, within=300.0) == {1: 1, 2: 2, 3: 3}
    await asking.one(2)
    asking.time = 110.0
    await asking.of(1, 2, 3)
    assert asking.guild.asked == [[1, 2], [3], 2, [1]]


async def test_fewer_than_are_worth_a_question_to_the_gateway_are_left_out(asking: Asking) -> None:
    assert await asking.of(1, fewest=2) == {}
    assert await asking.one(1) == 1
    assert await asking.of(1, 2, fewest=2) == {1: 1}
    assert await asking.of(1, 2, 3, fewest=2) == {1: 1, 2: 2, 3: 3}
    assert asking.guild.asked == [1, [2, 3]]


async def test_bots_and_webhooks_are_not_asked_for_with_the_others(asking: Asking) -> None:
    others: Any = [
        SimpleNamespace(author=SimpleNamespace(id=1, bot=True), webhook_id=None),
        SimpleNamespace(author=SimpleNamespace(id=2, bot=False), webhook_id=2),
    ]
    assert await asking.members.of(asking.guild, others, within=60.0) == {}
    assert asking.guild.asked == []


async def test_so_many_are_kept_and_those_heard_of_last_stay(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chat.members.MOST_MEMBERS", 3)
    await asking.of(1, 2, 3)
    asking.time = 60.0
    assert await asking.of(1, 4, 5, 6, within=60.0) == {1: 1, 4: 4, 5: 5, 6: 6}  # more than are kept
    await asking.of(4, 5, 6)
    assert asking.guild.asked == [[1, 2, 3], [1, 4, 5, 6]]
