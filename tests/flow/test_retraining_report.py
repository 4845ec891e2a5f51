"""The report on a run: what it says, who decides on it, and what serves afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.lessons import NewLesson, Run
from bot.core.retraining import RunReport
from bot.core.shadow import ShadowRules
from bot.errors import NotAllowed
from bot.flow.building_learning import LearnSettings
from moderation_model.errors import ModelUnavailable
from moderation_model.learning import RunResult
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD, WORSE, flip
from tests.flow.conftest import House
from tests.judging import judge

ADMIN = 9


async def trained(house: House, result: RunResult = BETTER) -> Run:
    """A run that ended with that result, and whose report is posted."""
    rows = [
        NewLesson(GUILD, "moderator_written", f"line {each}", {"insult": float(each % 2)}, ADMIN, house.clock.now())
        for each in range(200)
    ]
    await house.stores.learning.lessons.add(rows)
    run = await house.learn.start(guild_id=GUILD, by=ADMIN)
    house.model.ends(result)
    await house.learn.watch()
    return run


async def kept(house: House, run: Run) -> Run:
    found = await house.stores.learning.runs.get(run.run_id)
    assert found is not None
    return found


def shown(house: House) -> RunReport:
    return house.board.reports[-1]


async def test_a_better_model_waits_until_somebody_presses(house: House):
    await house.rules()
    run = await trained(house)
    assert (shown(house).standing, shown(house).run.run_id) == ("waits", run.run_id)
    assert house.model.serving == OLD
    assert NEW in await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEW
    assert (shown(house).standing, shown(house).run.decided_by) == ("used", ADMIN)


async def test_the_report_is_posted_once_however_often_the_clock_asks(house: House):
    await house.rules()
    await trained(house)
    for _ in range(3):
        house.clock.move(minutes=10)
        await house.learn.watch()
    assert len(house.board.reports) == 1


async def test_of_two_processes_one_posts_the_report(house: House):
    await house.rules()
    other = House(house.db, model=house.model, board=house.board, clock=house.clock)
    house.board.broken = True
    await trained(house)
    house.board.broken = False
    await other.learn.watch()
    assert house.board.reports == []
    house.clock.move(minutes=6)  # the first one's lease is over
    await other.learn.watch()
    await house.learn.watch()
    assert len(house.board.reports) == 1


async def test_a_report_waits_for_a_channel(house: House):
    await trained(house)
    assert house.board.reports == []
    await house.rules()
    await house.learn.watch()
    assert shown(house).standing == "waits"


async def test_the_first_press_counts(house: House):
    await house.rules()
    run = await trained(house)
    await house.retraining.keep(run.run_id, guild_id=GUILD, by=ADMIN)
    with pytest.raises(NotAllowed, match="decided about this model already"):
        await house.retraining.use(run.run_id, guild_id=GUILD, by=8)
    assert house.model.serving == OLD
    assert shown(house).standing == "kept"


async def test_what_the_gate_did_not_pass_is_never_used(house: House):
    await house.rules()
    run = await trained(house, WORSE)
    assert shown(house).standing == "worse"
    with pytest.raises(NotAllowed, match="gate did not pass"):
        await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == OLD


async def test_an_older_report_decides_nothing_any_more(house: House):
    await house.rules()
    old = await trained(house)
    house.clock.move(days=1)
    await trained(house)
    for press in (house.retraining.use, house.retraining.keep):
        with pytest.raises(NotAllowed, match="newer run has ended"):
            await press(old.run_id, guild_id=GUILD, by=ADMIN)


async def test_another_server_decides_nothing(house: House):
    await house.rules()
    run = await trained(house)
    with pytest.raises(NotAllowed, match="server that started this run"):
        await house.retraining.use(run.run_id, guild_id=GUILD + 1, by=ADMIN)


async def test_a_press_that_the_server_did_not_hear_can_be_repeated(house: House):
    await house.rules()
    run = await trained(house)
    house.model.away = ModelUnavailable("away")
    with pytest.raises(ModelUnavailable):
        await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    house.model.away = None
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEW


async def test_without_a_press_the_old_model_is_kept_after_a_week(house: House):
    await house.rules()
    run = await trained(house)
    house.clock.move(days=6)
    await house.learn.watch()
    assert (await kept(house, run)).decision is None
    house.clock.move(days=1)
    await house.learn.watch()
    assert (await kept(house, run)).decision == "keep"
    assert shown(house).standing == "kept"


async def test_going_back_restores_the_model_and_the_limits_from_before(house: House):
    await house.rules(insult=LabelRule(flag_at=0.4, delete_at=0.95))
    limits = {str(GUILD): {"insult": 0.6, "toxic": 0.7}}
    run = await trained(house, replace(BETTER, limits=limits))
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    rules = await house.guilds.get(GUILD)
    assert (rules.rule("insult").flag_at, rules.rule("insult").delete_at, rules.rule("toxic").flag_at) == (
        0.6,
        0.95,
        0.7,
    )
    assert OLD in await house.retraining.back(run.run_id, by=8)
    rules = await house.guilds.get(GUILD)
    assert (rules.rule("insult").flag_at, rules.rule("toxic").flag_at) == (0.4, None)
    assert house.model.serving == OLD
    assert (shown(house).standing, shown(house).run.decided_by) == ("back", 8)
    with pytest.raises(NotAllowed, match="does not serve"):
        await house.retraining.back(run.run_id, by=8)


async def test_a_rollback_by_command_shows_on_the_report(house: House):
    await house.rules()
    run = await trained(house)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert await house.retraining.rollback(by=8) == f"Version {OLD} serves again."
    assert shown(house).standing == "back"


async def test_with_promotion_auto_a_better_model_serves_before_the_report_is_read(house: House):
    await house.rules()
    house.build(LearnSettings(promotion="auto", shadow=ShadowRules(messages=0)))
    run = await trained(house, replace(BETTER, limits={str(GUILD): {"insult": 0.6}}))
    assert house.model.serving == NEW
    assert (await kept(house, run)).decision == "auto"
    assert shown(house).standing == "used"
    assert (await house.guilds.get(GUILD)).rule("insult").flag_at == 0.6
    await house.retraining.back(run.run_id, by=8)
    assert (await house.guilds.get(GUILD)).rule("insult").flag_at is None


async def test_with_promotion_auto_a_worse_model_is_only_reported(house: House):
    await house.rules()
    house.build(LearnSettings(promotion="auto", shadow=ShadowRules(messages=0)))
    await trained(house, WORSE)
    assert house.model.serving == OLD
    assert shown(house).standing == "worse"


async def test_flips_are_the_servers_own_cases_at_most_five_each_way(house: House):
    await house.rules()
    ids = [await judge(house.db, f"line {each}", each, {50: "fine"}) for each in range(1, 9)]
    foreign = await judge(house.db, "elsewhere", 90, {50: "fine"}, guild_id=GUILD + 1)
    flips = [flip(each, right=True) for each in (foreign, *ids[:6])] + [flip(ids[7], right=False)]
    await trained(house, replace(BETTER, flips=tuple(flips)))
    assert [each.case_id for each in shown(house).flips if each.right] == ids[:5]
    assert [each.case_id for each in shown(house).flips if not each.right] == [ids[7]]


async def test_before_the_first_run_there_is_no_report(house: House):
    with pytest.raises(NotAllowed, match="No training run has found a result"):
        await house.retraining.newest(GUILD)
