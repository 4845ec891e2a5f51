"""What a new model would have made of last week's cases, as its report says."""

from __future__ import annotations

from dataclasses import replace

from bot.core.retraining import Traffic
from bot.core.shadow import ShadowRules
from bot.flow.building_learning import LearnSettings
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, prediction
from tests.fake_runs import BETTER
from tests.flow.conftest import House
from tests.flow.test_learn import begun
from tests.flow.test_retraining_report import shown, trained
from tests.judging import judge


async def test_words_that_are_fine_here_are_hidden_from_the_new_model_too(house: House) -> None:
    house.build(LearnSettings(shadow=ShadowRules(messages=0)))
    await judge(house.db, "this insult word", 1, {50: "fine"})
    await begun(house)
    await house.setup.fine_word(guild_id=GUILD, word="insult", remove=False, by=50)
    house.model.classified.clear()
    house.model.ends(BETTER)
    await house.learn.watch()
    (played,) = house.model.classified
    assert "insult" not in played


async def test_last_week_is_played_again_with_the_new_model(house: House):
    await house.rules()
    house.build(LearnSettings(shadow=ShadowRules(hours=0)))
    for number, (text, verdict) in enumerate(
        [("friendly goblin", "fine"), ("cruel words", "breaks_rules"), ("old insult", "breaks_rules")], 1
    ):
        await judge(house.db, text, number, {50: verdict})  # pyright: ignore[reportArgumentType]
    house.model.challenges = {
        "friendly goblin": prediction({"insult": 0.5}),
        "cruel words": prediction({"insult": 0.55}),
        "old insult": prediction({"insult": 0.9}),
    }
    await trained(house, replace(BETTER, limits={str(GUILD): {"insult": 0.6}}))
    assert shown(house).traffic == Traffic(fewer=2, lost=1, new=0)
    assert house.model.shadow is None


async def test_a_report_does_without_last_week_where_the_model_is_away(house: House):
    await house.rules()
    await judge(house.db, "friendly goblin", 1, {50: "fine"})
    house.model.refuses["friendly goblin"] = ModelUnavailable("away")
    await trained(house)
    assert shown(house).traffic is None
    assert shown(house).standing == "waits"
