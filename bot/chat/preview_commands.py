"""`/candor preview`: what a limit would have done, privately, with a button that sets it."""

from __future__ import annotations

import re
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast

import discord
from discord import app_commands

from bot.chat.answering import Said, answer, guild_of
from bot.chat.rules_commands import CHOICES
from bot.core.changing import LimitKind

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class ApplyButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:apply:(?P<label>[a-z_]{1,40}):(?P<action>flag|delete|timeout|warn):(?P<percent>[0-9]{1,3})",
):
    """Sets the limit that was previewed, on the whole server; needs Manage Server at the press."""

    def __init__(self, label: str, action: LimitKind, percent: int) -> None:
        custom_id = f"candor:v1:apply:{label}:{action}:{percent}"
        super().__init__(discord.ui.Button(label="Apply", style=discord.ButtonStyle.primary, custom_id=custom_id))
        self.label, self.percent = label, percent
        self.action: LimitKind = action

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> ApplyButton:
        """The button that was pressed."""
        return cls(match["label"], cast("LimitKind", match["action"]), int(match["percent"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="administer", replace=True)

    async def _press(self, interaction: Pressed) -> str:
        return await interaction.client.flows.setup.limit(
            guild_id=guild_of(interaction),
            label=self.label,
            action=self.action,
            percent=self.percent,
            by=interaction.user.id,
        )


def preview_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="preview",
        description="What a limit would have done in the last days. Changes nothing until you press Apply.",
        callback=_preview,
    )


@app_commands.describe(
    label="The label that the model scores.",
    limit="The score in percent from which it would follow.",
    action="What would follow.",
    days="How many days to look back.",
)
@app_commands.choices(label=CHOICES)
async def _preview(
    interaction: Pressed,
    label: str,
    limit: app_commands.Range[int, 1, 100],
    action: Literal["flag", "delete", "timeout", "warn"] = "delete",
    days: app_commands.Range[int, 1, 30] = 7,
) -> None:
    async def work() -> Said:
        guild = interaction.guild
        assert guild is not None, "answer() refuses interactions outside servers"
        found = await interaction.client.flows.preview.of(
            guild_id=guild.id,
            label=label,
            percent=limit,
            action=action,
            days=days,
            channels={channel.id: channel.name for channel in [*guild.channels, *guild.threads]},
        )
        button: Any = ApplyButton(label, action, limit)
        view = discord.ui.View(timeout=None).add_item(button)
        file = discord.File(BytesIO(found.png), "preview.png", description=found.words) if found.png else None
        return Said(found.sentence, view, file=file)

    await answer(interaction, work, feature="administer")
