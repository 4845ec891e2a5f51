"""Two processes of the bot on one database, on the same server, as in a rolling restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import Case
from bot.core.guild_rules import LabelRule
from bot.core.policy import Action, Delete
from bot.flow.ports import Outcome
from bot.store.database import Database
from bot.store.under_way import CLAIM
from tests.builders import GUILD, message
from tests.flow.conftest import House

STRICT = LabelRule(delete_at=0.5)


@pytest.fixture
async def other(house: House) -> AsyncIterator[House]:
    """The second process: its own connection and memory, the same Discord and the same time."""
    db = Database(house.db.url.render_as_string(hide_password=False), key=house.db.key)
    yield House(db, enforcer=house.enforcer, messenger=house.messenger, board=house.board, clock=house.clock)
    await db.close()


async def states(house: House, message_id: int = 1000) -> dict[str, str]:
    case = await house.cases.of_message(guild_id=GUILD, message_id=message_id)
    assert case is not None
    return {record.action.kind: record.state for record in case.actions}


async def test_a_message_that_both_see_is_decided_once_and_acted_on_once(house: House, other: House):
    await house.rules(insult=STRICT)
    for number in range(8):
        seen = message("what an insult", message_id=number)
        passed = await asyncio.gather(house.moderate.handle(seen), other.moderate.handle(seen))
        assert sorted(each.outcome for each in passed) == ["decided", "replayed"]
    assert house.enforcer.performed == [(number, Delete()) for number in range(8)]


async def test_what_one_is_doing_the_other_does_not_settle(house: House, other: House):
    await house.rules(insult=STRICT)
    settled: list[int] = []

    async def slow(case: Case, action: Action, *, reason: str) -> Outcome:
        settled.append(await other.moderate.settle())
        return Outcome("done")

    house.enforcer.perform = slow  # type: ignore[method-assign]
    await house.moderate.handle(message("what an insult"))
    assert settled == [0]


async def test_what_a_dead_one_left_the_other_finishes_without_a_start(house: House, other: House):
    await house.rules(insult=STRICT)
    perform = house.enforcer.perform

    async def killed(case: Case, action: Action, *, reason: str) -> Outcome:
        raise asyncio.CancelledError

    house.enforcer.perform = killed  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await house.moderate.handle(message("what an insult"))
    house.enforcer.perform = perform  # type: ignore[method-assign]
    house.clock.move(seconds=CLAIM.total_seconds())
    assert sorted(await asyncio.gather(other.moderate.settle(), other.moderate.settle())) == [0, 1]
    assert await states(house) == {"delete": "done"}


async def test_an_action_that_another_took_over_meanwhile_is_not_done_a_second_time(house: House, other: House):
    await house.rules(insult=LabelRule(warn_at=0.5, delete_at=0.5))
    perform = house.enforcer.perform

    async def asleep(case: Case, action: Action, *, reason: str) -> Outcome:
        house.enforcer.perform = perform  # type: ignore[method-assign]
        outcome = await perform(case, action, reason=reason)
        house.clock.move(seconds=CLAIM.total_seconds())  # a suspended machine: no heartbeat
        await other.moderate.settle()
        return outcome

    house.enforcer.perform = asleep  # type: ignore[method-assign]
    house.enforcer.found["warn"] = Outcome("done")
    await house.moderate.handle(message("what an insult"))
    assert sorted(action.kind for _, action in house.enforcer.performed) == ["delete", "warn"]
    assert await states(house) == {"warn": "done", "delete": "done"}


async def test_a_pause_in_one_stops_the_actions_of_the_other_at_once(house: House, other: House):
    await house.rules(insult=STRICT)
    await other.moderate.handle(message("hello", message_id=1))
    await house.setup.pause(guild_id=GUILD, by=5)
    assert not (await other.guilds.get(GUILD)).paused  # it has not looked yet
    await other.moderate.handle(message("what an insult"))
    assert house.enforcer.performed == []
    assert await states(other) == {"delete": "refused"}
    assert (await other.guilds.get(GUILD)).paused


async def test_what_was_recorded_over_an_hour_ago_is_not_done_and_the_card_says_so(house: House, other: House):
    rules = await house.rules(insult=LabelRule(timeout_at=0.5, delete_at=0.5))
    await house.guilds.save(replace(rules, review_channel_id=900), by=1, at=house.clock.now())

    async def killed(case: Case, action: Action, *, reason: str) -> Outcome:
        raise asyncio.CancelledError

    perform, house.enforcer.perform = house.enforcer.perform, killed  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await house.moderate.handle(message("what an insult"))
    house.enforcer.perform = perform  # type: ignore[method-assign]
    house.enforcer.found["timeout"] = Outcome("done")
    house.clock.time += timedelta(hours=1, seconds=1)
    assert await other.moderate.settle() == 2
    assert house.enforcer.performed == []
    assert await states(house) == {"timeout": "done", "delete": "expired"}
    await other.post_cards()
    (shown,) = house.board.cards.values()
    assert [record.detail for record in shown.actions if record.state == "expired"] == [
        "I was away, and came back more than an hour later"
    ]
