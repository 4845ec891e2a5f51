"""The process ends: what Discord still tells it is left for the next start."""

from __future__ import annotations

import asyncio

import pytest

from tests.chat.conftest import Stage
from tests.unreachable import away


@pytest.fixture
async def flagged_id(stage: Stage) -> int:
    """A message with a case, and a spool to leave something in."""
    stage.house.stores.spool.open()
    return (await stage.say("what an insult")).id


async def delete(stage: Stage, message_id: int) -> None:
    stage.env.backend.delete_message(stage.general.id, message_id)
    await stage.env.settle()


async def test_what_arrives_while_the_bot_ends_is_worked_off_by_the_next_start(stage: Stage, flagged_id: int) -> None:
    stage.bot.in_pass.ends = True
    await delete(stage, flagged_id)
    await stage.say("another insult")
    assert stage.cases() == 1
    assert (await stage.only_case()).gone_at is None

    await stage.bot.flows.spooling.bring_back()
    assert (await stage.case(1)).gone_at is not None
    assert await stage.bot.flows.rescoring.rescore() == 1
    assert (await stage.case(2)).text == "another insult"


@pytest.mark.parametrize("what", ["message", "channel", "thread"])
async def test_a_deletion_that_is_not_worked_off_in_time_is_worked_off_by_the_next_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    stage.house.stores.spool.open()
    place = stage.general
    if what == "thread":
        stage.env.backend.create_thread(stage.general.id, "co-op", stage.priya.id)
        await stage.env.settle()
        place = stage.general.threads[0]
    flagged_id = (await stage.kai.send(place, "what an insult")).id
    begun = asyncio.Event()

    async def stuck(**_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(stage.house.gone, "deleted", stuck)
        if what == "message":
            stage.env.backend.delete_message(place.id, flagged_id)
        else:
            stage.env.backend.delete_channel(place.id)
        await begun.wait()
        draining = asyncio.create_task(stage.bot.drain())
        await asyncio.wait([draining], timeout=0.05)
        draining.cancel()
        await asyncio.wait([draining])

    await stage.bot.flows.spooling.bring_back()
    assert (await stage.only_case()).gone_at is not None


async def test_a_deletion_that_can_be_kept_nowhere_is_found_out_later(stage: Stage) -> None:
    message = await stage.say("what an insult")
    with away(stage.house.db):
        await delete(stage, message.id)
    await stage.bot.flows.spooling.bring_back()
    assert await stage.house.catch_up.texts.look() == 1
    assert (await stage.only_case()).gone_at is not None


async def test_without_a_spool_what_arrives_while_the_bot_ends_is_still_worked_off(stage: Stage) -> None:
    message = await stage.say("what an insult")
    stage.bot.in_pass.ends = True
    await delete(stage, message.id)
    assert (await stage.only_case()).gone_at is not None
