"""Which channels are caught up with, and how far back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.away import Place
from tests.builders import CHANNEL, GUILD
from tests.flow.absences import OTHER, after_first_start, away, came_back, decided, write
from tests.flow.conftest import House


@pytest.fixture
async def bot(house: House) -> House:
    return await after_first_start(house)


async def test_channels_take_turns(bot: House):
    async with away(bot, minutes=30):
        bot.clock.move(minutes=1)
        for number in range(250):
            write(bot, f"line {number}", number=number)
        for number in range(3):
            write(bot, f"short {number}", channel=OTHER + number, number=number)
    await came_back(bot)
    assert set(bot.history.asked[:4]) == {CHANNEL, OTHER, OTHER + 1, OTHER + 2}


async def test_a_channel_that_was_made_meanwhile_is_read(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "first!", channel=OTHER)
    await came_back(bot)
    assert decided(bot) == ["first!"]


async def test_a_channel_without_a_cursor_is_not_read_back_to_before_the_bot_came(house: House):
    write(house, "long ago", channel=OTHER)
    house.clock.move(minutes=1)
    await house.rules()
    await came_back(house)
    async with away(house, minutes=20):
        house.clock.move(minutes=2)
        write(house, "and now", channel=OTHER)
    await came_back(house)
    assert decided(house) == ["and now"]


async def test_what_was_written_before_the_bot_was_invited_again_is_not_read(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "nobody's business")
        bot.clock.move(minutes=2)
        bot.history.joined = bot.clock.now()
        bot.clock.move(minutes=2)
        write(bot, "hello again")
    await came_back(bot)
    assert decided(bot) == ["hello again"]


async def test_a_channel_without_permission_is_skipped_and_said_once(bot: House):
    bot.history.channels[OTHER] = Place(GUILD, OTHER, None, readable=False)
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "unread", channel=OTHER)
    await came_back(bot)
    assert [report.unread for report in bot.board.away] == [(OTHER,)]
    assert bot.history.asked == []
    assert bot.catch_up.progress(GUILD).whole_since == bot.clock.now()
    async with away(bot, minutes=20):
        pass
    await came_back(bot)
    assert len(bot.board.away) == 1


async def test_a_permission_that_is_lost_meanwhile_is_said_too(bot: House):
    bot.history.forbidden.add(OTHER)
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "unread", channel=OTHER)
    await came_back(bot)
    assert [report.unread for report in bot.board.away] == [(OTHER,)]


async def test_a_channel_that_is_left_alone_costs_no_request(bot: House):
    rules = await bot.guilds.get(GUILD)
    await bot.guilds.save(replace(rules, exempt_channel_ids=frozenset({OTHER})), by=1, at=bot.clock.now())
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        bot.history.channels[OTHER] = Place(GUILD, OTHER, None, places=frozenset({OTHER}))
        write(bot, "staff talk", channel=OTHER)
    await came_back(bot)
    assert bot.history.asked == []


async def test_a_channel_that_is_gone_holds_nothing_up(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "one")
        write(bot, "two", channel=OTHER)
    places = bot.history.places(GUILD)
    bot.history.places = lambda guild_id: places  # type: ignore[method-assign]
    del bot.history.channels[OTHER]
    await came_back(bot)
    assert decided(bot) == ["one"]
    assert bot.catch_up.progress(GUILD).whole_since is not None


async def test_what_is_older_than_the_window_is_not_read_and_said(bot: House):
    async with away(bot, hours=30):
        bot.clock.move(hours=1)
        write(bot, "too long ago")
        bot.clock.move(hours=20)
        write(bot, "in time")
    await came_back(bot)
    assert decided(bot) == ["in time"]
    (report,) = bot.board.away
    assert report.not_before is not None
    assert abs(report.not_before - (bot.clock.now() - timedelta(hours=24))) < timedelta(seconds=1)


async def test_a_quiet_channel_is_not_cut_off(bot: House):
    bot.clock.move(days=3)
    await bot.cursors.flush()
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "after days")
    await came_back(bot)
    assert bot.board.away[0].not_before is None


async def test_messages_of_bots_are_read_over(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "beep", looked_at=False)
        write(bot, "hello", number=1)
    assert await came_back(bot) == 1
