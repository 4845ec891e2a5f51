"""A card that Discord has and the database does not know of: it is not posted a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.client import CandorBot
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.errors import BoardUnavailable
from bot.sandbox.sandbox import Sandbox
from bot.store.database import Database
from tests.builders import new_case, person
from tests.chat.conftest import House
from tests.e2e.app_house import text_of
from tests.e2e.connected import connected

REVIEW = "#mod-review"


@pytest.fixture
async def house(db: Database) -> House:
    """Over both databases."""
    return House(db)


@pytest.fixture
async def bot(house: House, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[CandorBot]:
    async with connected(house, tmp_path, sandbox) as made:
        yield made


async def opened(house: House, sandbox: Sandbox) -> Case:
    """An open case without a card, on a server that is set up."""
    guild_id, review = sandbox.channel(REVIEW).guild_id, sandbox.channel(REVIEW).id
    assert guild_id is not None
    now = sandbox.world.clock.now()
    await house.guilds.save(GuildRules(guild_id, shadow=False, review_channel_id=review), by=1, at=now)
    return (await house.cases.open(new_case("you walnut", author=person(5), guild_id=guild_id), ()))[0]


async def test_a_card_that_was_posted_and_not_written_down_is_found_in_the_channel(
    house: House, bot: CandorBot, sandbox: Sandbox
) -> None:
    case = await opened(house, sandbox)
    first = (await house.desk.refresh(guild_id=case.guild_id, case_id=case.case_id)).card
    await house.cases.set_card(case_id=case.case_id, card=None)  # and with another number, so that no nonce helps
    await house.stores.claims.take(f"card:{case.case_id}", now=sandbox.world.clock.now(), span=timedelta())
    again = (await house.desk.refresh(guild_id=case.guild_id, case_id=case.case_id)).card
    assert again == first
    assert len(sandbox.channel(REVIEW).messages) == 1


async def test_a_card_that_arrived_although_the_answer_was_lost_is_not_posted_twice(
    house: House, bot: CandorBot, sandbox: Sandbox
) -> None:
    case = await opened(house, sandbox)
    sandbox.faults.fail("POST", "/messages$", status=503, after_effect=True)
    with pytest.raises(BoardUnavailable):
        await house.desk.refresh(guild_id=case.guild_id, case_id=case.case_id)
    await house.cases.close(case_id=case.case_id, at=sandbox.world.clock.now())
    await house.desk.refresh(guild_id=case.guild_id, case_id=case.case_id)
    (card,) = sandbox.channel(REVIEW).messages.values()
    assert "Closed without a verdict" in text_of(card)  # as the case stands now
