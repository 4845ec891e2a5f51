"""Texts whose messages were deleted while nobody told the bot go once it looks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.core.cases import Case
from bot.core.spooled import Deletion
from bot.flow import gone
from tests.builders import CHANNEL, GUILD, message
from tests.flow.absences import after_first_start, away, came_back, write
from tests.flow.conftest import House
from tests.flow.test_audit import draw_all
from tests.flow.test_audit import write as write_lines
from tests.flow.test_privacy import judged
from tests.unreachable import away as unreachable


@pytest.fixture
async def bot(house: House) -> House:
    bot = await after_first_start(house)
    await bot.guilds.save(replace(await bot.rules(), shadow=True, audit_a_day=0), by=1, at=bot.clock.now())
    return bot


async def called_fine(bot: House) -> Case:
    """A case whose text nothing holds but its time; the message stands in its channel."""
    bot.clock.move(minutes=1)
    passed = await bot.moderate.handle(write(bot, "what an insult"))
    assert passed.case is not None
    return await judged(bot, passed.case, "fine")


async def test_a_text_whose_message_was_deleted_while_away_goes_however_old_it_is(bot: House):
    fine = await called_fine(bot)
    bot.clock.move(days=5)
    async with away(bot, seconds=20):
        del bot.history.standing[CHANNEL][fine.message_id]
    await came_back(bot)
    assert await bot.catch_up.texts.look() == 1
    assert (await bot.case(fine.case_id)).text is None


async def test_a_text_stays_as_long_as_its_message_does(bot: House):
    fine = await called_fine(bot)
    async with away(bot, minutes=20):
        pass
    await came_back(bot)
    assert await bot.catch_up.texts.look() == 0
    assert (await bot.case(fine.case_id)).text == "what an insult"


@pytest.mark.parametrize("trouble", ["forbidden", "Discord is down", "the server is away"])
async def test_what_cannot_be_seen_is_not_taken_for_deleted(bot: House, trouble: str):
    fine = await called_fine(bot)
    bot.history.standing.clear()
    bot.history.forbidden = {CHANNEL} if trouble == "forbidden" else set()
    bot.history.down = trouble == "Discord is down"
    bot.history.guilds = [] if trouble == "the server is away" else [GUILD]
    bot.catch_up.texts.due(GUILD)
    assert await bot.catch_up.texts.look() == 0
    assert (await bot.case(fine.case_id)).text == "what an insult"
    bot.history.forbidden, bot.history.down, bot.history.guilds = set(), False, [GUILD]
    assert await bot.catch_up.texts.look() == (trouble == "Discord is down")


async def test_an_unforeseen_error_leaves_the_look_due(bot: House, monkeypatch: pytest.MonkeyPatch):
    fine = await called_fine(bot)
    bot.history.standing.clear()
    bot.catch_up.texts.due(GUILD)
    with monkeypatch.context() as patch, capture_logs() as lines:
        patch.setattr(bot.history, "page", broken)
        assert await bot.catch_up.texts.look() == 0
    assert [line["guild_id"] for line in lines if line["event"] == "texts_crashed"] == [GUILD]
    assert await bot.catch_up.texts.look() == 1
    assert (await bot.case(fine.case_id)).text is None


async def broken(*args: object, **kwargs: object) -> None:
    raise RuntimeError("nobody foresaw this")


async def test_a_line_to_check_that_was_deleted_while_away_goes(bot: House):
    await draw_all(bot)
    await write_lines(bot, 2)
    bot.history.add(message("line 1", message_id=1))
    bot.catch_up.texts.due(GUILD)
    assert await bot.catch_up.texts.look() == 1
    assert await bot.stores.away.with_text(guild_id=GUILD, limit=9) == [(CHANNEL, 1)]


async def test_texts_of_a_deleted_channel_go_with_it(bot: House):
    fine = await called_fine(bot)
    await bot.gone.channels_deleted(guild_id=GUILD, channel_ids=[CHANNEL + 1])
    assert (await bot.case(fine.case_id)).text == "what an insult"
    await bot.gone.channels_deleted(guild_id=GUILD, channel_ids=[CHANNEL])
    assert (await bot.case(fine.case_id)).text is None


async def test_texts_of_a_channel_that_is_deleted_while_the_database_is_away_go_once_it_is_back(bot: House):
    bot.stores.spool.open()
    fine = await called_fine(bot)
    with unreachable(bot.db):
        await bot.spooling.deleted(Deletion(GUILD, channel_ids=(CHANNEL,)))
    await bot.spooling.bring_back()
    assert (await bot.case(fine.case_id)).text is None


async def test_more_texts_of_a_deleted_channel_than_are_taken_at_once_all_go(
    bot: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gone, "MOST_AT_ONCE", 2)
    fine = [(await called_fine(bot)).case_id for _ in range(5)]
    await bot.gone.channels_deleted(guild_id=GUILD, channel_ids=[CHANNEL])
    assert [(await bot.case(case_id)).text for case_id in fine] == [None] * 5
