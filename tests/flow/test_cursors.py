"""A cursor stands before the oldest message of its channel that is not decided, however the passes end."""

from __future__ import annotations

from datetime import timedelta

from bot.core.away import id_at
from bot.flow.cursors import Gap
from tests.builders import CHANNEL, GUILD, NOON
from tests.flow.conftest import House

FIRST = id_at(NOON)


async def stored(house: House, *, last: bool = True) -> int | None:
    await house.cursors.flush(last=last)
    return (await house.stores.cursors.load([GUILD])).cursors.get(CHANNEL)


def arrive(house: House, *numbers: int) -> None:
    for number in numbers:
        house.cursors.arrived(guild_id=GUILD, channel_id=CHANNEL, message_id=FIRST + number)


def decided(house: House, *numbers: int) -> None:
    for number in numbers:
        house.cursors.safe(channel_id=CHANNEL, message_id=FIRST + number)


async def test_a_message_that_is_still_in_the_pass_holds_its_cursor_back(house: House):
    house.cursors.open_guild(GUILD, gaps={}, passed={})
    arrive(house, 1, 2, 3)
    decided(house, 3, 1)
    assert await stored(house) == FIRST + 1
    decided(house, 2)
    assert await stored(house) == FIRST + 3


async def test_a_message_whose_pass_failed_holds_its_cursor_back_until_it_is_safe(house: House):
    house.cursors.open_guild(GUILD, gaps={}, passed={})
    arrive(house, 1, 2)
    house.cursors.failed(channel_id=CHANNEL, message_id=FIRST + 1)
    decided(house, 2)
    assert await stored(house) == FIRST
    decided(house, 1)
    assert await stored(house) == FIRST + 2


async def test_what_arrives_before_the_gap_is_known_does_not_move_the_cursor_over_it(house: House):
    house.cursors.new_session()
    arrive(house, 9)
    decided(house, 9)
    assert await stored(house) is None
    house.cursors.open_guild(GUILD, gaps={CHANNEL: Gap(FIRST, NOON)}, passed={})
    assert await stored(house) == FIRST
    house.cursors.close_gap(CHANNEL, through=FIRST + 5)
    assert await stored(house) == FIRST + 9


async def test_a_message_that_comes_after_a_newer_one_is_not_skipped_by_a_crash(house: House):
    house.cursors.open_guild(GUILD, gaps={}, passed={})
    arrive(house, 2)
    decided(house, 2)
    assert await stored(house, last=False) is None
    arrive(house, 1)
    assert await stored(house, last=False) == FIRST


async def test_the_lag_is_the_age_of_the_oldest_message_that_waits(house: House):
    house.cursors.open_guild(GUILD, gaps={}, passed={})
    assert house.cursors.lag() == 0
    arrive(house, 1)
    house.clock.move(seconds=40)
    arrive(house, 2)
    assert house.cursors.lag() == 40
    decided(house, 1)
    assert house.cursors.lag() == 0
    house.clock.move(seconds=5)
    assert house.cursors.lag() == 5


async def test_a_guild_counts_as_seen_only_while_messages_arrive(house: House):
    house.cursors.new_session()
    house.cursors.open_guild(GUILD, gaps={}, passed={})
    house.cursors.follow(GUILD, whole_since=NOON)
    await house.cursors.flush()
    house.cursors.lost()
    house.clock.move(minutes=10)
    await house.cursors.flush(last=True)
    assert (await house.stores.cursors.load([GUILD])).sightings[GUILD].seen_at == NOON
    house.cursors.resumed()
    await house.cursors.flush()
    assert (await house.stores.cursors.load([GUILD])).sightings[GUILD].seen_at == NOON + timedelta(minutes=10)
