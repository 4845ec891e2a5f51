"""A deleted text comes back as the bot's quote: while it is young, once, and only where the deletion was a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.actions import Delete
from bot.core.guild_rules import LabelRule
from bot.errors import NotAllowed
from bot.flow.ports import Outcome
from tests.builders import GUILD, NOON, person
from tests.flow.conftest import House
from tests.flow.test_telling import insulted, telling

LENA = person(50, "Lena")


async def deleted(house: House, *, verdict: str | None = "fine", messages: int = 1) -> int:
    """The case of deleted messages that a moderator then found fine."""
    await telling(house, LabelRule(delete_at=0.5), notices=False)
    case_id = await insulted(house, message_id=1)
    for number in range(2, messages + 1):
        await insulted(house, message_id=number)
    if verdict is not None:
        await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict=verdict)  # type: ignore[arg-type]
    return case_id


async def put_back(house: House, case_id: int) -> str:
    return (await house.putting_back.put_back(guild_id=GUILD, case_id=case_id, moderator=LENA)).sentence


async def test_the_text_stands_there_again_and_the_card_says_so(house: House):
    case_id = await deleted(house)
    assert await house.putting_back.offers(guild_id=GUILD, case_id=case_id) == 1
    assert await put_back(house, case_id) == "The text stands there again, as a quote of mine."
    assert house.messenger.quotes == ["what an insult"]
    assert (await house.case(case_id)).actions[0].state == "undone"
    assert [(line.undone, line.actions, line.by) for line in house.board.log_lines[1:]] == [(True, (Delete(),), "Lena")]


async def test_a_text_is_put_back_once(house: House):
    case_id = await deleted(house)
    await put_back(house, case_id)
    assert await house.putting_back.offers(guild_id=GUILD, case_id=case_id) == 0
    with pytest.raises(NotAllowed, match="nothing to put back"):
        await put_back(house, case_id)
    assert len(house.messenger.quotes) == 1


async def test_after_undo_it_is_offered_too(house: House):
    case_id = await deleted(house, verdict=None)
    await house.review.undo(guild_id=GUILD, case_id=case_id, moderator=LENA)
    assert await house.putting_back.offers(guild_id=GUILD, case_id=case_id) == 1
    await put_back(house, case_id)


async def test_all_texts_of_a_card_come_back(house: House):
    case_id = await deleted(house, messages=3)
    assert await put_back(house, case_id) == "3 texts are back."
    assert len(house.messenger.quotes) == 3


async def test_a_text_of_more_than_an_hour_ago_stays_away(house: House):
    case_id = await deleted(house)
    house.clock.time = NOON.replace(hour=13)
    assert await house.putting_back.offers(guild_id=GUILD, case_id=case_id) == 0
    with pytest.raises(NotAllowed, match="more than an hour old"):
        await put_back(house, case_id)


async def test_what_breaks_the_rules_after_all_is_not_put_back(house: House):
    case_id = await deleted(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    with pytest.raises(NotAllowed, match="decided otherwise"):
        await put_back(house, case_id)


async def test_a_text_that_is_no_longer_kept_is_not_put_back(house: House):
    case_id = await deleted(house)
    await house.cases.expire_texts(NOON.replace(year=2027), 10)
    with pytest.raises(NotAllowed, match="no longer kept"):
        await put_back(house, case_id)


async def test_a_channel_that_is_gone_is_a_sentence_and_nothing_changes(house: House):
    case_id = await deleted(house)
    house.messenger.quoting = Outcome("refused", "the channel is gone or hidden from me")
    with pytest.raises(NotAllowed, match="could not be put back: the channel is gone"):
        await put_back(house, case_id)
    assert (await house.case(case_id)).actions[0].state == "done"


async def test_nobody_puts_their_own_message_back(house: House):
    case_id = await deleted(house)
    with pytest.raises(NotAllowed, match="own message"):
        await house.putting_back.put_back(guild_id=GUILD, case_id=case_id, moderator=person(1))
    assert house.messenger.quotes == []


async def test_under_the_members_name_only_where_the_guild_chose_so(house: House):
    case_id = await deleted(house)
    await house.guilds.save(replace(await house.guilds.get(GUILD), put_back_as_member=True), by=1, at=NOON)

    assert await put_back(house, case_id) == "The text stands there again, under the member's name."


async def test_where_that_is_not_possible_it_is_a_quote_and_said_why(house: House):
    case_id = await deleted(house)
    await house.guilds.save(replace(await house.guilds.get(GUILD), put_back_as_member=True), by=1, at=NOON)
    house.messenger.quoting = Outcome("done", "I lack the permission Manage Webhooks")

    assert await put_back(house, case_id) == (
        "The text stands there again, as a quote of mine. Not under the member's name: I lack the permission "
        "Manage Webhooks."
    )
