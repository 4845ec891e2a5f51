"""A server that removed the bot: everything stays for a grace period, then nothing does."""

from __future__ import annotations

from collections.abc import Sequence

from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD
from tests.flow.conftest import House
from tests.flow.test_privacy import flagged, judged


async def test_a_removed_guild_is_wiped_after_the_grace_period(house: House):
    case = await judged(house, await flagged(house), "breaks_rules")
    await house.departing.left(GUILD)
    assert await house.departing.check([]) == 0
    house.clock.move(days=8)
    assert await house.departing.check([]) == 1
    assert await house.stores.departures.known() == set()
    assert house.model.stale == [case.case_id]
    assert (await house.guilds.get(GUILD)).review_channel_id is None


async def test_a_guild_that_invites_the_bot_again_within_the_grace_period_keeps_all(house: House):
    case = await flagged(house)
    await house.departing.left(GUILD)
    house.clock.move(days=6)
    await house.departing.joined(GUILD)
    house.clock.move(days=6)
    assert await house.departing.check([GUILD]) == 0
    assert (await house.case(case.case_id)).text == "what an insult"


async def test_a_removal_while_the_bot_was_away_is_noticed_and_begins_the_grace_period(house: House):
    await flagged(house)
    assert await house.departing.check([]) == 0
    house.clock.move(days=6)
    assert await house.departing.check([]) == 0
    house.clock.move(days=2)
    assert await house.departing.check([]) == 1


async def test_a_wipe_waits_until_the_model_server_has_heard_of_it(house: House):
    await judged(house, await flagged(house), "breaks_rules")
    await house.departing.left(GUILD)
    house.clock.move(days=8)
    house.model.away = ModelUnavailable("away")
    assert await house.departing.check([]) == 0
    house.model.away = None
    assert await house.departing.check([]) == 1


async def test_who_came_back_while_the_bot_was_away_begins_anew_when_they_leave_again(house: House):
    await flagged(house)
    await house.departing.left(GUILD)
    house.clock.move(days=6)
    await house.departing.check([GUILD])
    house.clock.move(days=6)
    await house.departing.left(GUILD)
    assert await house.departing.check([]) == 0


async def test_a_guild_that_invites_the_bot_again_while_the_models_are_told_keeps_all(house: House):
    case = await judged(house, await flagged(house), "breaks_rules")
    await house.departing.left(GUILD)
    house.clock.move(days=8)
    mark_stale = house.model.mark_stale

    async def invited_meanwhile(example_ids: Sequence[int]) -> list[str]:
        await house.departing.joined(GUILD)
        return await mark_stale(example_ids)

    house.model.mark_stale = invited_meanwhile
    assert await house.departing.check([]) == 0
    assert (await house.case(case.case_id)).text == "what an insult"


async def test_a_list_of_servers_from_before_the_bot_was_invited_again_wipes_nothing(house: House):
    case = await flagged(house)
    await house.departing.left(GUILD)
    house.clock.move(days=8)
    asked_before = []
    await house.departing.joined(GUILD)
    assert await house.departing.check(asked_before) == 0
    assert await house.departing.check([GUILD]) == 0  # the next list has it: no removal is noted any more
    house.clock.move(days=8)
    assert await house.departing.check(asked_before) == 0
    assert (await house.case(case.case_id)).text == "what an insult"
