"""A run that may not train: the model stays, its limits change, and going back restores them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import NotAllowed
from moderation_model.learning import RunResult
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD
from tests.flow.conftest import House
from tests.flow.test_retraining_report import ADMIN, shown, trained

LIMITS = replace(BETTER, challenger=OLD, limits={str(GUILD): {"insult": 0.35}})


async def limit(house: House) -> float | None:
    return (await house.guilds.get(GUILD)).rule("insult").flag_at


async def used(house: House, result: RunResult) -> str:
    run = await trained(house, result)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    return run.run_id


async def test_only_the_limits_change_and_back_restores_them(house: House) -> None:
    await house.rules()
    before = await limit(house)
    run_id = await used(house, LIMITS)
    assert (house.model.serving, await limit(house)) == (OLD, 0.35)
    assert shown(house).standing == "used"
    await house.retraining.back(run_id, by=ADMIN)
    assert (house.model.serving, await limit(house)) == (OLD, before)
    assert shown(house).standing == "back"


async def test_limits_of_a_model_that_no_longer_serves_are_not_taken(house: House) -> None:
    await house.rules()
    run = await trained(house, LIMITS)
    before = await limit(house)
    house.model.serving = NEW
    with pytest.raises(NotAllowed, match="does not serve"):
        await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert await limit(house) == before
    house.model.serving = OLD
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert await limit(house) == 0.35


async def test_a_rollback_gives_up_the_limits_found_for_the_model_as_well(house: House) -> None:
    await house.rules()
    before = await limit(house)
    await used(house, replace(BETTER, limits={str(GUILD): {"insult": 0.6}}))
    house.clock.move(days=7)
    await used(house, replace(LIMITS, champion=NEW, challenger=NEW))
    assert (house.model.serving, await limit(house)) == (NEW, 0.35)
    await house.retraining.rollback(by=ADMIN)
    assert (house.model.serving, await limit(house)) == (OLD, before)
