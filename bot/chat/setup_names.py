"""The form of `/candor setup` in which a label gets the server's own rule name; handled by its `custom_id` alone."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import setup_texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.modals import FIELD, FORM_SECONDS, filled
from bot.flow.guild_setup import LONGEST_NAME
from moderation_model.labels import label as spec

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

_CUSTOM_ID = re.compile(r"candor:v1:form_rule:(?P<label>[a-z_]{1,40})")


async def name_form(interaction: Pressed, label: str) -> Said:
    """The form for one label, filled with the name that it has."""
    rules = await interaction.client.flows.setup.rules(guild_of(interaction))
    field = discord.ui.TextInput[Any](
        custom_id=FIELD, default=rules.rule(label).rule_name, required=False, max_length=LONGEST_NAME
    )
    title = setup_texts.NAME_TITLE.format(label=spec(label).title)
    form = discord.ui.Modal(title=title, custom_id=f"candor:v1:form_rule:{label}", timeout=FORM_SECONDS)
    form.add_item(
        discord.ui.Label[Any](text=setup_texts.NAME_FIELD, description=setup_texts.NAME_HELP, component=field)
    )
    return Said(form=form)


async def rule_named(interaction: Pressed) -> None:
    """Answer the form that was sent, if it is this one; raises nothing."""
    form = filled(interaction, _CUSTOM_ID)
    if form is not None:
        await answer(interaction, partial(_name, interaction, form.ids["label"], form.text), feature="administer")


async def _name(interaction: Pressed, label: str, text: str) -> str:
    return await interaction.client.flows.setup.name_rule(
        guild_id=guild_of(interaction), label=label, name=text or None, by=interaction.user.id
    )
