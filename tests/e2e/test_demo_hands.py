"""The demo's people press what is there; what is not there, or is not answered, ends the demo with a sentence."""

from __future__ import annotations

import asyncio

import discord
import pytest

from bot.sandbox.sandbox import Sandbox
from bot.stage_hands import Hands, text_of
from bot.stage_watch import DemoFailed
from tests.e2e.page.page_bot import PageBot, card
from tests.e2e.probe import running

JUMP = "https://discord.com/"


async def posted(bot: PageBot, sandbox: Sandbox) -> dict:
    sent = await bot.text("general").send(view=discord.ui.LayoutView().add_item(_row()))
    return sandbox.channel("general").messages[sent.id]


def _row() -> discord.ui.ActionRow:
    return discord.ui.ActionRow(
        discord.ui.Button(label="Ask", custom_id="ask"), discord.ui.Button(label="Silence", custom_id="silence")
    )


async def test_a_form_behind_a_button_is_filled_in_by_its_fields(sandbox: Sandbox):
    bot = PageBot(sandbox)
    async with running(bot, sandbox.token):
        hands = Hands(sandbox)
        form = await hands.press("Kai", await posted(bot, sandbox), "Ask")
        assert form.modal is not None
        assert hands.pressed == [{"who": "Kai", "pressed": "Ask", "answer": "a form: Tell the moderators"}]


async def test_a_button_that_is_not_there_names_those_that_are(sandbox: Sandbox):
    bot = PageBot(sandbox)
    async with running(bot, sandbox.token):
        with pytest.raises(DemoFailed, match="no 'Delete' on the message; there is: Ask, Silence"):
            await Hands(sandbox).press("Kai", await posted(bot, sandbox), "Delete")


async def test_a_button_that_nobody_answers_ends_the_demo(sandbox: Sandbox):
    bot = PageBot(sandbox)
    async with running(bot, sandbox.token):
        pressing = asyncio.create_task(Hands(sandbox).press("Kai", await posted(bot, sandbox), "Silence"))
        await bot.heard("interaction")
        sandbox.clock.advance(3)
        with pytest.raises(DemoFailed, match="Kai, Silence: This interaction failed"):
            await pressing


async def test_somebody_whom_the_bot_never_wrote_to_has_no_message(sandbox: Sandbox):
    with pytest.raises(DemoFailed, match="Mia got no message of the bot"):
        await Hands(sandbox).last_dm("Mia")


def test_the_texts_of_a_card_are_read_in_their_order():
    parts = {"components": [each.to_component_dict() for each in card("Insult", JUMP).children]}
    assert text_of(parts).splitlines() == ["### Insult", "By **Kai**", "||a covered text||"]
