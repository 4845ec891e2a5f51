"""Two processes of the bot on one database, on the same server, as in a rolling restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.cases import CardRef, Case, Vote
from bot.core.guild_rules import LabelRule
from bot.core.policy import Action, Delete
from bot.flow.claiming import SPAN
from bot.flow.ports import Outcome
from bot.store.database import Database
from bot.store.under_way import CLAIM
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, message, person
from tests.flow.absences import after_first_start, came_back, write
from tests.flow.conftest import House

STRICT = LabelRule(delete_at=0.5)


@pytest.fixture
async def other(house: House) -> AsyncIterator[House]:
    """The second process: its own connection and memory, the same Discord and the same time."""
    db = Database(house.db.url.render_as_string(hide_password=False), key=house.db.key)
    discord = {"enforcer": house.enforcer, "messenger": house.messenger, "board": house.board}
    yield House(db, **discord, history=house.history, clock=house.clock)
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
    await house.killed_before_acting()
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


async def test_what_is_settled_so_slowly_that_another_took_it_over_is_not_done_a_second_time(
    house: House, other: House
):
    await house.rules(insult=STRICT)
    await house.killed_before_acting()
    house.clock.move(seconds=CLAIM.total_seconds())
    settle = house.enforcer.settle

    async def limited(case: Case, action: Action) -> Outcome | None:
        """Discord has this process wait, and its heartbeat fails meanwhile."""
        house.enforcer.settle = settle  # type: ignore[method-assign]
        house.clock.move(seconds=CLAIM.total_seconds())
        await other.moderate.settle()
        return None

    house.enforcer.settle = limited  # type: ignore[method-assign]
    await house.moderate.settle()
    assert house.enforcer.performed == [(1000, Delete())]
    assert await states(house) == {"delete": "done"}


async def both_away(house: House, other: House) -> None:
    """Both were there once, and come back twenty minutes later; meanwhile somebody wrote."""
    for process in (await after_first_start(house), other):
        await came_back(process)
        await process.cursors.flush(last=True)
    for _ in range(2):
        house.clock.move(minutes=10)
        write(house, "hello")


async def test_what_was_missed_is_told_once_although_both_were_away(house: House, other: House):
    await both_away(house, other)
    assert await asyncio.gather(came_back(house), came_back(other)) == [2, 2]
    assert [report.checked for report in house.board.away] == [2]
    assert [each.catch_up.progress(GUILD).whole_since is None for each in (house, other)] == [False, False]


async def test_what_one_could_not_tell_the_other_tells(house: House, other: House):
    await both_away(house, other)
    house.board.broken = True
    await came_back(house)
    house.board.broken = False
    await came_back(other)
    await house.catch_up.catch_up()
    assert [report.checked for report in house.board.away] == [2]


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
    await house.killed_before_acting()
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


async def test_a_start_settles_nothing_that_is_older_than_the_server_lets_the_bot_act_on(house: House, other: House):
    rules = await house.rules(insult=STRICT)
    await house.guilds.save(replace(rules, act_within_minutes=10), by=1, at=house.clock.now())
    for number, minutes in ((1, 9), (2, 2)):
        await house.killed_before_acting(message("what an insult", message_id=number, at=house.clock.now()))
        house.clock.move(minutes=minutes)
    assert await other.moderate.settle() == 2
    assert house.enforcer.performed == [(2, Delete())]
    assert await states(house, 1) == {"delete": "expired"}
    assert await states(house, 2) == {"delete": "done"}


@pytest.mark.parametrize("jump", [timedelta(days=-365), timedelta(days=365)])
async def test_what_was_recorded_before_the_clock_jumped_is_not_done_afterwards(
    house: House, other: House, jump: timedelta
):
    await house.rules(insult=STRICT)
    await house.killed_before_acting()
    house.clock.time += timedelta(hours=3) + jump
    assert await other.moderate.settle() == 1
    assert house.enforcer.performed == []
    assert await states(house) == {"delete": "expired"}


async def test_a_case_has_one_card_although_both_post_it(house: House, other: House):
    await house.rules(insult=STRICT)
    lines = ["what an insult", "insult on two wheels", "your garden gnome is one big insult", "insult, says grandma"]
    for number, line in enumerate(lines):
        await house.moderate.handle(message(line, message_id=number, author=person(number)))
    await other.desk.catch_up()
    await asyncio.gather(house.post_cards(), other.post_cards())
    assert house.board.posted == len({shown.case_id for shown in house.board.cards.values()}) == len(lines)


async def test_a_card_shows_what_was_decided_last_whichever_process_heard_of_it(house: House, other: House):
    await house.rules(insult=STRICT)
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    case_id = passed.case.case_id
    show, asked = house.board.show, asyncio.Event()

    async def slow(case: Case, **options: Any) -> CardRef:
        if not asked.is_set():
            asked.set()
            await other.labels.vote(Vote(case_id, 9, "fine", {}, None, house.clock.now()), scores={})
            voted.append(asyncio.create_task(other.desk.refresh(guild_id=GUILD, case_id=case_id)))
            await asyncio.sleep(0.05)
        return await show(case, **options)

    voted: list[asyncio.Task[Case]] = []
    house.board.show = slow  # type: ignore[method-assign]
    await house.desk.refresh(guild_id=GUILD, case_id=case_id)
    await asyncio.gather(*voted)
    (shown,) = house.board.cards.values()
    assert [vote.verdict for vote in shown.votes] == ["fine"]


async def test_a_card_whose_process_died_before_it_was_written_down_is_found_again(house: House, other: House):
    await house.rules(insult=STRICT)
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None

    async def killed(*, case_id: int, card: CardRef | None) -> None:
        raise asyncio.CancelledError

    async def never(name: str) -> None:
        """A killed process gives nothing back."""

    house.cases.set_card = killed  # type: ignore[method-assign]
    house.stores.claims.release = never  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await house.desk.refresh(guild_id=GUILD, case_id=passed.case.case_id)
    house.clock.move(seconds=SPAN.total_seconds())
    shown = await other.desk.refresh(guild_id=GUILD, case_id=passed.case.case_id)
    assert house.board.posted == 1
    assert shown.card is not None
    assert shown.card.message_id in house.board.cards


async def test_a_raid_and_a_model_that_is_away_are_told_once(house: House, other: House):
    await house.rules(insult=STRICT)
    for process in (house, other):
        process.model.down = ModelUnavailable("away")
        await process.moderate.handle(message("hello", message_id=1))
    house.clock.move(minutes=2)
    assert await house.trouble.check() + await other.trouble.check() == 2  # both know that it is told
    assert [alert.about for alert, _, _ in house.board.alerts] == ["model_away"]
    for process in (house, other):
        process.model.down = None
        for number in range(10):
            written = message(
                "insult for you all", message_id=100 + number, author=person(number), at=house.clock.now()
            )
            await process.moderate.handle(written)
    assert len(house.board.raids) == 1
    assert [alert.about for alert, _, _ in house.board.alerts].count("raid") == 1
