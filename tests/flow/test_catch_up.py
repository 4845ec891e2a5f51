"""What was written while the bot was away is looked at when it is back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.store.predictions import PredictionStore
from tests.builders import CHANNEL, GUILD, message, prediction
from tests.flow.absences import OTHER, after_first_start, away, came_back, decided, live, write
from tests.flow.conftest import House


@pytest.fixture
async def bot(house: House) -> House:
    return await after_first_start(house)


async def test_a_first_start_reads_nothing(house: House):
    house.history.guilds = [GUILD]
    write(house, "what an insult")
    assert await came_back(house) == 0
    assert house.history.asked == []


async def test_a_bot_that_is_killed_right_after_its_first_start_was_there(house: House):
    await came_back(house)
    again = House(house.db, model=house.model, board=house.board, history=house.history, clock=house.clock)
    house.clock.move(minutes=1)
    write(house, "line 1")
    assert await came_back(again) == 1
    assert decided(again) == ["line 1"]


async def test_what_was_written_while_the_bot_was_away_is_scored(bot: House):
    async with away(bot, minutes=20):
        for number in range(3):
            bot.clock.move(minutes=2)
            write(bot, f"line {number}")
    assert await came_back(bot) == 3
    assert sorted(decided(bot)) == ["line 0", "line 1", "line 2"]
    assert await came_back(bot) == 0


async def test_what_is_found_within_the_hour_is_acted_on(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        missed = write(bot, "what an insult")
    await came_back(bot)
    assert [message_id for message_id, _ in bot.enforcer.performed] == [missed.message_id]


async def test_what_is_found_is_not_acted_on_when_over_an_hour_old(bot: House):
    async with away(bot, minutes=90):
        bot.clock.move(minutes=2)
        write(bot, "what an insult")
    await came_back(bot)
    (passed,) = bot.seen
    assert passed.case is not None
    assert passed.case.withheld_why == "over an hour old: nothing done"
    assert bot.enforcer.performed == []


async def test_the_guild_says_how_old_is_too_old_to_act(bot: House):
    rules = await bot.guilds.get(GUILD)
    await bot.guilds.save(replace(rules, act_within_minutes=10), by=1, at=bot.clock.now())
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "what an insult")
    await came_back(bot)
    (passed,) = bot.seen
    assert passed.decision.withheld_why == "over 10 min old: nothing done"


async def test_what_is_found_comes_as_one_digest_and_no_ping(bot: House):
    begin = bot.clock.now()
    async with away(bot, hours=3):
        bot.clock.move(minutes=2)
        write(bot, "this is a threat")
        write(bot, "what an insult", number=1)
        write(bot, "good morning again", number=2)
    await came_back(bot)
    await bot.post_cards()
    (report,) = bot.board.away
    assert (report.since, report.until) == (begin, bot.clock.now())
    assert (report.checked, report.cases) == (3, 2)
    assert [each.kind for each in report.urgent] == ["threat"]
    assert len(bot.board.cards) == 2
    assert bot.board.pings == []


async def test_the_cards_of_an_absence_are_its_highest_not_its_newest(bot: House):
    rules = await bot.guilds.get(GUILD)
    await bot.guilds.save(replace(rules, cards_a_day=2, shadow=True), by=1, at=bot.clock.now())
    async with away(bot, minutes=40):
        for number, score in enumerate((0.95, 0.6, 0.9, 0.7)):
            bot.clock.move(minutes=5)
            text = f"{chr(97 + number) * 9} {number}"
            bot.model.predictions[text] = prediction({"insult": score})
            write(bot, text, channel=OTHER + number, by=number)
    posting = asyncio.create_task(bot.desk.run())
    await came_back(bot)
    await bot.desk.drain()
    posting.cancel()
    assert sorted(card.text[0] for card in bot.board.cards.values() if card.text) == ["a", "c"]


async def test_a_threat_that_is_found_in_time_still_calls_people(bot: House):
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "this is a threat")
    await came_back(bot)
    await bot.post_cards()
    assert len(bot.board.pings) == 1
    assert bot.board.away[0].urgent == ()


async def test_an_absence_in_which_nobody_wrote_is_not_told_and_costs_no_request(bot: House):
    async with away(bot, minutes=20):
        pass
    bot.history.asked.clear()
    await came_back(bot)
    assert bot.history.asked == []
    assert bot.board.away == []


async def test_an_absence_of_some_seconds_is_caught_up_with_and_not_told(bot: House):
    async with away(bot, seconds=20):
        bot.clock.move(seconds=2)
        write(bot, "still here")
    assert await came_back(bot) == 1
    assert bot.board.away == []


async def test_more_than_one_page_is_read_the_newest_messages_first(bot: House):
    async with away(bot, minutes=30):
        for number in range(250):
            bot.clock.move(seconds=1)
            write(bot, f"line {number}", number=number)
    assert await came_back(bot) == 250
    assert bot.history.asked == [CHANNEL] * 3
    pages = [decided(bot)[start : start + 100] for start in range(0, 250, 100)]
    assert [sorted(page) for page in pages] == [
        sorted(f"line {number}" for number in numbers) for numbers in (range(150, 250), range(50, 150), range(50))
    ]


async def test_an_edit_while_away_is_looked_at_as_a_new_revision(bot: House):
    said = write(bot, "nice run!")
    await live(bot, said)
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        now = round(bot.clock.now().timestamp() * 1000)
        bot.history.add(replace(said, revision=now, parts=message("what an insult").parts))
        write(bot, "another line")
    await came_back(bot)
    assert sorted(decided(bot)) == ["another line", "what an insult"]


async def test_an_old_edit_is_not_looked_at_again(bot: House):
    said = write(bot, "nice run!", edited=True)
    await live(bot, said)
    bot.clock.move(days=40)
    await PredictionStore(bot.db).drop_before(bot.clock.now())
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        write(bot, "another line")
    await came_back(bot)
    assert decided(bot) == ["another line"]


async def test_a_deletion_while_away_is_said_on_the_case(bot: House):
    rules = await bot.guilds.get(GUILD)
    await bot.guilds.save(replace(rules, shadow=True), by=1, at=bot.clock.now())
    said = write(bot, "what an insult")
    await live(bot, said)
    (case,) = [passed.case for passed in bot.seen if passed.case]
    async with away(bot, minutes=20):
        del bot.history.standing[CHANNEL][said.message_id]
    await came_back(bot)
    assert (await bot.case(case.case_id)).gone_at is not None


async def test_a_message_whose_case_is_open_is_looked_at_again_where_nobody_wrote_since(bot: House):
    rules = await bot.guilds.get(GUILD)
    await bot.guilds.save(replace(rules, shadow=True), by=1, at=bot.clock.now())
    said = write(bot, "what an insult")
    await live(bot, said)
    async with away(bot, minutes=20):
        bot.clock.move(minutes=2)
        revision = round(bot.clock.now().timestamp() * 1000)
        bot.history.add(replace(said, revision=revision, parts=message("this is a threat").parts))
    await came_back(bot)
    assert decided(bot) == ["this is a threat"]
