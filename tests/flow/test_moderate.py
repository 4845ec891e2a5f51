from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.policy import Delete, Timeout, Warn
from bot.flow.ports import Outcome
from moderation_model.errors import BadRequest, ModelUnavailable
from tests.builders import GUILD, message, person, prediction
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


async def test_a_crash_between_record_and_action_is_settled_at_the_next_start(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5, timeout_at=0.5))

    async def crash(*args: object, **kwargs: object) -> Outcome:
        raise RuntimeError("killed")

    perform, house.enforcer.perform = house.enforcer.perform, crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await house.moderate.handle(message("what an insult"))
    house.enforcer.perform = perform  # type: ignore[method-assign]
    house.enforcer.found["timeout"] = Outcome("done", "found done")
    assert await house.moderate.settle(planned_before=house.clock.now()) == 0
    house.clock.move(seconds=1)
    assert await house.moderate.settle(planned_before=house.clock.now()) == 2
    assert house.enforcer.performed == [(1000, Delete())]
    case = await house.cases.of_message(guild_id=GUILD, message_id=1000)
    assert case is not None
    assert {record.action.kind: record.state for record in case.actions} == {"timeout": "done", "delete": "done"}
    assert await house.moderate.settle(planned_before=house.clock.now()) == 0


async def test_what_the_model_misses_while_away_is_scored_when_it_is_back(house: House):
    await house.shadow()
    house.model.down = AWAY
    written = message("what an insult")
    house.messages.standing[1000] = written
    passed = await house.moderate.handle(written)
    assert (passed.outcome, passed.detail) == ("unscored", "The model server does not answer.")
    assert await house.moderate.rescore() == 0
    house.model.down = None
    assert await house.moderate.rescore() == 1
    assert await house.cases.of_message(guild_id=GUILD, message_id=1000) is not None
    assert await house.moderate.rescore() == 0


async def test_an_unscored_message_that_is_gone_or_edited_is_given_up_or_scored_as_it_stands(house: House):
    house.model.down = AWAY
    await house.moderate.handle(message("gone insult", message_id=1))
    await house.moderate.handle(message("old insult", message_id=2))
    house.messages.standing[2] = message("now nice", message_id=2, revision=9)
    house.model.down = None
    assert await house.moderate.rescore() == 1
    assert await house.predictions.seen(message_id=2, revision=9)
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def test_a_script_that_the_model_does_not_read_is_recorded_as_unscored_and_not_tried_again(house: House):
    house.model.predictions["абв"] = prediction({"insult": 0.99}, readable=False)
    passed = await house.moderate.handle(message("абв"))
    assert passed.case is None
    assert await house.moderate.rescore() == 0
    assert house.model.classified == ["абв"]


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


async def test_a_raid_stops_automatic_actions_but_not_cases(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    for number in range(15):
        await house.moderate.handle(message(f"insult {number}", message_id=number, author=person(number + 10)))
    assert len(house.enforcer.performed) == 10
    last = await house.cases.of_message(guild_id=GUILD, message_id=14)
    assert last is not None
    assert "within a minute" in (last.withheld_why or "")


async def test_a_card_that_could_not_be_posted_follows_later(house: House):
    await house.shadow()
    house.board.broken = True
    desk = asyncio.create_task(house.desk.run())
    await house.moderate.handle(message("what an insult"))
    await house.desk.drain()
    assert house.board.cards == {}
    house.board.broken = False
    assert await house.desk.catch_up() == 1
    await house.desk.drain()
    assert len(house.board.cards) == 1
    desk.cancel()


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


async def test_one_message_that_always_fails_does_not_hold_up_the_others(house: House):
    await house.shadow()
    house.model.down = AWAY
    for number, text in enumerate(("too slow", "what an insult", "hello"), start=1):
        house.messages.standing[number] = message(text, message_id=number)
        await house.moderate.handle(house.messages.standing[number])
    house.model.down = None
    house.model.refuses["too slow"] = AWAY
    assert await house.moderate.rescore() == 2
    assert await house.cases.of_message(guild_id=GUILD, message_id=2) is not None
    for number in (4, 5):
        house.model.down = AWAY
        house.messages.standing[number] = message("hello", message_id=number)
        await house.moderate.handle(house.messages.standing[number])
        house.model.down = None
        assert await house.moderate.rescore() == 1
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def test_a_text_that_the_server_refuses_is_not_sent_again(house: House):
    house.model.refuses["huge"] = BadRequest("too large")
    assert (await house.moderate.handle(message("huge"))).outcome == "unscored"
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def test_a_message_that_was_reported_while_the_model_was_away_is_still_decided_and_acted_on(house: House):
    await house.rules(threat=LabelRule(delete_at=0.5))
    house.model.down = AWAY
    house.messages.standing[1000] = message("a threat")
    await house.moderate.handle(message("a threat"))
    await house.review.report(message=message("a threat"), reporter=person(9, "Priya"), reason=None)
    house.model.down = None
    assert await house.moderate.rescore() == 1
    assert house.enforcer.performed == [(1000, Delete())]
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.opened_why, card.reports, len(house.board.pings)) == ("flagged", 1, 1)


async def test_a_call_that_failed_is_made_by_the_next_tick_and_once(house: House):
    await house.shadow()
    await house.moderate.handle(message("a threat"))
    house.board.ping_broken = True
    await house.post_cards()
    assert house.board.pings == []
    house.board.ping_broken = False
    assert await house.desk.catch_up() == 1
    await house.post_cards()
    assert await house.desk.catch_up() == 0
    assert len(house.board.pings) == 1
    assert len(house.board.cards) == 1


async def test_an_action_that_came_after_its_fine_is_taken_back(house: House):
    await house.rules(insult=LabelRule(timeout_at=0.5))
    first = await house.moderate.handle(message("what an insult", message_id=1))
    assert first.case is not None
    perform = house.enforcer.perform

    async def decided_meanwhile(*args: Any, **kwargs: Any) -> Outcome:
        outcome = await perform(*args, **kwargs)
        assert first.case is not None
        await house.review.vote(
            guild_id=GUILD, case_id=first.case.case_id, moderator=person(50, "Lena"), verdict="fine"
        )
        return outcome

    house.enforcer.perform = decided_meanwhile  # type: ignore[method-assign]
    second = await house.moderate.handle(message("what an insult", message_id=2, author=person(7)))
    assert second.case is not None
    assert second.case.state == "closed"
    assert [record.state for record in second.case.actions] == ["undone"]


async def test_two_people_who_may_need_help_have_a_card_each(house: House):
    await house.shadow()
    for number in (1, 2):
        words = "I don't think anyone would notice if I was gone"
        await house.moderate.handle(message(words, message_id=number, author=person(number + 10)))
    await house.post_cards()
    assert len(house.board.cards) == 2
