"""What happens to cards whose review channel was deleted: they go to the server's system channel, if it is private.

A system channel that @everyone can see gets one plain line without any member's text; the cards wait.
"""

from __future__ import annotations

import discord
import structlog

from bot.chat import permissions, setup_texts
from bot.chat.messages import UNANSWERED

log = structlog.get_logger(__name__)


def stand_in(guild: discord.Guild | None, *, me: discord.Member | None = None) -> discord.TextChannel | None:
    """The channel for cards in place of a deleted one: the system channel, unless everybody sees it or the bot may
    not post there. `me` as in `doctor.inspect_guild`.
    """
    channel = guild.system_channel if guild is not None else None
    if channel is None or channel.permissions_for(channel.guild.default_role).view_channel:
        return None
    held = channel.permissions_for(me or channel.guild.me)
    return None if permissions.missing(held, permissions.NEEDS["post_cards"].bot) else channel


async def say_lost(guild: discord.Guild | None) -> None:
    """Say in a public system channel that the review channel is gone."""
    channel = guild.system_channel if guild is not None else None
    if channel is None or permissions.missing_for_bot(channel, "post_cards"):
        return
    try:
        await channel.send(setup_texts.REVIEW_CHANNEL_LOST, silent=True)
    except UNANSWERED as error:
        log.warning("loss_untold", guild_id=channel.guild.id, why=type(error).__name__)
