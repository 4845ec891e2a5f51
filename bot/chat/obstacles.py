"""What stands in the bot's own way with a member, as sentences: permissions and the order of roles.

Looked at before Discord is asked, because refused requests count towards a ban of the whole address.
"""

from __future__ import annotations

import discord

from bot.chat import permissions, texts


def lacking(guild: discord.Guild, feature: permissions.Feature) -> str | None:
    """What the bot lacks on the server for `feature`, as a sentence; None if nothing."""
    names = permissions.missing(guild.me.guild_permissions, permissions.NEEDS[feature].bot)
    return texts.BOT_LACKS.format(permissions=permissions.titles(names)) if names else None


def obstacle(guild: discord.Guild, member: discord.Member, feature: permissions.Feature) -> str | None:
    """Why the bot may not do to `member` what `feature` does; None if it may."""
    sentence = lacking(guild, feature)
    if sentence is not None:
        return sentence
    if member.id == guild.owner_id:
        return texts.AUTHOR_OWNER
    if member.bot:
        return texts.AUTHOR_BOT
    if member.guild_permissions.administrator:
        return texts.AUTHOR_ADMIN
    if member.top_role >= guild.me.top_role:
        return texts.AUTHOR_ABOVE
    return None
