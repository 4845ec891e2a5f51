"""Moderators label messages: what the model missed, and what it flagged for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.policy import Timeout
from bot.errors import NotAllowed
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, MODEL, message, person
from tests.flow.conftest import House

LENA = person(50, "Lena")
ADA = person(53, "Ada")


async def test_a_missed_message_becomes_a_decided_case_that_counts_as_missed(house: House):
    await house.shadow()
    await house.moderate.handle(message("subtle"))
    reply = await house.labelling.label(message=message("subtle"), moderator=LENA, labels={"insult", "toxic"})
    assert reply.sentence == "This is case 1 now. Recorded: it breaks the rules."
    case = await house.case(1)
    assert (case.opened_why, case.state, case.text) == ("labelled", "closed", "subtle")
    (vote,) = case.votes
    assert (vote.moderator_id, vote.verdict, vote.model_version) == (50, "breaks_rules", MODEL)
    assert (vote.labels["insult"], vote.labels["toxic"], vote.labels["threat"]) == ("missing", "missing", "unknown")
    assert (await house.labels.counts(GUILD))["insult"] == {"missing": 1}


async def test_a_label_that_the_model_does_give_counts_as_right(house: House):
    rules = await house.rules()
    await house.guilds.save(replace(rules, exempt_channel_ids=frozenset({200})), by=1, at=house.clock.now())
    await house.moderate.handle(message("what an insult"))
    await house.labelling.label(message=message("what an insult"), moderator=LENA, labels={"insult"})
    assert (await house.case(1)).votes[0].labels["insult"] == "right"


async def test_a_labelled_message_has_its_text_for_the_cases_time(house: House):
    await house.labelling.label(message=message("subtle"), moderator=LENA, labels={"insult"})
    (gone,) = await house.cases.expire_texts(house.clock.now().replace(year=2030), 9)
    assert (gone.case_id, gone.text) == (1, None)


async def test_a_message_with_a_case_gets_one_more_verdict(house: House):
    await house.shadow()
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    await house.review.vote(guild_id=GUILD, case_id=passed.case.case_id, moderator=ADA, verdict="skip")
    reply = await house.labelling.label(message=message("what an insult"), moderator=LENA, labels={"threat"})
    assert reply.sentence == "Recorded: it breaks the rules."
    case = await house.case(passed.case.case_id)
    assert [vote.moderator_id for vote in case.votes] == [53, 50]
    assert (case.votes[1].labels["threat"], case.votes[1].labels["insult"]) == ("missing", "wrong")


async def test_nothing_wrong_on_a_flagged_message_says_so_and_takes_back_what_was_done(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5, timeout_seconds=60))
    await house.moderate.handle(message("what an insult"))
    await house.labelling.label(message=message("what an insult"), moderator=LENA, labels=set())
    assert house.enforcer.undone == [(1000, Timeout(60))]
    assert (await house.case(1)).votes[0].labels["insult"] == "wrong"


async def test_nothing_wrong_where_nothing_was_found_records_nothing(house: House):
    with pytest.raises(NotAllowed, match="nothing is recorded"):
        await house.labelling.label(message=message("hello"), moderator=LENA, labels=set())
    assert await house.review.of_message(guild_id=GUILD, message_id=1000) is None


async def test_while_the_model_is_away_nobody_can_say_what_it_missed(house: House):
    house.model.down = ModelUnavailable("away")
    with pytest.raises(ModelUnavailable):
        await house.labelling.label(message=message("subtle"), moderator=LENA, labels={"insult"})
    assert await house.review.of_message(guild_id=GUILD, message_id=1000) is None


async def test_nobody_labels_his_own_message(house: House):
    with pytest.raises(NotAllowed, match="own message"):
        await house.labelling.label(message=message("subtle", author=LENA), moderator=LENA, labels={"insult"})
    assert await house.review.of_message(guild_id=GUILD, message_id=1000) is None


async def test_a_message_that_shares_a_card_is_decided_there(house: House):
    await house.shadow()
    for number in (1, 2):
        await house.moderate.handle(message("what an insult", message_id=number))
    with pytest.raises(NotAllowed, match="shares the card of case 1"):
        await house.labelling.label(message=message("what an insult", message_id=2), moderator=LENA, labels={"insult"})


async def test_an_edited_message_gets_a_case_of_its_own(house: House):
    await house.shadow()
    await house.moderate.handle(message("what an insult"))
    await house.labelling.label(message=message("subtle", revision=5), moderator=LENA, labels={"insult"})
    newest = await house.review.of_message(guild_id=GUILD, message_id=1000)
    assert newest is not None
    assert (newest.revision, newest.opened_why) == (5, "labelled")
    assert (await house.case(1)).votes == ()
