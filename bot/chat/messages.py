"""Messages and members as they stand on Discord now: the `Messages` port, and look-ups that the enforcer shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.chat.listener import incoming
from bot.core.events import IncomingMessage
from bot.errors import BotError, UnreadableMessage

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

UNANSWERED = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)
"""What discord.py raises when Discord could not be reached or failed; NotFound and Forbidden are caught before it."""

GuildChannel = discord.abc.GuildChannel | discord.Thread


class DiscordMessages:
    """The `Messages` port."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot

    async def fetch(self, *, guild_id: int, channel_id: int, message_id: int) -> IncomingMessage | None:
        """The message, or None if it is gone or cannot be read. Raises BotError if Discord does not answer."""
        guild = self._bot.get_guild(guild_id)
        if guild is None:
            return None
        try:
            channel = await channel_of(guild, channel_id)
            if channel is None:
                return None
            message = await partial(channel, message_id).fetch()
            member = await member_of(guild, message.author.id) if message.webhook_id is None else None
        except (discord.NotFound, discord.Forbidden):
            return None
        except UNANSWERED as error:
            raise BotError("Discord did not answer when a message was looked up.") from error
        try:
            return incoming(message, discord.utils.utcnow(), own_application_id=self._bot.application_id, member=member)
        except UnreadableMessage:  # nor will it be readable the next time
            log.warning("message_unreadable", message_id=message_id, channel_id=channel_id, guild_id=guild_id)
            return None


async def channel_of(guild: discord.Guild, channel_id: int) -> GuildChannel | None:
    """The channel or thread, fetched if it is not cached (archived threads are not); None if it is gone or hidden.

    Raises what discord.py raises when Discord fails.
    """
    channel = guild.get_channel_or_thread(channel_id)
    if channel is not None:
        return channel
    try:
        return await guild.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden):
        return None


async def member_of(guild: discord.Guild, user_id: int) -> discord.Member | None:
    """The member as Discord has it now (roles, timeout), None if not on the server.

    Always asked over REST: without the members intent a cached member may be out of date.
    """
    try:
        return await guild.fetch_member(user_id)
    except discord.NotFound:
        return None


def partial(channel: GuildChannel, message_id: int) -> discord.PartialMessage:
    """A handle on a message, without fetching it."""
    return discord.PartialMessage(channel=channel, id=message_id)  # pyright: ignore[reportArgumentType]
