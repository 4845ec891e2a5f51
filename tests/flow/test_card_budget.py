"""Cards come within the team's budget, the rest waits in the queue, and a digest a day says so."""

from __future__ import annotations

from dataclasses import replace

from bot.core.guild_rules import GuildRules
from tests.builders import GUILD, message, person, prediction
from tests.flow.conftest import House


async def flag(house: House, number: int, *, score: float = 0.8, label: str = "insult") -> int:
    """A flagged message with words, a channel and an author of its own; the case's id."""
    text = f"{chr(96 + number) * 9} {number}"
    house.model.predictions[text] = prediction({label: score})
    written = message(
        text,
        message_id=1000 + number,
        author=person(number, f"M{number}"),
        channel_id=300 + number,
        at=house.clock.now(),
    )
    await house.moderate.handle(written)
    case = await house.cases.of_message(guild_id=GUILD, message_id=1000 + number)
    assert case is not None
    await house.post_cards()
    return case.case_id


async def with_rules(house: House, **changes: object) -> GuildRules:
    rules = replace(await house.rules(), **changes)  # pyright: ignore[reportArgumentType]
    await house.guilds.save(rules, by=1, at=house.clock.now())
    return rules


def carded(house: House) -> set[int]:
    return {case.case_id for case in house.board.cards.values()}


async def test_what_is_over_the_budget_stays_open_without_a_card_and_is_not_queued_again(house: House) -> None:
    await with_rules(house, cards_a_day=3)
    ids = [await flag(house, number) for number in range(1, 6)]

    assert carded(house) == set(ids[:3])
    waiting = await house.case(ids[4])
    assert (waiting.state, waiting.card) == ("open", None)
    assert await house.desk.catch_up() == 0
    assert house.desk.waiting == 0


async def test_words_are_looked_for_once_a_case_gets_its_card(house: House) -> None:
    await with_rules(house, cards_a_day=3)
    ids = [await flag(house, number) for number in range(1, 6)]

    explained = [(await house.case(case_id)).explanation is not None for case_id in ids]
    assert explained == [True, True, True, False, False]


async def test_the_first_day_of_a_guild_brings_ten_cards(house: House) -> None:
    await with_rules(house, set_up_at=house.clock.now())
    for number in range(1, 16):
        await flag(house, number, score=0.6 + number / 100)
    assert len(carded(house)) == 10


async def test_what_waited_gets_its_card_once_there_is_a_place(house: House) -> None:
    await with_rules(house, cards_a_day=3)
    for number in range(1, 4):
        await flag(house, number)
    house.clock.move(hours=12)
    low, high = await flag(house, 4, score=0.6), await flag(house, 5, score=0.7)
    house.clock.move(hours=12)

    assert await house.desk.catch_up() == 2
    await house.post_cards()

    order = [case.case_id for case in house.board.cards.values()]
    assert set(order[3:]) == {high, low}  # two workers post side by side
    assert (await house.case(high)).queued_at is None


async def test_a_threat_and_a_report_get_their_cards_although_the_budget_is_used_up(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    await flag(house, 1)
    waiting = await flag(house, 2)
    threat = await flag(house, 3, label="threat")
    assert threat in carded(house)
    assert waiting not in carded(house)

    text = message("bbbbbbbbb 2", message_id=1002, author=person(2, "M2"), channel_id=302)
    await house.reporting.report(message=text, reporter=person(77, "Priya"), reason=None)
    await house.post_cards()
    assert waiting in carded(house)


async def test_a_card_that_has_its_place_is_edited_and_posted_anew_without_another(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    case_id = await flag(house, 1)
    await house.desk.take_down(await house.case(case_id))
    assert carded(house) == set()

    await house.desk.catch_up()
    await house.post_cards()
    assert carded(house) == {case_id}


async def test_a_place_is_kept_for_a_card_that_could_not_be_posted(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    house.board.broken = True
    case_id = await flag(house, 1)
    house.board.broken = False
    await flag(house, 2)

    await house.desk.catch_up()
    await house.post_cards()
    assert carded(house) == {case_id}


async def test_a_case_that_is_decided_while_it_waits_gets_no_card(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    await flag(house, 1)
    waiting = await flag(house, 2)

    reply = await house.review.vote(
        guild_id=GUILD, case_id=waiting, moderator=person(9, "Lena"), verdict="breaks_rules"
    )

    assert reply.case is not None
    assert (reply.case.state, reply.case.card) == ("closed", None)
    assert len(carded(house)) == 1


async def test_a_backlog_is_posted_highest_scores_first_once_there_is_a_channel(house: House) -> None:
    await with_rules(house, review_channel_id=None)
    ids = [await flag(house, number, score=0.5 + number / 100) for number in range(1, 15)]
    assert carded(house) == set()

    await house.setup.setup(guild_id=GUILD, review_channel_id=900, ping_role_id=None, by=1)
    await house.post_cards()

    assert carded(house) >= set(ids[-9:])
    assert len(carded(house)) <= 10


async def test_a_digest_a_day_says_what_waits_and_for_how_long(house: House) -> None:
    await with_rules(house, cards_a_day=1, remind_after_hours=30)
    await flag(house, 1)
    await flag(house, 2)
    await flag(house, 3, label="toxic")
    assert await house.queue.digest() == 1
    assert dict(house.board.digests[0].uncarded) == {"insult": 1, "toxic": 1}
    assert house.board.digests[0].overdue == 0

    house.clock.move(hours=23)
    assert await house.queue.digest() == 0
    house.clock.move(hours=8)
    assert await house.queue.digest() == 1
    assert (house.board.digests[1].overdue, house.board.digests[1].hours) == (3, 30)


async def test_no_digest_comes_where_nothing_waits(house: House) -> None:
    await with_rules(house)
    await flag(house, 1)
    assert await house.queue.digest() == 0
    assert house.board.digests == []


async def test_a_digest_that_could_not_be_posted_comes_later(house: House) -> None:
    await with_rules(house, cards_a_day=1)
    await flag(house, 1)
    await flag(house, 2)
    house.board.broken = True
    assert await house.queue.digest() == 0
    house.board.broken = False
    assert await house.queue.digest() == 1
