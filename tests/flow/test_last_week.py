"""What a new model would have made of last week's cases, as its report says."""

from __future__ import annotations

from bot.core.shadow import ShadowRules
from bot.flow.building_learning import LearnSettings
from tests.builders import GUILD
from tests.fake_runs import BETTER
from tests.flow.conftest import House
from tests.flow.test_learn import begun
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
