from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.core.guild_rules import LabelRule
from bot.core.policy import Delete, Timeout, Warn
from bot.flow.ports import Outcome
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, NOON, message, person
from tests.flow.conftest import House

AWAY = ModelUnavailable("The model server does not answer.")
STRICT = LabelRule(warn_at=0.5, timeout_at=0.5, delete_at=0.5, timeout_seconds=60)


async def test_a_harmless_message_is_scored_recorded_and_left_alone(house: House):
    passed = await house.moderate.handle(message("hello"))
    assert (passed.outcome, passed.case) == ("decided", None)
    assert await house.predictions.seen(message_id=1000, revision=0)
    assert house.board.cards == {}


async def test_a_flagged_message_becomes_a_case_with_text_reasons_and_card(house: House):
    await house.shadow()
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    await house.post_cards()
    case = await house.case(passed.case.case_id)
    assert (case.text, case.state, case.opened_why) == ("what an insult", "open", "flagged")
    assert [reason.label for reason in case.reasons] == ["insult"]
    assert case.explanation is not None
    assert case.explanation.top() == ("insult",)
    assert case.card is not None
    assert house.board.cards[case.card.message_id].explanation == case.explanation


async def test_a_new_guild_is_in_shadow_mode_and_nothing_is_done(house: House):
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    assert house.enforcer.performed == []


async def test_actions_are_done_in_order_and_their_outcomes_recorded(house: House):
    await house.rules(insult=STRICT)
    house.enforcer.answers["warn"] = Outcome("refused", "Kai does not accept direct messages.")
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    assert house.enforcer.performed == [(1000, Timeout(60)), (1000, Delete())]
    states = {record.action: (record.state, record.detail) for record in passed.case.actions}
    assert states == {
        Warn(): ("refused", "Kai does not accept direct messages."),
        Timeout(60): ("done", None),
        Delete(): ("done", None),
    }


async def test_a_replayed_message_is_acted_on_once(house: House):
    await house.rules(insult=STRICT)
    await house.moderate.handle(message("what an insult"))
    again = await house.moderate.handle(message("what an insult"))
    assert again.outcome == "replayed"
    assert len(house.enforcer.performed) == 3


async def test_the_same_message_at_the_same_time_is_acted_on_once(house: House):
    await house.rules(insult=STRICT)
    passes = await asyncio.gather(*(house.moderate.handle(message("what an insult")) for _ in range(5)))
    assert sorted(passed.outcome for passed in passes) == ["decided"] + ["replayed"] * 4
    assert len(house.enforcer.performed) == 3


async def test_an_edit_is_a_revision_of_its_own(house: House):
    await house.shadow()
    assert (await house.moderate.handle(message("nice run!"))).case is None
    edited = await house.moderate.handle(message("an insult", revision=5), priority="edit")
    assert edited.case is not None
    assert edited.case.revision == 5


async def test_thirty_accounts_with_one_line_are_one_card(house: House):
    await house.shadow()
    for number in range(30):
        await house.moderate.handle(message("what an  Insult", message_id=number, author=person(number + 10)))
    await house.post_cards()
    assert len(house.board.cards) == 1
    (card,) = house.board.cards.values()
    assert card.followers == 29


async def test_the_same_line_an_hour_later_is_a_card_of_its_own(house: House):
    await house.shadow()
    await house.moderate.handle(message("what an insult", message_id=1))
    await house.post_cards()
    house.clock.move(hours=1)
    await house.moderate.handle(message("what an insult", message_id=2))
    await house.post_cards()
    assert len(house.board.cards) == 2


async def test_a_threat_pings_once(house: House):
    await house.shadow()
    passed = await house.moderate.handle(message("a threat"))
    assert passed.case is not None
    await house.post_cards()
    await house.desk.refresh(guild_id=GUILD, case_id=passed.case.case_id)
    assert house.board.pings == [passed.case.case_id]


async def test_a_disclosure_opens_a_care_case(house: House):
    passed = await house.moderate.handle(message("I don't think anyone would notice if I was gone, toxic"))
    assert passed.case is not None
    assert (passed.case.opened_why, passed.case.reasons) == ("care", ())


async def test_a_label_that_hits_many_members_at_once_is_held_back_but_cases_still_come(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    for number in range(15):
        who = replace(person(number + 10), joined_at=NOON - timedelta(days=10))
        words = f"insult {chr(97 + number) * 20}"
        await house.moderate.handle(message(words, message_id=number, author=who, channel_id=number % 3))
    assert len(house.enforcer.performed) == 10
    last = await house.cases.of_message(guild_id=GUILD, message_id=14)
    assert last is not None
    assert "within a minute" in (last.withheld_why or "")


async def test_a_card_without_explanation_is_better_than_none(house: House):
    await house.shadow()
    house.model.explainer_down = AWAY
    await house.moderate.handle(message("what an insult"))
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert card.explanation is None
    house.model.explainer_down = None
    await house.desk.catch_up()
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert card.explanation is not None


async def test_a_pause_stops_actions_at_once(house: House):
    await house.rules(insult=STRICT)
    await house.setup.pause(guild_id=GUILD, by=1)
    await house.moderate.handle(message("what an insult"))
    assert house.enforcer.performed == []


async def test_exempt_channels_are_not_even_scored(house: House):
    await house.rules(insult=STRICT)
    await house.setup.exempt(guild_id=GUILD, channel_id=200, exempt=True, by=1)
    assert (await house.moderate.handle(message("what an insult"))).outcome == "exempt"
    assert house.model.classified == []


async def test_two_people_who_may_need_help_have_a_card_each(house: House):
    await house.shadow()
    for number in (1, 2):
        words = "I don't think anyone would notice if I was gone"
        await house.moderate.handle(message(words, message_id=number, author=person(number + 10)))
    await house.post_cards()
    assert len(house.board.cards) == 2


async def test_a_clock_that_jumps_back_does_not_make_an_old_message_a_new_one(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    await house.moderate.handle(message("hello", message_id=1, at=NOON + timedelta(hours=3)))
    house.clock.move(hours=-1)
    passed = await house.moderate.handle(message("what an insult", message_id=2, at=NOON))
    assert passed.case is not None
    assert house.enforcer.performed == []


async def test_a_clock_that_jumps_ahead_punishes_nobody_and_loses_no_message(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    house.clock.move(days=400)
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    assert house.enforcer.performed == []
