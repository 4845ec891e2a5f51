"""Who gets a place in the card budget when many ask at once, and who gets a card however full it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import Case, NewCase
from bot.core.guild_rules import GuildRules, LabelRule
from bot.core.policy import Reason
from bot.flow.budgeting import CardBudget
from bot.store.queue import QueueStore
from tests.builders import EXPIRES, GUILD, MODEL, message, person, prediction
from tests.flow.conftest import House
from tests.flow.test_card_budget import carded, flag, with_rules

SAD = "I want to kill myself, you clown"
"""Flagged as an insult by the test's model, and a cry for help by its words."""


def backlog_case(house: House, number: int, score: float, *, why: str = "flagged") -> NewCase:
    """A case that was opened while the guild had no channel, with words and an author of its own."""
    said = message(f"{number} words", message_id=20_000 + number, author=person(2000 + number, f"B{number}"))
    reason = Reason("insult", score, 0.5, "model", "as_written", MODEL, "content")
    return NewCase(
        guild_id=GUILD,
        channel_id=said.channel_id,
        message_id=said.message_id,
        revision=0,
        author_id=said.author.user_id,
        author_name=said.author.name,
        opened_why=why,  # pyright: ignore[reportArgumentType]
        text=said.text,
        jump_url=said.jump_url,
        posted_at=house.clock.now(),
        opened_at=house.clock.now(),
        text_expires_at=EXPIRES,
        reasons=(reason,),
    )


async def full(house: House, **changes: object) -> GuildRules:
    """A guild whose only place of the day is taken."""
    rules = await with_rules(house, cards_a_day=1, **changes)
    await flag(house, 1)
    return rules


async def opened(house: House, number: int, score: float, *, why: str = "flagged") -> Case:
    case, _ = await house.cases.open(backlog_case(house, number, score, why=why), ())
    return case


async def report(house: House, message_id: int, channel_id: int, text: str) -> None:
    said = message(text, message_id=message_id, author=person(2, "M2"), channel_id=channel_id)
    await house.reporting.report(message=said, reporter=person(77, "Priya"), reason=None)


async def test_a_cry_for_help_that_is_flagged_too_gets_a_card_of_its_own(house: House) -> None:
    await full(house)
    house.model.predictions[SAD] = prediction({"insult": 0.9})
    said = message(SAD, message_id=70, author=person(1, "M1"), channel_id=301, at=house.clock.now())

    passed = await house.moderate.handle(said)
    await house.post_cards()

    assert passed.case is not None
    assert passed.case.lead_id is None
    assert passed.case.case_id in carded(house)


async def test_a_report_on_a_message_that_shares_a_waiting_card_brings_the_card(house: House) -> None:
    await full(house)
    waiting = await flag(house, 2)
    same = message("bbbbbbbbb 2", message_id=71, author=person(50, "Mo"), channel_id=350, at=house.clock.now())
    passed = await house.moderate.handle(same)
    await house.post_cards()
    assert passed.case is not None
    assert passed.case.lead_id == waiting
    assert waiting not in carded(house)

    await report(house, 71, 350, "bbbbbbbbb 2")
    await house.post_cards()

    assert waiting in carded(house)


async def test_a_second_opinion_that_is_asked_for_from_the_queue_brings_the_card(house: House) -> None:
    await full(house)
    waiting = await flag(house, 2)
    await house.deciding.second_opinion(
        guild_id=GUILD, case_id=waiting, moderator=person(9, "Lena"), verdict="breaks_rules"
    )
    assert waiting in carded(house)


async def test_an_appeal_against_a_case_without_a_card_brings_one(house: House) -> None:
    rules = await house.rules(insult=LabelRule(delete_at=0.5))
    await house.guilds.save(replace(rules, cards_a_day=1, notices=True, appeals=True), by=1, at=house.clock.now())
    await flag(house, 1)
    waiting = await flag(house, 2)
    assert waiting not in carded(house)
    await house.review.vote(guild_id=GUILD, case_id=waiting, moderator=person(9, "Lena"), verdict="breaks_rules")

    await house.appeals.appeal(guild_id=GUILD, case_id=waiting, member=person(2, "M2"), text="That was a quote.")
    await house.post_cards()

    assert waiting in carded(house)


async def test_what_somebody_asked_for_is_found_again_after_a_crash_however_old_it_is(house: House) -> None:
    await full(house)
    waiting = await flag(house, 2)
    await house.reports.add(case_id=waiting, reporter_id=77, reason=None, at=house.clock.now())
    house.clock.move(days=3)

    assert await house.desk.catch_up() >= 1
    await house.post_cards()

    assert waiting in carded(house)


async def test_a_threat_that_waited_for_a_channel_comes_beside_the_budget(house: House) -> None:
    await with_rules(house, review_channel_id=None, cards_a_day=2)
    threat = await flag(house, 1, label="threat", score=0.51)
    others = [await flag(house, number, score=0.8) for number in range(2, 8)]

    await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    await house.post_cards()

    assert threat in carded(house)
    assert len(carded(house) & set(others)) <= 2


