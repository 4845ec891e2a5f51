"""`/candor export`: records as a CSV file, privately, for administrators."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat.answering import Said, answer, guild_of
from bot.flow.exporting import MOST_DAYS, What

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


def export_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="export",
        description="Records as a CSV file: ids, times, labels, scores, verdicts. No message text, no names.",
        callback=_export,
    )


@app_commands.describe(what="What the file holds.", days="How many days to look back.")
async def _export(interaction: Pressed, what: What, days: app_commands.Range[int, 1, MOST_DAYS] = 30) -> None:
    async def work() -> Said:
        found = await interaction.client.flows.exporting.of(
            guild_id=guild_of(interaction), what=what, days=days, by=interaction.user.id
        )
        file = discord.File(BytesIO(found.data), found.filename) if found.data is not None else None
        return Said(found.sentence, file=file)

    await answer(interaction, work, feature="administer")
