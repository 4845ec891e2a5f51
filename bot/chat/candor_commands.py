"""`/candor`: what administrators set. Discord shows it to people with Manage Server.

`pause` any moderator may run, once an administrator gave moderators the group in the server's integration settings.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.chat.answering import Said, answer, guild_of
from bot.chat.appeal_lists import appeals_command
from bot.chat.away_lines import progress_finding
from bot.chat.doctor import as_text, inspect_guild
from bot.chat.export_commands import export_command
from bot.chat.preview_commands import preview_command
from bot.chat.rules_commands import RulesCommands
from bot.chat.scope import scope_text
from bot.chat.setup_channel import review_channel, reviewing_roles
from bot.chat.setup_items import show
from bot.chat.setup_pages import guild_in
from bot.chat.setup_texts import SCOPE_HOW
from bot.chat.stats_commands import stats_command
from bot.errors import StoreUnavailable

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
        self.add_command(stats_command())
        self.add_command(export_command())
        self.add_command(appeals_command())

    @app_commands.command()
    @app_commands.describe(
        review_channel="Where review cards go. Without any option the setup asks page by page.",
        ping_role="Who is called when a message is scored as a threat.",
    )
    async def setup(
        self,
        interaction: Pressed,
        review_channel: discord.TextChannel | None = None,
        ping_role: discord.Role | None = None,
    ) -> None:
        """Set me up page by page; with an option at once."""
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
    guild = guild_in(interaction)
    rules = await interaction.client.flows.setup.rules(guild.id)
    return f"{scope_text(guild, rules)}\n{SCOPE_HOW}"


async def _inspect(interaction: Pressed) -> str:
    guild, found = guild_in(interaction), list(interaction.client.own_findings())
    flows = interaction.client.flows
    try:
        rules = await flows.setup.rules(guild.id)
        found += await inspect_guild(guild, rules)
        found.append(await flows.coverage.finding(guild.id))
        found.append(progress_finding(flows.catch_up.progress(guild.id)))
    except StoreUnavailable:
        if not found:
            raise  # else that is among them
    return as_text(found)


async def _set_up(
    interaction: Pressed, chosen: discord.TextChannel | None, ping_role: discord.Role | None
) -> Said | str:
    """At once with what was named, else page by page."""
    if chosen is None and ping_role is None:
        return await show(interaction, "channel")
    guild, setup = guild_in(interaction), interaction.client.flows.setup
    rules = await setup.rules(guild.id)
    channel = await review_channel(guild, chosen, rules)
    if not rules.reviewer_role_ids:
        reviewers = frozenset(role.id for role in reviewing_roles(guild, rules))
        await setup.choose(guild_id=guild.id, by=interaction.user.id, reviewers=reviewers)
    return await setup.setup(
        guild_id=guild.id,
        review_channel_id=channel.id,
        ping_role_id=ping_role.id if ping_role else None,
        by=interaction.user.id,
    )
