"""A model that passed the gate scores live messages beside the old one, and moderators look where the two differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.cases import CaseFilter, VerdictKind
from bot.core.lessons import NewLesson, Run
from bot.core.shadow import ShadowRules, Stage
from bot.flow.building_learning import LearnSettings
from bot.flow.moderate import Passed
from bot.flow.shadow import MOST_OPENED, MOST_WAITING
from moderation_model.errors import ModelUnavailable
from moderation_model.learning import RunResult
from tests.builders import GUILD, message, person, prediction
from tests.fake_runs import BETTER, NEW, OLD, WORSE
from tests.flow.conftest import House

ADMIN = 9
LENA = person(50, "Lena")
LIMITS = replace(BETTER, limits={str(GUILD): {"insult": 0.6}})
SHORT = ShadowRules(messages=4, hours=24)


async def checking(house: House, result: RunResult = LIMITS, rules: ShadowRules = SHORT, *, auto: bool = False) -> Run:
    """A run that ended well, its report posted and its model being checked."""
    house.build(LearnSettings(promotion="auto" if auto else "ask", shadow=rules))
    lessons = [
        NewLesson(GUILD, "moderator_written", f"line {each}", {"insult": float(each % 2)}, ADMIN, house.clock.now())
        for each in range(200)
    ]
    await house.rules()
    await house.stores.learning.lessons.add(lessons)
    run = await house.learn.start(guild_id=GUILD, by=ADMIN)
    house.model.ends(result)
    await house.learn.watch()
    return run


async def say(house: House, text: str, number: int, *, old: float = 0.1, new: float = 0.1) -> Passed:
    """A message that the two models score so for insult; the new one has looked at it."""
    house.model.predictions[text] = prediction({"insult": old})
    house.model.challenges[text] = prediction({"insult": new})
    passed = await house.moderate.handle(message(text, message_id=number, author=person(1000 + number)))
    await house.check()
    return passed


async def stage_of(house: House, run: Run) -> Stage:
    kept = await house.stores.learning.runs.get(run.run_id)
    assert kept is not None
    stage = Stage.of(kept.facts)
    assert stage is not None
    return stage


async def only_new_says(house: House, verdict: VerdictKind) -> None:
    """Four messages, of which the new model alone flags one, and a moderator's word on that."""
    await say(house, "what a goblin", 1, new=0.7)
    case = await upcoming(house)
    await house.review.vote(guild_id=GUILD, case_id=case, moderator=LENA, verdict=verdict)
    for number in (2, 3, 4):
        await say(house, f"line {number}", number)


async def upcoming(house: House, moderator_id: int = 50) -> int:
    found = await house.queue.next(guild_id=GUILD, which=CaseFilter(), moderator_id=moderator_id)
    assert found is not None
    return found.case.case_id


async def test_messages_are_counted_by_who_flags_them_at_its_own_limits(house: House):
    run = await checking(house, rules=ShadowRules())
    await say(house, "neither", 1)
    await say(house, "both", 2, old=0.9, new=0.8)
    await say(house, "only the old", 3, old=0.9, new=0.55)  # over the old limit of 0.5, under the new one of 0.6
    await say(house, "only the new", 4, old=0.4, new=0.7)
    stage = await stage_of(house, run)
    assert (stage.checked, stage.both, stage.only_old, stage.only_new) == (4, 1, 1, 1)


async def test_what_only_the_new_model_flags_becomes_a_case_without_a_card_or_an_action(house: House):
    await checking(house)
    passed = await say(house, "what a goblin", 1, old=0.4, new=0.71)
    assert passed.case is None
    await house.desk.catch_up()
    await house.post_cards()
    case = await house.case(await upcoming(house))
    assert (case.opened_why, case.flagged_only_by, case.text) == ("challenger", "challenger", "what a goblin")
    assert [(reason.label, reason.score, reason.limit) for reason in case.reasons] == [("insult", 0.71, 0.6)]
    assert (case.scores or {})["insult"] == 0.4
    assert (case.actions, case.card, house.board.cards, house.enforcer.performed) == ((), None, {}, [])


async def test_of_who_opted_out_the_new_model_opens_no_case_and_the_old_one_does(house: House):
    run = await checking(house)
    for author in (1001, 1002):
        await house.privacy.opt_out(guild_id=GUILD, member_id=author)
    assert (await say(house, "what a goblin", 1, new=0.71)).case is None
    assert await house.queue.next(guild_id=GUILD, which=CaseFilter(), moderator_id=50) is None
    assert (await stage_of(house, run)).only_new == 1  # counted all the same
    assert (await say(house, "an old insult", 2, old=0.9)).case is not None


async def test_a_disagreement_is_first_in_the_queue_until_the_moderator_has_answered(house: House):
    await checking(house)
    first = await say(house, "an old insult", 1, old=0.9, new=0.9)
    second = await say(house, "only the old", 2, old=0.9)
    assert first.case is not None
    assert second.case is not None
    seen: list[int] = []
    place = None
    while found := await house.queue.next(guild_id=GUILD, which=CaseFilter(), moderator_id=50, after=place):
        seen.append(found.case.case_id)
        place = found.place
    assert seen == [second.case.case_id, first.case.case_id]
    assert (await house.case(second.case.case_id)).flagged_only_by == "champion"


async def test_the_same_text_and_more_than_a_few_open_no_more_cases(house: House):
    run = await checking(house, rules=ShadowRules())
    for number in range(1, MOST_OPENED + 4):
        await say(house, "copied" if number < 3 else f"line {number}", number, new=0.9)
    assert await house.cases.open_count(GUILD) == MOST_OPENED
    assert (await stage_of(house, run)).only_new == MOST_OPENED + 3


