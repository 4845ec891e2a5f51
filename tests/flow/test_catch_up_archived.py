"""Threads that were archived meanwhile: the rest does not wait until they are known, and nothing in them is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.builders import CHANNEL, GUILD
from tests.flow.absences import OTHER, after_first_start, away, came_back, decided, live, write
from tests.flow.conftest import House

THREAD = OTHER + 7


@pytest.fixture
async def bot(house: House) -> House:
    """One message was missed in a channel, and one in a thread that was archived then."""
    bot = await after_first_start(house)
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "in a channel")
        write(bot, "in a thread", channel=THREAD, number=1)
        bot.history.archive(THREAD)
    return bot


@asynccontextmanager
async def catching_up(bot: House) -> AsyncIterator[asyncio.Task[int]]:
    """The bot is back and has read what it can; which threads were archived Discord does not tell yet."""
    bot.history.listing.clear()
    task = asyncio.create_task(came_back(bot))
    while not bot.catch_up.progress(GUILD).done:  # noqa: ASYNC110 (its progress tells)
        await asyncio.sleep(0)
    yield task
    bot.history.listing.set()
    task.cancel()
    await asyncio.wait([task])


async def test_channels_are_read_while_discord_is_asked_for_archived_threads(bot: House):
    async with catching_up(bot) as task:
        assert decided(bot) == ["in a channel"]
        assert bot.catch_up.progress(GUILD).whole_since is None
        bot.history.listing.set()
        assert await task == 2
    assert decided(bot) == ["in a channel", "in a thread"]
    assert bot.catch_up.progress(GUILD).whole_since is not None
    assert [report.checked for report in bot.board.away] == [2]


async def test_a_crash_before_the_archived_threads_are_known_loses_nothing_in_them(bot: House):
    async with catching_up(bot):
        await bot.cursors.flush()
    async with away(bot, killed=True, minutes=1):
        pass
    await came_back(bot)
    assert decided(bot) == ["in a thread"]


async def test_a_thread_that_somebody_opens_again_before_it_is_known_is_read(bot: House):
    async with catching_up(bot) as task:
        bot.clock.move(minutes=1)
        bot.history.archived_places.clear()
        await live(bot, write(bot, "live", channel=THREAD))
        bot.history.listing.set()
        await task
    assert decided(bot) == ["in a channel", "live", "in a thread"]


@pytest.mark.parametrize("end", ["killed", "stopped", "a new session"])
async def test_a_live_message_in_a_thread_does_not_move_its_cursor_over_what_is_not_known_yet(bot: House, end: str):
    async with catching_up(bot):
        bot.clock.move(minutes=1)
        bot.history.archived_places.clear()
        await live(bot, write(bot, "live", channel=THREAD))
        for _ in range(2):
            await bot.cursors.flush()
    if end != "a new session":
        async with away(bot, killed=end == "killed", minutes=1):
            pass
    await came_back(bot)
    assert "in a thread" in decided(bot)


async def test_what_discord_did_not_tell_at_first_stays_due(bot: House):
    bot.history.down = True
    assert await came_back(bot) == 0
    bot.history.down = False
    assert await bot.catch_up.catch_up() == 2
    assert bot.catch_up.progress(GUILD).whole_since is not None


async def test_a_server_that_is_gone_meanwhile_is_waited_for_no_longer(bot: House):
    bot.history.down = True
    await came_back(bot)
    bot.cursors.forget_guild(GUILD)
    bot.history.guilds = []
    await bot.catch_up.catch_up()
    assert bot.catch_up.left == (0, 0)


async def test_an_archived_thread_whose_history_may_not_be_read_is_said(bot: House):
    (thread,) = bot.history.archived_places
    bot.history.archived_places[:] = [replace(thread, readable=False)]
    await came_back(bot)
    assert [report.unread for report in bot.board.away] == [(THREAD,)]
    assert bot.history.asked == [CHANNEL]
