"""The review channel and the roles that review: what is accepted, what is made, what is still in their way."""

from __future__ import annotations

from collections.abc import Collection

import discord

from bot.chat import permissions, setup_texts, texts
from bot.core.guild_rules import GuildRules
from bot.errors import BotError, NotAllowed

MOST_ROLES = 25
"""What one select menu shows and takes."""


def reviewing_roles(guild: discord.Guild, rules: GuildRules) -> list[discord.Role]:
    """The roles that were chosen, else those with Moderate Members or Administrator; at most 25, highest first."""
    chosen = [role for role in guild.roles if role.id in rules.reviewer_role_ids]
    found = chosen or [role for role in guild.roles if _moderates(role)]
    return sorted(found, reverse=True)[:MOST_ROLES]


async def review_channel(
    guild: discord.Guild, chosen: discord.TextChannel | None, rules: GuildRules
) -> discord.TextChannel:
    """The chosen channel, else the one set before, else a new private one. Raises BotError with the fix."""
    before = guild.get_channel(rules.review_channel_id) if rules.review_channel_id else None
    channel = chosen or (before if isinstance(before, discord.TextChannel) else None)
    return await private_channel(guild, rules) if channel is None else checked(channel)


def checked(channel: discord.TextChannel) -> discord.TextChannel:
    """The channel, if cards may go there. Raises BotError with the fix where everybody sees it or cards cannot."""
    if channel.permissions_for(channel.guild.default_role).view_channel:
        raise NotAllowed(texts.SETUP_VISIBLE.format(channel=channel.mention))
    lacking = permissions.missing_for_bot(channel, "post_cards")
    if lacking:
        raise BotError(texts.SETUP_CANNOT_POST.format(permissions=permissions.titles(lacking), channel=channel.mention))
    return channel


async def private_channel(guild: discord.Guild, rules: GuildRules) -> discord.TextChannel:
    """A new channel that the bot and the reviewing roles see, and nobody else. Raises BotError where it may not."""
    if permissions.missing(guild.me.guild_permissions, permissions.NEEDS["make_channel"].bot):
        raise BotError(texts.SETUP_CANNOT_CREATE)
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True, read_message_history=True)
    overwrites: dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: discord.PermissionOverwrite(
            view_channel=True, send_messages=True, read_message_history=True, embed_links=True, attach_files=True
        ),
    }
    overwrites |= dict.fromkeys(reviewing_roles(guild, rules), seen)
    return await guild.create_text_channel(texts.SETUP_CHANNEL, overwrites=overwrites, reason=texts.SETUP_REASON)


def reviewers_lack(guild: discord.Guild, roles: Collection[discord.Role], rules: GuildRules) -> list[str]:
    """What keeps these roles from reviewing, one sentence with its fix each."""
    found = []
    channel = guild.get_channel(rules.review_channel_id) if rules.review_channel_id else None
    for role in roles:
        if channel is not None and not channel.permissions_for(role).view_channel:
            found.append(setup_texts.ROLE_BLIND.format(role=role.mention, channel=channel.mention))
        if permissions.missing(role.permissions, permissions.NEEDS["review"].person):
            found.append(setup_texts.ROLE_POWERLESS.format(role=role.mention))
    return found


def _moderates(role: discord.Role) -> bool:
    held = role.permissions
    return (held.moderate_members or held.administrator) and not role.is_default() and not role.managed
