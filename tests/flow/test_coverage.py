"""What the model does not read: it accuses nobody, is not tried again, is counted, and said in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.flow.coverage import Coverage
from moderation_model.contract import Prediction
from moderation_model.errors import ModelUnavailable
from tests.builders import GUILD, message, prediction
from tests.flow.conftest import House

SPANISH = replace(prediction({"insult": 0.99}, readable=False), language="es")
CYRILLIC = prediction({"insult": 0.99}, readable=False)


def coverage(house: House) -> Coverage:
    return Coverage(model=house.model, predictions=house.predictions, clock=house.clock)


@pytest.mark.parametrize("found", [SPANISH, CYRILLIC])
async def test_what_is_not_read_accuses_nobody_and_is_not_tried_again(house: House, found: Prediction) -> None:
    await house.rules()
    house.model.predictions["unread"] = found
    passed = await house.moderate.handle(message("unread", message_id=7))
    assert passed.case is None
    assert await house.predictions.unread_share(GUILD, house.clock.now()) == (1, 1)
    assert await house.rescoring.rescore() == 0
    assert house.model.classified == ["unread"]


async def test_the_share_of_the_last_week_that_is_not_judged_is_said(house: House) -> None:
    house.model.predictions |= {"hola": SPANISH, "привет": CYRILLIC}
    await house.moderate.handle(message("hola", message_id=1))
    house.clock.move(days=8)
    for number, text in enumerate(("hola", "привет", *["hello"] * 6)):
        await house.moderate.handle(message(text, message_id=10 + number))
    assert (await coverage(house).finding(GUILD)).sentence == "English only; 25 % of your chat is not judged."
    assert "no message" in (await coverage(house).finding(GUILD + 1)).sentence


async def test_a_model_that_is_away_is_a_finding_with_what_to_do(house: House) -> None:
    house.model.down = ModelUnavailable("The model server does not answer.")
    found = await coverage(house).finding(GUILD)
    assert (found.ok, found.sentence) == (False, "The model server does not answer.")
    assert "candor doctor" in (found.fix or "")
