"""A server takes its permission to train on messages back: what learned from them is marked and waits for people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.learn_lines import report_parts
from bot.core.lessons import Run
from bot.core.shadow import ShadowRules
from bot.flow.building_learning import LearnSettings
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD
from tests.flow.conftest import House
from tests.flow.test_learn import teach
from tests.judging import judge

ADMIN = 9


async def training(house: House, *, hours: float = 0) -> tuple[Run, int]:
    """A run with `promotion = auto` that trains on a message, and the number of that case."""
    house.build(LearnSettings(promotion="auto", shadow=ShadowRules(hours=hours)))
    await house.rules()
    await teach(house)
    await house.lessons.permit(guild_id=GUILD, reference="ticket 12", scope="all channels", by=ADMIN)
    case_id = await judge(house.db, "a line of the chat", 1, {50: "fine"})
    return await house.learn.start(guild_id=GUILD, by=ADMIN), case_id


def said(house: House) -> str:
    return "\n".join(report_parts(house.board.reports[-1]))


async def test_versions_that_learned_are_marked_and_the_answer_says_what_goes_on(house: House) -> None:
    run, case_id = await training(house)
    answer = await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    assert house.model.stale == [case_id]
    assert "Runs that begin from now on do not train on messages of this server" in answer
    assert "One model version learned from them; it is marked" in answer
    assert f"The run that goes on, {run.run_id}, may have begun with them" in answer


async def test_a_model_that_was_being_trained_is_marked_and_does_not_serve_by_itself(house: House) -> None:
    run, case_id = await training(house)
    await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    house.model.stale.clear()
    house.model.ends(replace(BETTER, trained_on=(case_id,)))
    await house.learn.watch()
    assert (house.model.stale, house.model.serving) == ([case_id], OLD)
    assert "It learned from 1 message whose server has taken its permission back" in said(house)
    await house.retraining.use(run.run_id, guild_id=GUILD, by=ADMIN)  # people may, having read that
    assert house.model.serving == NEW


async def test_a_model_that_is_being_checked_does_not_serve_by_itself_either(house: House) -> None:
    _, case_id = await training(house, hours=24)
    house.model.ends(replace(BETTER, trained_on=(case_id,)))
    await house.learn.watch()
    await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    house.clock.move(hours=25)
    await house.learn.watch()
    assert house.model.serving == OLD
    assert "does not serve by itself" in said(house)


async def test_a_permission_that_is_given_again_lets_the_model_serve(house: House) -> None:
    _, case_id = await training(house)
    await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    await house.lessons.permit(guild_id=GUILD, reference="ticket 13", scope="all channels", by=ADMIN)
    house.model.ends(replace(BETTER, trained_on=(case_id,)))
    await house.learn.watch()
    assert house.model.serving == NEW


async def test_a_server_that_was_away_is_told_later(house: House) -> None:
    _, case_id = await training(house)
    house.model.unheard = ModelUnavailable("away")
    await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    house.model.unheard = None
    await House(house.db, model=house.model).lessons.tell_forgotten()
    assert house.model.stale == [case_id]


async def test_other_servers_and_what_people_wrote_stay_as_they_are(house: House) -> None:
    _, case_id = await training(house)
    await judge(house.db, "elsewhere", 2, {50: "fine"}, guild_id=GUILD + 1)
    await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    assert house.model.stale == [case_id]


async def test_where_the_operator_permits_it_the_answer_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.stores.learning.teaching, "_permitted", True)
    await house.lessons.permit(guild_id=GUILD, reference="ticket 12", scope="all channels", by=ADMIN)
    answer = await house.lessons.revoke(guild_id=GUILD, by=ADMIN)
    assert "operator has allowed it for all servers" in answer
