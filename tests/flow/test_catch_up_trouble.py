"""What goes wrong while the bot catches up costs no message, and none is decided twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.away import Place
from bot.errors import BotError
from moderation_model.errors import ModelUnavailable
from tests.builders import CHANNEL, GUILD
from tests.flow.absences import OTHER, after_first_start, away, came_back, decided, live, write
from tests.flow.conftest import House


@pytest.fixture
async def bot(house: House) -> House:
    return await after_first_start(house)


async def test_a_crash_in_the_middle_loses_nothing_and_decides_nothing_twice(
    bot: House, monkeypatch: pytest.MonkeyPatch
):
    async with away(bot, minutes=30):
        for number in range(250):
            bot.clock.move(seconds=1)
            write(bot, f"line {number}" if number else "what an insult", number=number)
    read, killed = bot.history.page, asyncio.Event()

    async def page(place: Place, *, before: int):
        if len(bot.history.asked) > 1:
            killed.set()
            await asyncio.Event().wait()
        return await read(place, before=before)

    monkeypatch.setattr(bot.history, "page", page)
    process = asyncio.create_task(came_back(bot))
    await killed.wait()
    process.cancel()
    await asyncio.wait([process])
    assert 0 < len(decided(bot)) < 250
    before = decided(bot)
    monkeypatch.undo()
    async with away(bot, killed=True, minutes=1):
        pass
    await came_back(bot)
    assert len(before + decided(bot)) == 250
    assert len(set(before + decided(bot))) == 250
    assert len(bot.enforcer.performed) == 1
    (report,) = bot.board.away
    assert report.checked == 250


async def test_while_discord_does_not_answer_everything_stays_due(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "what an insult")
    bot.history.down = True
    assert await came_back(bot) == 0
    await bot.cursors.flush(last=True)
    bot.history.down = False
    assert await bot.catch_up.catch_up() == 1
    assert bot.board.away[0].checked == 1


async def test_while_the_model_is_away_no_page_is_given_up(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "what an insult")
    bot.model.down = ModelUnavailable("away")
    await came_back(bot)
    assert bot.catch_up.progress(GUILD).done == 0
    bot.model.down = None
    await bot.catch_up.catch_up()
    assert decided(bot) == ["what an insult"]
    assert bot.catch_up.progress(GUILD).whole_since is not None


async def test_a_model_that_is_away_is_not_asked_for_every_channel_again_and_again(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        for number in range(12):
            write(bot, f"line {number}", channel=CHANNEL + number, number=number)
    bot.model.down = ModelUnavailable("away")
    await came_back(bot)
    unscored = {passed.message.channel_id for passed in bot.seen if passed.outcome == "unscored"}
    assert 0 < len(unscored) < 6
    seen = len(bot.seen)
    await bot.catch_up.catch_up()
    assert not unscored & {passed.message.channel_id for passed in bot.seen[seen:]}
    bot.model.down = None
    while bot.catch_up.progress(GUILD).channels:
        await bot.catch_up.catch_up()
    assert sorted(decided(bot)) == sorted(f"line {number}" for number in range(12))


async def test_a_message_whose_pass_failed_while_the_bot_was_there_is_read_again(bot: House):
    bot.clock.move(minutes=1)
    failed = write(bot, "what an insult")
    bot.cursors.arrived(guild_id=GUILD, channel_id=CHANNEL, message_id=failed.message_id)
    bot.cursors.failed(channel_id=CHANNEL, message_id=failed.message_id)
    assert await bot.catch_up.catch_up() == 1
    assert bot.cursors.lag() == 0
    assert bot.board.away == []
    assert await bot.catch_up.catch_up() == 0


@pytest.mark.parametrize("end", ["deleted", "closed to the bot"])
async def test_a_failed_pass_in_a_channel_that_is_gone_is_waited_for_no_longer(bot: House, end: str):
    bot.clock.move(minutes=1)
    failed = write(bot, "what an insult", channel=OTHER)
    bot.cursors.arrived(guild_id=GUILD, channel_id=OTHER, message_id=failed.message_id)
    bot.cursors.failed(channel_id=OTHER, message_id=failed.message_id)
    if end == "deleted":
        del bot.history.channels[OTHER]
    else:
        bot.history.channels[OTHER] = replace(bot.history.channels[OTHER], readable=False)
        bot.history.forbidden = {OTHER}
    bot.clock.move(minutes=5)
    assert bot.cursors.lag() == 300
    await bot.catch_up.catch_up()
    assert bot.cursors.lag() == 0
    assert bot.catch_up.progress(GUILD).whole_since is not None
    assert bot.board.away == []


async def test_a_pass_that_failed_on_a_server_that_removed_the_bot_is_waited_for_no_longer(bot: House):
    failed = write(bot, "what an insult")
    bot.cursors.arrived(guild_id=GUILD, channel_id=CHANNEL, message_id=failed.message_id)
    bot.cursors.failed(channel_id=CHANNEL, message_id=failed.message_id)
    bot.cursors.forget_guild(GUILD)
    bot.cursors.failed(channel_id=CHANNEL, message_id=failed.message_id)  # the end of another pass
    bot.clock.move(minutes=5)
    assert bot.cursors.lag() == 0


async def test_a_clock_that_was_a_year_ahead_hides_nothing_once_it_is_right_again(bot: House):
    right = bot.clock.now()
    bot.clock.time += timedelta(days=365)
    await bot.cursors.flush(last=True)
    async with away(bot):
        bot.clock.time = right
        bot.clock.move(minutes=20)
        write(bot, "in a channel made meanwhile", channel=OTHER)
        now = bot.clock.now()
    bot.clock.time = now
    assert await came_back(bot) == 1
    await bot.cursors.flush(last=True)
    assert (await bot.stores.cursors.load([GUILD])).sightings[GUILD].seen_at == now


async def test_a_clock_that_is_days_ahead_does_not_make_what_was_missed_too_old(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "what an insult")
    bot.history.told = bot.clock.now()
    bot.clock.time += timedelta(days=40)
    assert await came_back(bot) == 1
    assert bot.catch_up.progress(GUILD).whole_since is not None
    assert [report.not_before for report in bot.board.away] == [None]


async def test_a_clock_that_is_days_ahead_drops_no_cursor(bot: House):
    async with away(bot, minutes=20):
        pass
    bot.history.told = bot.clock.now()
    bot.clock.time += timedelta(days=40)
    await came_back(bot)
    assert CHANNEL in (await bot.stores.cursors.load([GUILD])).cursors


async def test_a_new_session_in_the_middle_starts_over_from_the_same_cursors(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "one")
    bot.history.down = True
    await came_back(bot)
    bot.history.down = False
    bot.clock.move(minutes=1)
    write(bot, "two")
    assert await came_back(bot) == 2
    assert sorted(decided(bot)) == ["one", "two"]


async def test_live_messages_go_on_meanwhile_and_do_not_move_the_cursor_over_the_gap(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "missed")
    bot.history.down = True
    await came_back(bot)
    bot.clock.move(minutes=1)
    await live(bot, write(bot, "live"))
    async with away(bot, minutes=1):
        pass
    bot.history.down = False
    await came_back(bot)
    assert decided(bot) == ["missed"]


async def test_a_digest_that_could_not_be_posted_comes_later(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "hello")
    bot.board.broken = True
    await came_back(bot)
    assert bot.board.away == []
    bot.board.broken = False
    await bot.catch_up.catch_up()
    assert [report.checked for report in bot.board.away] == [1]


async def test_without_a_database_nothing_is_begun_and_nothing_lost(bot: House, monkeypatch: pytest.MonkeyPatch):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "hello")

    async def away_too(guild_ids: object) -> None:
        raise BotError("away")

    monkeypatch.setattr(bot.stores.cursors, "load", away_too)
    with pytest.raises(BotError):
        await came_back(bot)
    monkeypatch.undo()
    assert await bot.catch_up.catch_up() == 1