async def test_of_a_long_backlog_the_highest_of_all_get_the_first_days_cards(house: House) -> None:
    await with_rules(house, review_channel_id=None)
    scores = [0.5 + number / 500 for number in range(230)]
    ids = [(await opened(house, number, score)).case_id for number, score in enumerate(scores)]

    said = await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    await house.post_cards()

    assert carded(house) == set(ids[-len(carded(house)) :])
    assert 9 <= len(carded(house)) <= 10
    assert "waiting cards are being posted, the highest scores first;" in said
    assert f"{230 - len(carded(house))} more wait in the queue" in said


async def test_setup_says_what_is_posted_and_what_waits(house: House) -> None:
    await with_rules(house, review_channel_id=None)
    assert "waiting" not in await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    await with_rules(house, review_channel_id=None)
    await opened(house, 1, 0.9)
    said = await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    assert said.endswith("1 waiting card is being posted.")
    await house.post_cards()

    await with_rules(house, review_channel_id=None, cards_a_day=1)
    await opened(house, 2, 0.9)
    said = await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    assert said.endswith("1 case waits in the queue for a place in the card budget: `/queue next`.")


async def test_two_that_ask_at_once_do_not_both_get_the_last_place(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    ids = [(await opened(house, number, 0.8)).case_id for number in (1, 2)]

    await asyncio.gather(*(house.desk.refresh(guild_id=GUILD, case_id=each) for each in ids))

    assert len(carded(house)) == 1


async def test_a_case_that_is_posted_and_released_at_once_takes_one_place(house: House) -> None:
    await with_rules(house, cards_a_day=2)
    first, second = [(await opened(house, number, 0.8)).case_id for number in (1, 2)]

    await asyncio.gather(house.desk.refresh(guild_id=GUILD, case_id=first), house.desk.catch_up())
    await house.post_cards()

    assert carded(house) == {first, second}
    assert {(await house.case(each)).queued_at for each in (first, second)} == {None}


async def test_who_asks_with_a_case_of_a_moment_ago_is_answered_by_how_it_stands_now(house: House) -> None:
    rules = await with_rules(house, cards_a_day=1)
    before = await opened(house, 1, 0.8)
    await house.desk.refresh(guild_id=GUILD, case_id=before.case_id)
    budget = CardBudget(guilds=house.guilds, queue=QueueStore(house.db), clock=house.clock)

    assert await budget.admits(before, rules)
    assert (await house.case(before.case_id)).queued_at is None


async def test_a_card_that_grows_takes_no_further_place(house: House) -> None:
    await with_rules(house, cards_a_day=3)
    case_id = await flag(house, 1)
    for number in range(4):
        same = message(
            "aaaaaaaaa 1",
            message_id=80 + number,
            author=person(60 + number, "Mo"),
            channel_id=360,
            at=house.clock.now(),
        )
        await house.moderate.handle(same)
        await house.post_cards()
    assert (await house.case(case_id)).followers == 4

    others = {await flag(house, number) for number in (2, 3)}
    assert carded(house) == {case_id, *others}


async def test_a_waiting_card_ranks_by_the_highest_of_its_messages(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.flow.cards.WORKERS", 1)  # else a card may overtake the one before it
    await with_rules(house, cards_a_day=3)
    for number in range(1, 4):
        await flag(house, number, score=0.95)
    house.clock.move(minutes=1)
    grows, other = await flag(house, 4, score=0.6), await flag(house, 5, score=0.7)
    worse = "ddddddddd 4!"
    house.model.predictions[worse] = prediction({"insult": 0.9})
    await house.moderate.handle(
        message(worse, message_id=90, author=person(4, "M4"), channel_id=304, at=house.clock.now())
    )
    house.clock.move(hours=23, minutes=59, seconds=30)
    await house.desk.catch_up()
    await house.post_cards()

    order = [case.case_id for case in house.board.cards.values()]
    assert order.index(grows) < order.index(other)


async def test_nobody_is_called_or_carded_for_a_guild_without_a_channel(house: House) -> None:
    await with_rules(house, review_channel_id=None)
    case_id = await flag(house, 1)
    await house.reports.add(case_id=case_id, reporter_id=77, reason=None, at=house.clock.now())
    await house.desk.catch_up()
    await house.post_cards()
    assert carded(house) == set()
    assert (await house.case(case_id)).admitted_at is None


@pytest.mark.parametrize("hours", [25, 80])
async def test_what_waited_over_a_day_stays_in_the_queue(house: House, hours: int) -> None:
    await full(house)
    waiting = await flag(house, 2)
    house.clock.time += timedelta(hours=hours)
    assert await house.desk.catch_up() == 0
    assert (await house.case(waiting)).state == "open"
    assert await house.desk.held(GUILD) == 1
