"""Whose verdicts teach: held and dropped moderators, agreement, and cases on which two differ."""

from __future__ import annotations

from bot.core.cases import CaseFilter
from bot.core.lessons import NewLesson
from tests.builders import GUILD, message, person
from tests.flow.conftest import House
from tests.flow.test_learn import ENOUGH, LENA, teach
from tests.judging import judge


async def flagged(house: House) -> int:
    """A flagged message; its case."""
    passed = await house.moderate.handle(message("what an insult"))
    assert passed.case is not None
    return passed.case.case_id


async def test_whoever_contradicts_everybody_is_held_until_an_administrator_speaks(house: House):
    await house.rules()
    await teach(house)
    for number in range(1, 91):
        broken = bool(number % 3)
        says_so = broken if number <= 60 else not broken  # 51 judges the last thirty, and the opposite way
        moderator = 51 if number > 60 else 50 + 2 * (number % 2)
        said = "breaks_rules" if says_so else "fine"
        await judge(house.db, f"line {number} of the chat", number, {moderator: said})
    assert [each.moderator_id for each in await house.lessons.held(GUILD)] == [51]
    run = await house.learn.start(guild_id=GUILD, by=1)
    assert run.facts["held_moderators"] == 1
    assert len(house.model.orders[0].examples) == ENOUGH + 60
    await house.learn.cancel(run.run_id)
    house.clock.move(hours=1)
    await house.lessons.decide_judge(guild_id=GUILD, moderator_id=51, decision="allow", by=1)
    await house.learn.start(guild_id=GUILD, by=1)
    assert len(house.model.orders[1].examples) == ENOUGH + 90
    assert await house.lessons.held(GUILD) == []


async def test_whom_an_administrator_dropped_teaches_nothing_in_writing_either(house: House):
    await house.rules()
    await teach(house)
    await judge(house.db, "a line of the chat", 1, {51: "fine"})
    own = NewLesson(GUILD, "moderator_written", "a line of his own", {"insult": 0.0}, 51, house.clock.now())
    await house.stores.learning.lessons.add([own])
    await house.lessons.decide_judge(guild_id=GUILD, moderator_id=51, decision="drop", by=1)
    await house.learn.start(guild_id=GUILD, by=1)
    assert {example.text for example in house.model.orders[0].examples} == {f"line number {n}" for n in range(ENOUGH)}


async def test_agreement_is_kept_with_the_run(house: House):
    await house.rules()
    await teach(house)
    for number, verdict in enumerate(("fine", "fine", "breaks_rules"), 1):
        await judge(house.db, f"line {number} of the chat", number, {50: verdict, 51: verdict})
    run = await house.learn.start(guild_id=GUILD, by=50)
    assert (run.facts["agreement"], run.facts["judged_together"]) == (1.0, 3)


async def test_two_who_differ_leave_the_case_to_a_third(house: House):
    await house.rules()
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    reply = await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(51), verdict="fine")
    assert "third opinion" in reply.sentence
    case = await house.case(case_id)
    assert (case.state, case.second_opinion_by) == ("open", 51)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(52), verdict="fine")
    case = await house.case(case_id)
    assert (case.state, case.second_opinion_by, len(case.votes)) == ("closed", None, 3)


async def test_a_moderator_who_changes_his_own_answer_needs_nobody_else(house: House):
    await house.rules()
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    assert (await house.case(case_id)).state == "closed"


async def differ(house: House) -> int:
    """A flagged message on which Lena and a second moderator differ; its case."""
    case_id = await flagged(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="breaks_rules")
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(51), verdict="fine")
    return case_id


async def test_a_case_on_which_two_differ_comes_first_for_who_has_not_answered_and_in_turn_for_who_has(house: House):
    await house.rules()
    older = await house.moderate.handle(message("another insult", message_id=999, author=person(2)))
    case_id = await differ(house)
    assert older.case is not None

    async def seen(moderator_id: int) -> list[int]:
        found, place = [], None
        while up := await house.queue.next(guild_id=GUILD, which=CaseFilter(), moderator_id=moderator_id, after=place):
            found.append(up.case.case_id)
            place = up.place
        return found

    assert await seen(52) == [case_id, older.case.case_id]
    assert await seen(51) == [older.case.case_id, case_id]


async def test_what_two_differ_on_teaches_nothing_until_a_third_has_decided_by_majority(house: House):
    await house.rules()
    case_id = await differ(house)
    teaching = house.stores.learning.teaching
    assert (await teaching.examples(now=house.clock.now(), without={})).examples == ()
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(52), verdict="fine")
    (example,) = (await teaching.examples(now=house.clock.now(), without={})).examples
    assert (example.example_id, example.labels) == (case_id, {"insult": 0.0})


async def test_who_differs_cannot_settle_it_by_pressing_again_but_by_agreeing(house: House):
    await house.rules()
    case_id = await differ(house)
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=person(51), verdict="fine")
    assert (await house.case(case_id)).state == "open"
    await house.review.vote(guild_id=GUILD, case_id=case_id, moderator=LENA, verdict="fine")
    assert (await house.case(case_id)).state == "closed"
