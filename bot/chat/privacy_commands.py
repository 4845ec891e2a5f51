"""`/privacy`, for everybody: what is stored on me, forget me, keep nothing of me. Answers are private."""

from __future__ import annotations

import re
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import privacy_texts
from bot.chat.answering import Said, answer, guild_of

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class ForgetButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"candor:v1:privacy:forget"):
    """The confirmation; it forgets whoever presses it and nobody else."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(
                label=privacy_texts.BUTTON_FORGET,
                style=discord.ButtonStyle.danger,
                custom_id="candor:v1:privacy:forget",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> ForgetButton:
        """The button that was pressed."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(_forget, interaction), feature="privacy", replace=True)


class PrivacyCommands(app_commands.Group):
    """The group; each method is one command about the person who uses it."""

    def __init__(self) -> None:
        super().__init__(
            name="privacy", description="What is stored on you on this server, and how it goes.", guild_only=True
        )

    @app_commands.command()
    async def mine(self, interaction: Pressed) -> None:
        """Everything that is stored on you on this server, as a file that only you see."""

        async def work() -> Said:
            found = await interaction.client.flows.privacy.mine(
                guild_id=guild_of(interaction), member_id=interaction.user.id
            )
            file = discord.File(BytesIO(found.data), found.filename) if found.data is not None else None
            return Said(found.sentence, file=file)

        await answer(interaction, work, feature="privacy")

    @app_commands.command()
    async def forget(self, interaction: Pressed) -> None:
        """Drop your texts and everything that nobody needs. Asks first."""

        async def work() -> Said:
            button: Any = ForgetButton()
            return Said(privacy_texts.FORGET_ASK, view=discord.ui.View(timeout=None).add_item(button))

        await answer(interaction, work, feature="privacy")

    @app_commands.command()
    async def optout(self, interaction: Pressed) -> None:
        """Keep nothing of you beyond the decision from now on. You are moderated like everybody else."""

        async def work() -> str:
            privacy = interaction.client.flows.privacy
            return await privacy.opt_out(guild_id=guild_of(interaction), member_id=interaction.user.id)

        await answer(interaction, work, feature="privacy")

    @app_commands.command()
    async def optin(self, interaction: Pressed) -> None:
        """Take back that nothing of you is kept beyond the decision."""

        async def work() -> str:
            privacy = interaction.client.flows.privacy
            return await privacy.opt_in(guild_id=guild_of(interaction), member_id=interaction.user.id)

        await answer(interaction, work, feature="privacy")


async def _forget(interaction: Pressed) -> str:
    return await interaction.client.flows.privacy.forget(guild_id=guild_of(interaction), member_id=interaction.user.id)
