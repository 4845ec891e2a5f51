"""What goes wrong beside the pass is repaired: crashes, an absent model, a card or a call that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.core.guild_rules import LabelRule
from bot.core.policy import Delete
from bot.flow.building_learning import LearnSettings
from bot.flow.ports import Outcome
from moderation_model.errors import BadRequest, ModelFailed, ModelUnavailable
from tests.builders import GUILD, message, person, prediction
from tests.flow.conftest import House

AWAY = ModelUnavailable("The model server does not answer.")
FAILED = ModelFailed("The model server failed.")
STRICT = LabelRule(warn_at=0.5, timeout_at=0.5, delete_at=0.5, timeout_seconds=60)


async def test_a_crash_between_record_and_action_is_settled_at_the_next_start(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5, timeout_at=0.5))
    await house.killed_before_acting()
    house.enforcer.found["timeout"] = Outcome("done", "found done")
    assert await house.moderate.settle() == 0  # it may still be under way
    house.clock.move(seconds=15)
    assert await house.moderate.settle() == 2
    assert house.enforcer.performed == [(1000, Delete())]
    case = await house.cases.of_message(guild_id=GUILD, message_id=1000)
    assert case is not None
    assert {record.action.kind: record.state for record in case.actions} == {"timeout": "done", "delete": "done"}
    assert await house.moderate.settle() == 0


async def test_what_the_model_misses_while_away_is_scored_when_it_is_back(house: House):
    await house.shadow()
    house.model.down = AWAY
    written = message("what an insult")
    house.messages.standing[1000] = written
    passed = await house.moderate.handle(written)
    assert (passed.outcome, str(passed.failure)) == ("unscored", "The model server does not answer.")
    assert await house.rescoring.rescore() == 0
    house.model.down = None
    assert await house.rescoring.rescore() == 1
    assert await house.cases.of_message(guild_id=GUILD, message_id=1000) is not None
    assert await house.rescoring.rescore() == 0


async def test_an_unscored_message_that_is_gone_or_edited_is_given_up_or_scored_as_it_stands(house: House):
    house.model.down = AWAY
    await house.moderate.handle(message("gone insult", message_id=1))
    await house.moderate.handle(message("old insult", message_id=2))
    house.messages.standing[2] = message("now nice", message_id=2, revision=9)
    house.model.down = None
    assert await house.rescoring.rescore() == 1
    assert await house.predictions.seen(message_id=2, revision=9)
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def test_messages_of_a_server_that_discord_does_not_bring_wait_and_hold_up_no_other(house: House):
    house.model.down = AWAY
    both = [message("what an insult", message_id=1), message("hello", message_id=2, guild_id=GUILD + 1)]
    for written in both:
        house.messages.standing[written.message_id] = written
        await house.moderate.handle(written)
    house.model.down = None
    house.messages.away = {GUILD}
    assert await house.rescoring.rescore() == 1
    assert await house.predictions.seen(message_id=2, revision=0)
    house.messages.away = set()
    assert await house.rescoring.rescore() == 1
    assert await house.predictions.seen(message_id=1, revision=0)


async def test_a_script_that_the_model_does_not_read_is_recorded_as_unscored_and_not_tried_again(house: House):
    house.model.predictions["абв"] = prediction({"insult": 0.99}, readable=False)
    passed = await house.moderate.handle(message("абв"))
    assert passed.case is None
    assert await house.rescoring.rescore() == 0
    assert house.model.classified == ["абв"]


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


async def test_one_message_that_always_fails_does_not_hold_up_the_others(house: House):
    await house.shadow()
    house.model.down = AWAY
    for number, text in enumerate(("too slow", "what an insult", "hello"), start=1):
        house.messages.standing[number] = message(text, message_id=number)
        await house.moderate.handle(house.messages.standing[number])
    house.model.down = None
    house.model.refuses["too slow"] = AWAY
    assert await house.rescoring.rescore() == 2
    assert await house.cases.of_message(guild_id=GUILD, message_id=2) is not None
    for number in (4, 5):
        house.model.down = AWAY
        house.messages.standing[number] = message("hello", message_id=number)
        await house.moderate.handle(house.messages.standing[number])
        house.model.down = None
        assert await house.rescoring.rescore() == 1
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def leave_unscored(house: House, texts: Sequence[str]) -> None:
    """Messages of these texts, numbered from 1, that came while the model was away."""
    house.model.down = AWAY
    for number, text in enumerate(texts, start=1):
        house.messages.standing[number] = message(text, message_id=number)
        await house.moderate.handle(house.messages.standing[number])
    house.model.down = None


async def unscored(house: House) -> list[int]:
    found = await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=99)
    return sorted(key.message_id for key in found)


async def test_messages_that_the_model_fails_on_hold_up_no_other_and_are_given_up(house: House):
    house.model.refuses["poison"] = FAILED
    await leave_unscored(house, ["poison", "poison", "poison", "hello", "how are you"])
    assert await house.rescoring.rescore() == 2
    for number in (6, 7):
        assert await unscored(house) == [1, 2, 3]
        await house.moderate.handle(message("hello", message_id=number))
        assert await house.rescoring.rescore() == 0
    assert await unscored(house) == []


async def test_a_message_with_a_keyword_that_the_model_fails_on_is_given_up_as_well(house: House):
    await house.shadow()
    await house.setup.keyword(guild_id=GUILD, pattern="grapes", kind="words", action="delete", remove=False, by=1)
    house.model.refuses["poison grapes"] = FAILED
    await leave_unscored(house, ["poison grapes"])
    for number in (2, 3, 4):
        assert await unscored(house) == [1]
        await house.moderate.handle(message("hello", message_id=number))
        await house.rescoring.rescore()
    assert await unscored(house) == []


async def test_no_message_is_given_up_for_a_model_that_fails_on_all_of_them(house: House):
    await leave_unscored(house, ["hello", "how are you", "good night"])
    house.model.down = FAILED
    for _ in range(9):
        assert await house.rescoring.rescore() == 0
    house.model.down = None
    assert await house.rescoring.rescore() == 3


async def test_a_page_without_one_answer_ends_the_round(house: House):
    await leave_unscored(house, ["hello"] * 120 + ["too slow"] * 2)
    house.model.refuses["too slow"] = AWAY
    house.model.refuses["hello"] = AWAY
    house.model.asked.clear()
    assert await house.rescoring.rescore() == 0
    assert len(house.model.asked) == 1 + 100
    del house.model.refuses["hello"]
    assert await house.rescoring.rescore() == 120
    assert await unscored(house) == [121, 122]


async def test_the_newest_of_what_waits_is_scored_first(house: House):
    await leave_unscored(house, [f"hello {number}" for number in range(1, 6)])
    await house.rescoring.rescore(limit=1)
    assert house.model.classified == ["hello 5"]
    await house.rescoring.rescore(limit=2)
    assert await unscored(house) == [1, 2]


async def test_a_text_that_the_server_refuses_is_not_sent_again(house: House):
    house.model.refuses["huge"] = BadRequest("too large")
    assert (await house.moderate.handle(message("huge"))).outcome == "unscored"
    assert await house.predictions.unscored(since=house.clock.now().replace(year=2020), limit=9) == []


async def test_a_message_that_was_reported_while_the_model_was_away_is_still_decided_and_acted_on(house: House):
    await house.rules(insult=LabelRule(delete_at=0.5))
    house.model.down = AWAY
    house.messages.standing[1000] = message("an insult")
    await house.moderate.handle(message("an insult"))
    await house.reporting.report(message=message("an insult"), reporter=person(9, "Priya"), reason=None)
    house.model.down = None
    assert await house.rescoring.rescore() == 1
    assert house.enforcer.performed == [(1000, Delete())]
    await house.post_cards()
    (card,) = house.board.cards.values()
    assert (card.opened_why, card.reports, len(house.board.pings)) == ("flagged", 1, 0)


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


async def test_what_an_earlier_process_left_unscored_is_scored_right_after_a_start(house: House):
    await house.shadow()
    told = message("what an insult")
    house.messages.standing[told.message_id] = told
    house.model.down = AWAY
    await house.moderate.handle(told)
    house.model.down = None
    house.build(LearnSettings())
    working = asyncio.create_task(house.rescoring.run())
    async with asyncio.timeout(30):
        while await house.cases.of_message(guild_id=GUILD, message_id=1000) is None:  # noqa: ASYNC110 (a row tells)
            await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working])
