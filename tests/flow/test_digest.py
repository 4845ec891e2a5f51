"""The daily digest names what waits: the highest scores first, what waits too long oldest first, and a trend."""

from __future__ import annotations

from dataclasses import replace

from bot.core.digest import SHOWN
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from tests.builders import GUILD
from tests.flow.conftest import House
from tests.flow.test_budget_places import opened
from tests.flow.test_card_budget import flag, with_rules


async def test_the_highest_scores_that_wait_are_named_first(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    await flag(house, 1, score=0.99)
    ids = {score: await flag(house, number, score=score) for number, score in enumerate((0.6, 0.9, 0.75), start=2)}

    await house.queue.digest()

    named = [each.case_id for each in house.board.digests[0].highest]
    assert named == [ids[0.9], ids[0.75], ids[0.6]]
    assert [each.score for each in house.board.digests[0].highest] == [0.9, 0.75, 0.6]


async def test_only_a_few_of_many_are_named_and_all_are_counted(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    for number in range(9):
        await opened(house, number, 0.6 + number / 100)
    await house.desk.catch_up()

    await house.queue.digest()

    digest = house.board.digests[0]
    assert sum(digest.uncarded.values()) == 8
    assert len(digest.highest) == SHOWN


async def test_what_waits_over_the_limit_is_named_oldest_first_with_or_without_a_card(house: House) -> None:
    await with_rules(house, remind_after_hours=10, cards_a_day=1)
    old = []
    for number in (1, 2):
        old.append(await flag(house, number, score=0.6 + number / 10))
        house.clock.move(hours=2)
    house.clock.move(hours=9)
    young = await flag(house, 3)

    await house.queue.digest()

    digest = house.board.digests[0]
    assert [each.case_id for each in digest.longest] == old
    assert digest.overdue == 2
    assert young not in [each.case_id for each in digest.longest]


async def test_no_digest_comes_in_quiet_hours(house: House) -> None:
    await with_rules(house, cards_a_day=1, quiet_from=22, quiet_to=7)
    await flag(house, 1)
    await flag(house, 2)
    told = []
    for _ in range(48):
        house.clock.move(hours=1)
        if await house.queue.digest():
            told.append(house.clock.now().hour)
    assert told == [7, 7]


async def test_days_of_far_too_many_cards_are_named_in_the_digest(house: House) -> None:
    await with_rules(house, cards_a_day=2)
    for day in range(3):
        for number in range(6):
            await opened(house, 10 * day + number, 0.8)
        house.clock.move(hours=24)
    house.clock.move(minutes=-1)
    await house.desk.catch_up()

    await house.queue.digest()

    digest = house.board.digests[0]
    assert (digest.trend, digest.a_day, digest.budget) == ("over", 6, 2)


async def test_days_of_far_too_few_are_named_where_the_guild_raised_a_limit(house: House) -> None:
    raised: GuildRules = await with_rules(
        house, remind_after_hours=1, labels={**default_labels(), "insult": LabelRule(flag_at=0.9)}
    )
    await opened(house, 1, 0.95)
    house.clock.move(hours=80)
    await house.queue.digest()
    assert house.board.digests[-1].trend == "under"

    await house.guilds.save(replace(raised, labels=default_labels()), by=1, at=house.clock.now())
    house.clock.move(hours=24)
    await house.queue.digest()
    assert house.board.digests[-1].trend is None


async def test_another_guilds_cases_are_not_named(house: House) -> None:
    await with_rules(house, cards_a_day=1, remind_after_hours=1)
    await flag(house, 1)
    house.clock.move(hours=2)
    await house.guilds.save(GuildRules(GUILD + 1, review_channel_id=901), by=1, at=house.clock.now())
    assert await house.queue.digest() == 1
    assert [each.guild_id for each in house.board.digests] == [GUILD]
