"""`/candor`: what administrators set. Discord shows it to people with Manage Server.

`pause` any moderator may run, once an administrator gave moderators the group in the server's integration settings.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.chat import permissions, texts
from bot.chat.answering import answer, guild_of
from bot.chat.doctor import as_text, inspect_guild
from bot.chat.preview_commands import preview_command
from bot.chat.rules_commands import RulesCommands
from bot.chat.scope import scope_text
from bot.chat.setup_texts import SCOPE_HOW
from bot.core.guild_rules import GuildRules
from bot.errors import BotError, NotAllowed

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class CandorCommands(app_commands.Group):
    """The group; each method is one command and answers privately."""

    def __init__(self) -> None:
        super().__init__(
            name="candor",
            description="Set up and steer Candor on this server.",
            default_permissions=discord.Permissions(manage_guild=True),
            guild_only=True,
        )
        self.add_command(RulesCommands())
        self.add_command(preview_command())

    @app_commands.command()
    @app_commands.describe(
        review_channel="Where review cards go. Left out: the one set before, or a new private channel.",
        ping_role="Who is called when a message is scored as a threat.",
    )
    async def setup(
        self,
        interaction: Pressed,
        review_channel: discord.TextChannel | None = None,
        ping_role: discord.Role | None = None,
    ) -> None:
        """Choose where review cards go and who is called for a threat."""
        await answer(interaction, partial(_set_up, interaction, review_channel, ping_role), feature="administer")

    @app_commands.command()
    async def doctor(self, interaction: Pressed) -> None:
        """Check my permissions and the review channel, with the fix for each problem."""
        await answer(interaction, partial(_inspect, interaction), feature="administer")

    @app_commands.command()
    async def pause(self, interaction: Pressed) -> None:
        """Stop every automatic action at once. Cases and cards still come."""

        async def work() -> str:
            return await interaction.client.flows.setup.pause(guild_id=guild_of(interaction), by=interaction.user.id)

        await answer(interaction, work, feature="pause")

    @app_commands.command()
    async def resume(self, interaction: Pressed) -> None:
        """Allow automatic actions again."""

        async def work() -> str:
            return await interaction.client.flows.setup.resume(guild_id=guild_of(interaction), by=interaction.user.id)

        await answer(interaction, work, feature="administer")

    @app_commands.command()
    @app_commands.describe(
        role="A role whose members are left alone.",
        channel="A channel or category that is left alone, with its threads.",
        look="True: look at it, also where I would leave it alone by myself.",
    )
    async def scope(
        self,
        interaction: Pressed,
        role: discord.Role | None = None,
        channel: app_commands.AppCommandChannel | None = None,
        look: bool = False,
    ) -> None:
        """What is read here and what is not; or leave a role or a channel alone, or look at it again."""

        async def work() -> str:
            if role is None and channel is None:
                return await _scope(interaction)
            return await interaction.client.flows.setup.exempt(
                guild_id=guild_of(interaction),
                role_id=role.id if role else None,
                channel_id=channel.id if channel else None,
                exempt=not look,
                by=interaction.user.id,
            )

        await answer(interaction, work, feature="administer")


async def _scope(interaction: Pressed) -> str:
    assert interaction.guild is not None, "answer() refuses interactions outside servers"
    rules = await interaction.client.flows.setup.rules(interaction.guild.id)
    return f"{scope_text(interaction.guild, rules)}\n{SCOPE_HOW}"


async def _inspect(interaction: Pressed) -> str:
    assert interaction.guild is not None, "answer() refuses interactions outside servers"
    rules = await interaction.client.flows.setup.rules(interaction.guild.id)
    reading = await interaction.client.flows.coverage.finding(interaction.guild.id)
    return as_text([*await inspect_guild(interaction.guild, rules), reading])


async def _set_up(
    interaction: Pressed, review_channel: discord.TextChannel | None, ping_role: discord.Role | None
) -> str:
    guild = interaction.guild
    assert guild is not None, "answer() refuses interactions outside servers"
    setup = interaction.client.flows.setup
    channel = await _review_channel(guild, review_channel, await setup.rules(guild.id))
    return await setup.setup(
        guild_id=guild.id,
        review_channel_id=channel.id,
        ping_role_id=ping_role.id if ping_role else None,
        by=interaction.user.id,
    )


async def _review_channel(
    guild: discord.Guild, chosen: discord.TextChannel | None, rules: GuildRules
) -> discord.TextChannel:
    """The chosen channel, else the one set before, else a new private one. Raises BotError with the fix."""
    before = guild.get_channel(rules.review_channel_id) if rules.review_channel_id else None
    channel = chosen or (before if isinstance(before, discord.TextChannel) else None)
    if channel is None:
        return await _private_channel(guild)
    if channel.permissions_for(guild.default_role).view_channel:
        raise NotAllowed(texts.SETUP_VISIBLE.format(channel=channel.mention))
    lacking = permissions.missing_for_bot(channel, "post_cards")
    if lacking:
        raise BotError(texts.SETUP_CANNOT_POST.format(permissions=permissions.titles(lacking), channel=channel.mention))
    return channel


async def _private_channel(guild: discord.Guild) -> discord.TextChannel:
    """A channel that the bot and the roles with Moderate Members see, and nobody else."""
    if permissions.missing(guild.me.guild_permissions, ("manage_channels",)):
        raise BotError(texts.SETUP_CANNOT_CREATE)
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True, read_message_history=True)
    overwrites: dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: seen,
    }
    for role in guild.roles:
        if role.permissions.moderate_members and not role.is_default() and not role.managed:
            overwrites[role] = seen
    return await guild.create_text_channel(texts.SETUP_CHANNEL, overwrites=overwrites, reason=texts.SETUP_REASON)
