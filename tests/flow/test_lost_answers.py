"""The model server did what was asked, and its answer was lost; or two people ask for the same at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.guild_rules import LabelRule
from bot.core.lessons import Run
from bot.core.shadow import ShadowRules
from bot.errors import NotAllowed
from bot.flow.building_learning import LearnSettings
from moderation_model.contract import ModelInfo
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD
from tests.flow.conftest import House
from tests.flow.test_retraining_report import ADMIN, kept, shown, trained

OLDER = "test-0"
BEFORE, AFTER = 0.7, 0.6
RESULT = replace(BETTER, limits={str(GUILD): {"insult": AFTER}})


class Line:
    """The way to the model server. `silent`: what is asked is done, not answered; `cut`: nor is anything then."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.silent, self.cut = house, False, False
        self.promote, self.rollback, self.info = house.model.promote, house.model.rollback, house.model.info
        monkeypatch.setattr(house.model, "promote", self._promote)
        monkeypatch.setattr(house.model, "rollback", self._rollback)
        monkeypatch.setattr(house.model, "info", self._info)
        self._down = False

    def mend(self) -> None:
        self.silent = self.cut = self._down = False

    def _lose(self) -> None:
        self._down = self.cut
        raise ModelUnavailable("no answer")

    async def _promote(self, version: str, *, force: bool = False) -> str:
        version = await self.promote(version, force=force)
        if self.silent:
            self._lose()
        return version

    async def _rollback(self) -> str:
        await asyncio.sleep(0)  # the server opens the model first
        version = await self.rollback()
        if self.silent:
            self._lose()
        return version

    async def _info(self) -> ModelInfo:
        if self._down:
            raise ModelUnavailable("no answer")
        return await self.info()


@pytest.fixture
def line(house: House, monkeypatch: pytest.MonkeyPatch) -> Line:
    house.build(LearnSettings(shadow=ShadowRules(messages=0)))
    house.model.previous = [OLDER]
    return Line(house, monkeypatch)


async def ready(house: House) -> Run:
    await house.rules(insult=LabelRule(flag_at=BEFORE))
    return await trained(house, RESULT)


async def used(house: House) -> Run:
    run = await ready(house)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    return run


async def stands(house: House, run: Run) -> tuple[str, float | None, str | None]:
    """What serves, at which limit, and what is written down."""
    return (
        house.model.serving,
        (await house.guilds.get(GUILD)).rule("insult").flag_at,
        (await kept(house, run)).decision,
    )


async def test_a_model_that_serves_although_no_answer_came_has_its_limits(house: House, line: Line) -> None:
    run = await ready(house)
    line.silent = True
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert await stands(house, run) == (NEW, AFTER, "use")


async def lost(house: House, line: Line) -> Run:
    """[Use new] was pressed, the model serves, and nobody heard of it."""
    run = await ready(house)
    line.silent = line.cut = True
    with pytest.raises(ModelUnavailable):
        await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    assert await stands(house, run) == (NEW, BEFORE, None)
    line.mend()
    return run


async def test_what_nobody_heard_of_is_found_out_and_finished(house: House, line: Line) -> None:
    run = await lost(house, line)
    await house.learn.watch()
    assert await stands(house, run) == (NEW, AFTER, "use")
    assert shown(house).standing == "used"


async def test_keeping_the_old_one_takes_back_what_nobody_heard_of(house: House, line: Line) -> None:
    run = await lost(house, line)
    assert await house.retraining.keep(run.run_id, guild_id=GUILD, by=ADMIN) == f"Version {OLD} serves again."
    assert await stands(house, run) == (OLD, BEFORE, "keep")


async def test_two_presses_go_back_once(house: House, line: Line) -> None:
    run = await used(house)
    first, second = await asyncio.gather(
        house.retraining.back(run.run_id, by=1), house.retraining.back(run.run_id, by=2), return_exceptions=True
    )
    assert first == f"Version {OLD} serves again."
    assert isinstance(second, NotAllowed)
    assert await stands(house, run) == (OLD, BEFORE, "back")


async def test_two_commands_at_once_go_back_once(house: House, line: Line) -> None:
    run = await used(house)
    said = await asyncio.gather(house.retraining.rollback(by=1), house.retraining.rollback(by=2))
    assert said == [f"Version {OLD} serves again."] * 2
    assert await stands(house, run) == (OLD, BEFORE, "back")
    assert await house.retraining.rollback(by=1) == f"Version {OLDER} serves again."


async def test_going_back_without_an_answer_goes_back_once_with_the_limits(house: House, line: Line) -> None:
    run = await used(house)
    line.silent = True
    await house.retraining.rollback(by=ADMIN)
    assert await stands(house, run) == (OLD, BEFORE, "back")


@pytest.mark.parametrize("press", ["back", "rollback"])
async def test_pressed_again_it_finishes_what_nobody_heard_of(house: House, line: Line, press: str) -> None:
    run = await used(house)
    line.silent = line.cut = True
    with pytest.raises(ModelUnavailable):
        await house.retraining.rollback(by=ADMIN)
    assert await stands(house, run) == (OLD, AFTER, "use")
    line.mend()
    if press == "back":
        said = await house.retraining.back(run.run_id, by=ADMIN)
    else:
        said = await house.retraining.rollback(by=ADMIN)
    assert said == f"Version {OLD} serves again."
    assert await stands(house, run) == (OLD, BEFORE, "back")


async def test_limits_are_given_up_once(house: House) -> None:
    await house.rules(insult=LabelRule(flag_at=BEFORE))
    run = await trained(house, replace(RESULT, challenger=OLD))
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    await house.retraining.back(run.run_id, by=ADMIN)
    await house.rules(insult=LabelRule(flag_at=0.8))
    with pytest.raises(NotAllowed, match="given up before"):
        await house.retraining.back(run.run_id, by=ADMIN)
    assert await stands(house, run) == (OLD, 0.8, "back")


async def test_after_the_operators_command_went_back_the_limits_go_back_too(house: House) -> None:
    await house.rules(insult=LabelRule(flag_at=BEFORE))
    run = await trained(house, RESULT)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)
    await house.model.rollback()
    await house.learn.watch()
    assert (await house.guilds.get(GUILD)).rule("insult").flag_at == AFTER  # it may be about to be promoted
    house.clock.move(minutes=6)
    await house.learn.watch()
    assert (await house.guilds.get(GUILD)).rule("insult").flag_at == BEFORE
    assert ((await kept(house, run)).decision, shown(house).standing) == ("back", "back")
