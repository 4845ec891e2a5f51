"""A model that was compared with one that no longer serves: nobody knows whether it is better than what serves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.learn_lines import report_parts
from bot.core.shadow import ShadowRules
from bot.errors import NotAllowed
from bot.flow.building_learning import LearnSettings
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD
from tests.flow.conftest import House
from tests.flow.test_learn import teach
from tests.flow.test_retraining_report import ADMIN, shown, trained

NEWER = "test-3"
OFF = ShadowRules(messages=0)


def said(house: House) -> str:
    return "\n".join(report_parts(shown(house)))


async def test_a_model_that_was_compared_with_one_given_up_since_does_not_serve_by_itself(house: House) -> None:
    house.build(LearnSettings(promotion="auto", shadow=OFF))
    await house.rules()
    await trained(house)
    house.clock.move(minutes=10)
    await teach(house)
    await house.learn.start(guild_id=GUILD, by=ADMIN)  # it begins from NEW
    await house.retraining.rollback(by=ADMIN)
    house.model.ends(replace(BETTER, champion=NEW, challenger=NEWER))
    await house.learn.watch()
    assert house.model.serving == OLD
    assert shown(house).standing == "waits"
    assert f"Better than {NEW}" in said(house)
    assert "another model serves by now: train again" in said(house)


async def test_a_model_is_not_used_in_place_of_one_that_it_was_not_compared_with(house: House) -> None:
    house.build(LearnSettings(shadow=OFF))
    await house.rules()
    first = await trained(house)
    house.clock.move(minutes=10)
    second = await house.learn.start(guild_id=GUILD, by=ADMIN)  # it begins from OLD
    await house.retraining.use(first.run_id, guild_id=GUILD, by=ADMIN)
    house.model.ends(replace(BETTER, challenger=NEWER))
    await house.learn.watch()
    assert "train again" in said(house)
    with pytest.raises(NotAllowed, match="Another model serves since this one was compared: train again"):
        await house.retraining.use(second.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEW
    await house.retraining.rollback(by=ADMIN)
    await house.retraining.use(second.run_id, guild_id=GUILD, by=ADMIN)
    assert house.model.serving == NEWER


async def test_a_model_that_is_overtaken_while_it_is_checked_does_not_serve_by_itself(house: House) -> None:
    house.build(LearnSettings(promotion="auto"))
    await house.rules()
    await trained(house)
    house.model.serving = NEWER  # by the operator's command
    house.clock.move(hours=25)
    await house.learn.watch()
    await house.learn.watch()
    assert house.model.serving == NEWER
    assert "another model serves by now: train again" in said(house)
