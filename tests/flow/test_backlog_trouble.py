"""What waits to be scored and cannot be: a message that breaks its pass, a server that is away. Nothing waits on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage
from bot.flow.moderate import Passed
from bot.flow.rescoring import CLOSED_FOR
from tests.builders import CHANNEL, GUILD, message
from tests.flow.conftest import House

AWAY_GUILD = 777
CLOSED = CHANNEL + 1


class Breaks:
    """The pass, which ends in an error that nobody foresaw for messages of this text."""

    def __init__(self, house: House, text: str) -> None:
        self._handle, self._text = house.moderate.handle, text
        house.moderate.handle = self  # type: ignore[method-assign, assignment]

    async def __call__(self, message: IncomingMessage, *, priority: str = "live") -> Passed:
        if message.text == self._text:
            raise RuntimeError(f"cannot do {message.text}")
        return await self._handle(message, priority=priority)


async def waits(
    house: House, text: str, number: int, *, guild_id: int = GUILD, channel_id: int = CHANNEL, newer: int = 0
) -> None:
    house.messages.standing[number] = message(text, message_id=number, guild_id=guild_id, channel_id=channel_id)
    at = house.clock.now() + timedelta(seconds=newer)
    await house.predictions.leave(MessageKey(guild_id, channel_id, number, 0, why="away"), at=at)


async def left(house: House) -> list[int]:
    since = house.clock.now().replace(year=2020)
    return sorted(key.message_id for key in await house.predictions.unscored(since=since, limit=9999))


async def test_a_message_that_breaks_its_pass_holds_up_no_other_and_is_given_up(house: House) -> None:
    Breaks(house, "poison")
    await waits(house, "hello", 1)
    await waits(house, "poison", 2)
    with capture_logs() as lines:
        assert await house.rescoring.rescore() == 1
    (line,) = [line for line in lines if line["event"] == "rescore_crashed"]
    assert (line["message_id"], line["guild_id"]) == (2, GUILD)
    for number in (3, 4):
        assert await left(house) == [2]
        await house.moderate.handle(message("hello", message_id=number))
        await house.rescoring.rescore()
    assert await left(house) == []


async def test_a_channel_that_breaks_the_look_up_holds_up_no_other(house: House) -> None:
    fetch_many = house.messages.fetch_many

    async def broken_for_one(
        *, guild_id: int, channel_id: int, message_ids: Sequence[int]
    ) -> Mapping[int, IncomingMessage]:
        if guild_id == GUILD + 1:
            raise RuntimeError("nobody foresaw this")
        return await fetch_many(guild_id=guild_id, channel_id=channel_id, message_ids=message_ids)

    house.messages.fetch_many = broken_for_one  # type: ignore[method-assign]
    await waits(house, "hello", 1)
    await waits(house, "hello", 2, guild_id=GUILD + 1, newer=1)
    assert await house.rescoring.rescore() == 1
    assert await left(house) == [2]


async def test_an_unforeseen_error_does_not_end_rescoring(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.flow.rescoring.PAUSE", 0.0)
    await waits(house, "hello", 1)
    house.model.down = RuntimeError("nobody foresaw this")  # type: ignore[assignment]
    working = asyncio.create_task(house.rescoring.run())
    with capture_logs() as lines:
        async with asyncio.timeout(30):
            while await left(house) and not working.done():
                if any(line["event"] == "rescore_crashed" for line in lines):
                    house.model.down = None
                await asyncio.sleep(0)
    assert await left(house) == []
    working.cancel()
    await asyncio.wait([working])


async def test_servers_that_are_away_with_more_than_a_round_holds_starve_no_other(house: House) -> None:
    await waits(house, "hello", 1)
    for guild_id in (AWAY_GUILD, AWAY_GUILD + 1):
        for number in range(4):
            await waits(house, "hello", guild_id * 10 + number, guild_id=guild_id, newer=1)
    house.messages.away = {AWAY_GUILD, AWAY_GUILD + 1}
    assert await house.rescoring.rescore(limit=3) == 1
    assert len(await left(house)) == 8
    house.messages.away = set()
    assert await house.rescoring.rescore(limit=99) == 8


async def test_messages_that_may_not_be_read_for_a_while_wait_and_hold_up_no_other(house: House) -> None:
    """Also where they are more than a round holds."""
    await waits(house, "hello", 1)
    for number in range(2, 6):
        await waits(house, "hello", number, channel_id=CLOSED, newer=1)
    house.messages.closed = {CLOSED}
    assert await house.rescoring.rescore(limit=3) == 1
    assert await left(house) == [2, 3, 4, 5]
    house.messages.closed = set()
    house.clock.move(seconds=CLOSED_FOR.total_seconds())
    del house.messages.standing[5]
    assert await house.rescoring.rescore(limit=99) == 3
    assert await left(house) == []


async def test_a_channel_that_may_not_be_read_is_not_asked_for_in_every_round(house: House) -> None:
    for number in (1, 2, 3):
        await waits(house, "hello", number, channel_id=CLOSED)
    house.messages.closed = {CLOSED}
    for _ in range(10):
        await house.rescoring.rescore()
        house.clock.move(seconds=CLOSED_FOR.total_seconds() / 5)
    assert house.messages.asked == [CLOSED, CLOSED]


async def test_the_model_is_not_asked_while_only_messages_wait_that_may_not_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, over = list[float](), asyncio.Event()

    async def rest(pause: float) -> None:
        rounds.append(pause)
        over.set()

    monkeypatch.setattr(house.rescoring, "_rest", rest)
    await waits(house, "hello", 1, channel_id=CLOSED)
    house.messages.closed = {CLOSED}
    working = asyncio.create_task(house.rescoring.run())
    async with asyncio.timeout(30):
        await over.wait()
        over.clear()
        await waits(house, "hello", 2)
        house.moderate.left_unscored.set()
        await over.wait()
    assert await left(house) == [1]
    assert len(rounds) == 2
    working.cancel()
    await asyncio.wait([working])


async def test_a_message_that_fails_is_passed_once_in_a_round(house: House) -> None:
    """Also where the round looks again, for those behind a server that is away."""
    Breaks(house, "poison")
    await waits(house, "poison", 1, newer=2)
    await waits(house, "hello", 2, guild_id=AWAY_GUILD, newer=1)
    await waits(house, "hello", 3)
    house.messages.away = {AWAY_GUILD}
    with capture_logs() as lines:
        assert await house.rescoring.rescore(limit=2) == 1
    assert [line["message_id"] for line in lines if line["event"] == "rescore_crashed"] == [1]


async def test_the_model_is_asked_ever_less_often_while_nothing_can_be_moved(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def rest(pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 4:
            house.messages.away = set()
        if len(pauses) == 5:
            raise asyncio.CancelledError

    monkeypatch.setattr(house.rescoring, "_rest", rest)
    await waits(house, "hello", 1, guild_id=AWAY_GUILD)
    house.messages.away = {AWAY_GUILD}
    with pytest.raises(asyncio.CancelledError):
        await house.rescoring.run()
    assert pauses == [2.0, 4.0, 8.0, 16.0, 1.0]
    assert await left(house) == []
