"""The form of `/learn example`: a line in a moderator's own words, and what breaks the rules in it.

Like the other forms it is answered by its `custom_id` alone, also after a restart and when it arrives twice.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import learn_texts as texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.modals import FIELD, FORM_SECONDS, MENU, Filled, filled
from bot.flow.lessons import FINE, LONGEST_EXAMPLE
from moderation_model.labels import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

CUSTOM_ID = "candor:v1:form_example"
_FORM = re.compile(CUSTOM_ID)


async def example_form() -> Said:
    """The form, empty."""
    form = discord.ui.Modal(title=texts.EXAMPLE_TITLE, custom_id=CUSTOM_ID, timeout=FORM_SECONDS)
    field = discord.ui.TextInput[Any](
        custom_id=FIELD, style=discord.TextStyle.paragraph, min_length=1, max_length=LONGEST_EXAMPLE
    )
    options = [discord.SelectOption(label=texts.EXAMPLE_FINE, value=FINE)]
    options += [discord.SelectOption(label=spec.title, value=spec.name) for spec in LABELS]
    select = discord.ui.Select[Any](custom_id=MENU, options=options, min_values=1, max_values=len(LABELS))
    form.add_item(discord.ui.Label[Any](text=texts.EXAMPLE_FIELD, description=texts.EXAMPLE_HELP, component=field))
    form.add_item(discord.ui.Label[Any](text=texts.EXAMPLE_LABELS, component=select))
    return Said(form=form)


async def example_submitted(interaction: Pressed) -> None:
    """Answer an example that was sent, if the form is one; raises nothing."""
    form = filled(interaction, _FORM)
    if form is not None:
        await answer(interaction, partial(_write, interaction, form), feature="teach")


async def _write(interaction: Pressed, form: Filled) -> str:
    labels = [name for name in form.chosen if name in (*LABEL_NAMES, FINE)]
    return await interaction.client.flows.lessons.write(
        guild_id=guild_of(interaction), by=interaction.user.id, text=form.text, labels=labels
    )
