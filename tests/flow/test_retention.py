"""What is kept only for a time is gone afterwards, here and on the review channel."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import CardRef, Case
from bot.flow.retention import Retention
from bot.store.leases import LeaseStore
from tests.builders import GUILD, message, person
from tests.flow.conftest import House


def retention(house: House) -> Retention:
    return Retention(
        predictions=house.predictions,
        expiry=house.stores.expiry,
        dropping=house.dropping,
        leases=LeaseStore(house.db, holder="me"),
        spool=house.stores.spool,
        clock=house.clock,
        text_days=30,
        prediction_days=30,
        case_days=365,
    )


async def a_case_that_was_decided(house: House) -> Case:
    await house.rules()
    case = (await house.moderate.handle(message("what an insult"))).case
    assert case is not None
    await house.post_cards()
    await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=person(7), verdict="breaks_rules")
    return case


async def test_after_its_time_a_text_is_gone_from_the_database_and_from_its_card(house: House):
    case = await a_case_that_was_decided(house)
    await retention(house).run()
    assert (await house.case(case.case_id)).text == "what an insult"
    house.clock.move(days=31)
    await retention(house).run()
    after = await house.case(case.case_id)
    assert after.text is None
    assert after.card is not None
    assert house.board.scrubbed == [after.card.message_id]
    assert await house.predictions.scores_of(message_id=case.message_id) is None


async def test_a_card_that_could_not_be_scrubbed_is_scrubbed_by_the_next_run_and_only_once(house: House):
    case = await a_case_that_was_decided(house)
    house.clock.move(days=31)
    house.board.broken = True
    await retention(house).run()
    assert (await house.case(case.case_id)).text is None
    assert house.board.scrubbed == []
    house.board.broken = False
    await retention(house).run()
    await retention(house).run()
    assert len(house.board.scrubbed) == 1


async def a_card_that_two_texts_share(house: House) -> CardRef:
    """Decided, with the other text in its second line."""
    case = await a_case_that_was_decided(house)
    await house.review.undo(guild_id=GUILD, case_id=case.case_id, moderator=person(7))
    await house.moderate.handle(message("an insult of another kind", message_id=1001))
    await house.review.vote(guild_id=GUILD, case_id=case.case_id, moderator=person(7), verdict="breaks_rules")
    card = (await house.case(case.case_id)).card
    assert card is not None
    assert [other.text for other in house.board.cards[card.message_id].other_texts] == ["an insult of another kind"]
    await house.cases.close(case_id=case.case_id, at=house.clock.now(), text_until=house.clock.now() + timedelta(90))
    return card


async def test_a_text_that_is_over_its_time_leaves_the_card_that_it_shared(house: House):
    card = await a_card_that_two_texts_share(house)
    house.clock.move(days=31)
    await retention(house).run()
    shown = house.board.cards[card.message_id]
    assert (shown.text, shown.other_texts) == ("what an insult", ())


@pytest.mark.parametrize("hindrance", ["the bot was killed", "no review channel"])
async def test_a_text_whose_deletion_did_not_reach_the_shared_card_leaves_it_with_the_next_run(
    house: House, hindrance: str
):
    card = await a_card_that_two_texts_share(house)
    house.clock.move(days=31)
    rules = await house.guilds.get(GUILD)
    if hindrance == "no review channel":
        await house.guilds.save(replace(rules, review_channel_id=None), by=1, at=house.clock.now())
        await house.dropping.run()
    await house.gone.deleted(guild_id=GUILD, message_ids=[1001])
    assert len(house.board.cards[card.message_id].other_texts) == 1
    await house.guilds.save(rules, by=1, at=house.clock.now())

    restarted = House(house.db, board=house.board, clock=house.clock)
    await restarted.dropping.run()
    assert house.board.cards[card.message_id].other_texts == ()
    house.board.broken = True
    assert await restarted.cases.unscrubbed(9) == []


async def test_a_pause_and_another_setting_at_the_same_time_are_both_kept(house: House):
    await house.rules()
    await asyncio.gather(
        house.setup.exempt(guild_id=GUILD, channel_id=5, exempt=True, by=1),
        house.setup.pause(guild_id=GUILD, by=2),
        house.setup.limit(guild_id=GUILD, label="insult", action="delete", percent=90, by=3),
    )
    rules = await house.setup.rules(GUILD)
    assert (rules.paused, rules.exempt_channel_ids) == (True, {5})
    assert rules.rule("insult").delete_at == 0.9


async def test_how_jobs_ended_is_forgotten_after_its_time(house: House):
    leases = LeaseStore(house.db, holder="me")
    for _ in range(2):
        lease = await leases.take("digest", house.clock.now(), now=house.clock.now(), span=timedelta(minutes=2))
        assert lease is not None
        await leases.end(lease, now=house.clock.now(), outcome="done")
        house.clock.move(days=60)
    await retention(house).run()
    assert len(await leases.history("digest")) == 1


async def test_after_a_year_a_case_names_nobody_and_one_that_was_left_open_is_closed(house: House):
    case = await a_case_that_was_decided(house)
    left_open = (await house.moderate.handle(message("an insult of another kind", message_id=1001))).case
    assert left_open is not None
    house.clock.move(days=366)
    await retention(house).run()
    after = await house.case(case.case_id)
    assert (after.author_id, after.state, after.opened_why) == (0, "closed", "flagged")
    closed = await house.case(left_open.case_id)
    assert (closed.state, closed.text, closed.author_id) == ("closed", None, left_open.author_id)
