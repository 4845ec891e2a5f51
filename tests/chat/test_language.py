"""A moderator asks about a text that the model does not read, and an administrator how much of the chat that is."""

from __future__ import annotations

from dataclasses import replace

from moderation_model.errors import ModelUnavailable
from tests.builders import prediction
from tests.chat.conftest import Stage
from tests.chat.test_commands import run

TEXT = "alguien quiere jugar una partida conmigo esta noche"


async def test_case_check_names_the_language_that_is_not_read(stage: Stage) -> None:
    stage.house.model.predictions[TEXT] = replace(prediction(readable=False), language="es")

    answer = await run(stage, "case check", who=stage.lena, text=TEXT)

    assert answer == "This reads like Spanish; the model reads English only, so it judges nothing here."


async def test_case_check_says_so_of_a_script_that_is_not_read(stage: Stage) -> None:
    stage.house.model.predictions["привет"] = prediction(readable=False)

    answer = await run(stage, "case check", who=stage.lena, text="привет")

    assert answer == "The model does not read this script, so it judges nothing here."


async def test_doctor_says_how_much_of_the_chat_is_not_judged(stage: Stage) -> None:
    stage.house.model.predictions[TEXT] = replace(prediction(readable=False), language="es")
    for text in (TEXT, "hello", "good game", "see you tomorrow"):
        await stage.say(text)

    assert "English only; 25 % of your chat is not judged." in await run(stage, "candor doctor")


async def test_doctor_says_that_the_model_is_away(stage: Stage) -> None:
    stage.house.model.down = ModelUnavailable("The model server does not answer.")

    assert "⚠️ The model server does not answer." in await run(stage, "candor doctor")
