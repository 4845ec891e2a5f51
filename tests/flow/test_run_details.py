"""What [Details] and the picture of a run hold: every number, nothing of another server, no text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.guild_rules import LabelRule
from bot.errors import NotAllowed
from moderation_model.learning import LimitChange
from moderation_model.pictures import RunPicture
from tests.builders import GUILD
from tests.fake_runs import BETTER, COMPARED, NEW
from tests.fakes import PNG
from tests.flow.conftest import House
from tests.flow.test_retraining_report import ADMIN, trained
from tests.judging import judge
from tests.stored_scores import store_scores


async def test_details_hold_every_number_and_no_text(house: House):
    await house.rules()
    await judge(house.db, "a secret thing", 1, {50: "fine"})
    run = await trained(house)
    found = (await house.run_details.of(run.run_id, guild_id=GUILD)).data
    assert found["result"]["challenger"] == NEW
    assert found["facts"]["examples"] == 201
    assert "secret" not in repr(found)


async def test_details_for_one_server_name_no_limit_channel_or_id_of_another(house: House):
    await house.rules()
    other = str(GUILD + 1)
    changes = (LimitChange(str(GUILD), "insult", 0.5, 0.4), LimitChange(other, "insult", 0.5, 0.31))
    limits = {str(GUILD): {"insult": 0.4}, other: {"insult": 0.31}}
    run = await trained(house, replace(BETTER, limits=limits, changes=changes))
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    mine, theirs = [(await house.run_details.of(run.run_id, guild_id=each)).data for each in (GUILD, GUILD + 1)]
    assert (other in repr(mine), "0.31" in repr(mine)) == (False, False)
    assert (f"{GUILD}'" in repr(theirs), "0.4" in repr(theirs["result"]["limits"])) == (False, False)
    assert "home" not in theirs["facts"]


async def test_details_say_how_far_moderators_agree_and_scores_had_moved(house: House):
    await house.rules()
    for number in range(1, 13):
        await judge(
            house.db, f"line {number}", number, dict.fromkeys((50, 51), "fine" if number % 2 else "breaks_rules")
        )
    now = house.clock.now()
    await store_scores(house.db, [0.02] * 600, until=now - timedelta(days=8), days=10)
    await store_scores(house.db, [0.8] * 600, until=now, first_id=70_000)
    run = await trained(house)
    found = await house.run_details.of(run.run_id, guild_id=GUILD)
    assert found.page is not None
    assert found.data["agreement"] == {"kappa": 1.0, "cases": 12}
    assert found.data["drift"]["label"] == "insult"
    about = dict(house.model.told)
    assert about["agreement of moderators (kappa)"] == "1.00 over 12 cases"
    assert about["drift in the week before the run"].startswith("scores of insult moved much")


async def test_details_do_without_what_nobody_knows_and_without_the_page(house: House):
    await house.rules()
    run = await trained(house)
    house.model.states.clear()
    found = await house.run_details.of(run.run_id, guild_id=GUILD)
    assert (found.page, found.data["drift"], found.data["agreement"]) == (None, None, None)
    with pytest.raises(NotAllowed, match="no run run-0"):
        await house.run_details.of("run-0", guild_id=GUILD)


async def test_the_picture_calls_labels_as_the_server_does_and_leaves_out_those_without_a_flag(house: House):
    await house.rules(insult=LabelRule(rule_name="rule 2"))
    await trained(house, COMPARED)
    assert house.board.report_pictures == [PNG]
    (picture,) = [each for each in house.model.drawn if isinstance(each, RunPicture)]
    assert [(each.name, each.old.words, each.new.words) for each in picture.right] == [
        ("Insult (rule 2)", "18 of 31", "20 of 22")
    ]
    assert [(each.old.words, each.new.words) for each in picture.found] == [("18 of 21", "20 of 21")]


async def test_a_run_without_figures_by_label_has_no_picture(house: House):
    await house.rules()
    await trained(house, BETTER)
    assert (house.board.report_pictures, house.model.drawn) == ([None], [])
