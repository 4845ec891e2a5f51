"""The form of `/learn example`: a line in a moderator's own words, and what breaks the rules in it.

Like the other forms it is answered by its `custom_id` alone, also after a restart and when it arrives twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import learn_texts as texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.modals import FIELD, FORM_SECONDS, values_of
from bot.core.events import clean
from bot.flow.lessons import FINE, LONGEST_EXAMPLE
from moderation_model.labels import LABEL_NAMES, LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

CUSTOM_ID = "candor:v1:form_example"
CHOSEN = "labels"


async def example_form() -> Said:
    """The form, empty."""
    form = discord.ui.Modal(title=texts.EXAMPLE_TITLE, custom_id=CUSTOM_ID, timeout=FORM_SECONDS)
    field = discord.ui.TextInput[Any](
        custom_id=FIELD, style=discord.TextStyle.paragraph, min_length=1, max_length=LONGEST_EXAMPLE
    )
    options = [discord.SelectOption(label=texts.EXAMPLE_FINE, value=FINE)]
    options += [discord.SelectOption(label=spec.title, value=spec.name) for spec in LABELS]
    select = discord.ui.Select[Any](custom_id=CHOSEN, options=options, min_values=1, max_values=len(LABELS))
    form.add_item(discord.ui.Label[Any](text=texts.EXAMPLE_FIELD, description=texts.EXAMPLE_HELP, component=field))
    form.add_item(discord.ui.Label[Any](text=texts.EXAMPLE_LABELS, component=select))
    return Said(form=form)


async def example_submitted(interaction: Pressed) -> None:
    """Answer an example that was sent, if the form is one; raises nothing."""
    data: Mapping[str, Any] = interaction.data or {}  # pyright: ignore[reportAssignmentType]
    if data.get("custom_id") != CUSTOM_ID:
        return
    components = data.get("components", ())
    text = clean(next(values_of(components), ""))
    labels = [name for name in _chosen(components) if name in (*LABEL_NAMES, FINE)]

    async def work() -> str:
        return await interaction.client.flows.lessons.write(
            guild_id=guild_of(interaction), by=interaction.user.id, text=text, labels=labels
        )

    await answer(interaction, work, feature="teach")


def _chosen(components: Any) -> Iterator[str]:
    """What was chosen in the form's menu."""
    for component in components:
        if component.get("custom_id") == CHOSEN:
            yield from (str(value) for value in component.get("values", ()))
        yield from _chosen(component.get("components", ()))
        if component.get("component"):
            yield from _chosen([component["component"]])