async def test_a_message_that_was_deleted_meanwhile_leaves_no_open_case(house: House):
    await checking(house)
    await house.gone.deleted(guild_id=GUILD, message_ids=[1])
    await say(house, "what a goblin", 1, new=0.9)
    assert await house.cases.open_count(GUILD) == 0


async def test_the_stage_ends_with_its_messages_and_the_report_says_how(house: House):
    run = await checking(house)
    assert house.model.shadow == NEW
    for number in range(1, 6):
        await say(house, f"line {number}", number, new=0.9 if number == 1 else 0.1)
    assert (house.model.shadow, (await stage_of(house, run)).checked) == (None, 4)
    await house.learn.watch()
    shown = house.board.reports[-1]
    assert (shown.standing, shown.run.report) == ("waits", (900, 9001))
    stage = Stage.of(shown.run.facts)
    assert stage is not None
    assert (stage.ended, stage.checked, stage.only_new) == (True, 4, 1)
    posted = len(house.board.reports)
    await house.learn.watch()
    assert len(house.board.reports) == posted


async def test_where_little_is_said_time_ends_the_stage(house: House):
    run = await checking(house, auto=True)
    await say(house, "line 1", 1)
    house.clock.move(hours=24)
    await house.learn.watch()
    assert (await stage_of(house, run)).checked == 1
    assert (house.model.shadow, house.model.serving) == (None, NEW)


async def test_a_restart_goes_on_counting_and_a_restarted_model_server_is_told_again(house: House):
    run = await checking(house)
    await say(house, "line 1", 1)
    house.model.shadow = None
    again = House(house.db, model=house.model, board=house.board, clock=house.clock)
    await again.learn.watch()
    assert house.model.shadow == NEW
    await say(again, "line 2", 2)
    assert (await stage_of(house, run)).checked == 2


async def test_with_auto_the_new_model_serves_once_it_was_checked(house: House):
    await checking(house, auto=True)
    await only_new_says(house, "breaks_rules")
    assert house.model.serving == OLD
    await house.learn.watch()
    assert house.model.serving == NEW
    assert house.board.reports[-1].standing == "used"
    assert (await house.guilds.get(GUILD)).rule("insult").flag_at == 0.6


async def test_with_auto_verdicts_against_the_new_model_leave_it_to_people(house: House):
    run = await checking(house, auto=True)
    await only_new_says(house, "fine")
    await house.learn.watch()
    await house.learn.watch()
    assert house.model.serving == OLD
    shown = house.board.reports[-1]
    assert (shown.standing, shown.run.facts["verdicts_against"]) == ("waits", 1)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEW


async def test_with_auto_a_server_that_is_away_at_the_end_is_asked_again(house: House):
    await checking(house, auto=True)
    house.clock.move(hours=24)
    house.model.away = ModelUnavailable("away")
    await house.learn.watch()
    house.model.away = None
    house.clock.move(minutes=6)
    await house.learn.watch()
    assert (house.model.serving, house.model.shadow) == (NEW, None)


@pytest.mark.parametrize("press", ["use", "keep"])
async def test_a_press_ends_the_stage_at_once(house: House, press: str):
    run = await checking(house, auto=True)
    await getattr(house.retraining, press)(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.shadow is None
    await say(house, "what a goblin", 1, new=0.9)
    house.clock.move(hours=25)
    await house.learn.watch()
    assert (await stage_of(house, run)).checked == 0
    assert house.model.serving == (NEW if press == "use" else OLD)


async def test_going_back_ends_the_stage_and_nothing_follows_by_itself(house: House):
    await checking(house, auto=True)
    house.model.previous.append("test-0")
    await house.retraining.rollback(by=ADMIN)
    house.clock.move(hours=25)
    await house.learn.watch()
    assert (house.model.serving, house.model.shadow) == ("test-0", None)


async def test_a_newer_run_ends_the_stage_of_the_older(house: House):
    old = await checking(house, auto=True)
    house.clock.move(hours=1)
    await house.learn.start(guild_id=GUILD, by=ADMIN)
    house.model.ends(WORSE)
    await house.learn.watch()
    stage = await stage_of(house, old)
    assert (stage.ended, stage.stopped, house.model.shadow) == (True, True, None)
    house.clock.move(hours=25)
    await house.learn.watch()
    assert house.model.serving == OLD


async def test_a_model_that_did_not_pass_is_not_checked(house: House):
    run = await checking(house, WORSE)
    kept = await house.stores.learning.runs.get(run.run_id)
    assert kept is not None
    assert Stage.of(kept.facts) is None
    assert house.model.shadow is None


async def test_while_the_model_server_is_busy_messages_are_passed_over_and_counted(house: House):
    run = await checking(house)
    house.model.shadow = None  # it was restarted, and the clock has not come yet
    await say(house, "line 1", 1)
    await house.learn.watch()
    await say(house, "line 2", 2)  # it is given a rest
    house.clock.move(seconds=11)
    await say(house, "line 3", 3)
    stage = await stage_of(house, run)
    assert (stage.dropped, stage.checked) == (2, 1)


async def test_what_finds_no_place_is_dropped_and_the_pass_goes_on(house: House):
    run = await checking(house, rules=ShadowRules(messages=10_000))
    passed = await house.moderate.handle(message("line 1", message_id=1))
    for _ in range(MOST_WAITING + 6):
        house.stage.consider(passed)
    await house.check()
    stage = await stage_of(house, run)
    assert (stage.checked, stage.dropped) == (MOST_WAITING, 7)


async def test_messages_that_another_model_decided_are_not_compared(house: House):
    run = await checking(house)
    house.model.predictions["line 1"] = replace(prediction(), model_version="test-0")
    await house.moderate.handle(message("line 1", message_id=1))
    await house.check()
    assert (await stage_of(house, run)).checked == 0
