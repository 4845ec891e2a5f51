"""Messages and members as they stand on Discord now: the `Messages` port, and look-ups that the enforcer shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import aiohttp
import discord
import structlog

from bot.chat.listener import incoming
from bot.core.events import IncomingMessage
from bot.errors import BotError, GuildAway, NotAllowed, UnreadableMessage
from bot.flow.ports import PAGE

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

UNANSWERED = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)
"""What discord.py raises when Discord could not be reached or failed; NotFound and Forbidden are caught before it."""

MEMBERS_FOR = 60.0
"""Seconds for which members are kept: what is decided now is acted on."""

NOT_AS_AGREED = (AttributeError, KeyError, TypeError, ValueError)
"""What discord.py raises where Discord describes a message in another way than agreed."""
STRANGE = "Discord described one in a way that I do not know"

NOT_READABLE = "I may not read the history of a channel. Grant me Read Message History there."

GuildChannel = discord.abc.GuildChannel | discord.Thread


class DiscordMessages:
    """The `Messages` port."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot

    async def fetch(self, *, guild_id: int, channel_id: int, message_id: int) -> IncomingMessage | None:
        """The message, or None if it is gone or cannot be read.

        Raises GuildAway while Discord does not bring its server, BotError if Discord does not answer.
        """
        guild = guild_of(self._bot, guild_id)
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
        except NOT_AS_AGREED:
            log.warning("message_unreadable", message_id=message_id, channel_id=channel_id)
            return None
        return read(self._bot, message, member)

    async def fetch_many(
        self, *, guild_id: int, channel_id: int, message_ids: Sequence[int]
    ) -> Mapping[int, IncomingMessage]:
        """Those that stand, by their id. Raises NotAllowed where the bot may not read them now, without a request where
        that is known; GuildAway and BotError as `fetch` does.

        A hundred neighbours cost one call; a member of whom we heard within `MEMBERS_FOR` seconds costs none.
        """
        guild = guild_of(self._bot, guild_id)
        if guild is None:
            return {}
        try:
            channel = guild.get_channel_or_thread(channel_id) or await guild.fetch_channel(channel_id)
            if not isinstance(channel, discord.abc.Messageable):
                return {}
            _check_readable(channel, guild)
            standing = await self._of_history(channel, channel_id, message_ids)
            await self._bot.members.of(guild, standing, within=MEMBERS_FOR, fewest=2)
            _check_readable(channel, guild)  # it may have been taken away while the pages were read
            return {message.id: found for message in standing if (found := await self._incoming(guild, message))}
        except (discord.NotFound, discord.InvalidData):
            return {}
        except discord.Forbidden as error:
            raise NotAllowed(NOT_READABLE) from error
        except (*UNANSWERED, discord.ConnectionClosed) as error:
            raise BotError("Discord did not answer when messages were looked up.") from error
        except NOT_AS_AGREED as error:
            raise BotError(f"When messages were looked up, {STRANGE}.") from error

    async def _of_history(
        self, channel: discord.abc.Messageable, channel_id: int, wanted: Sequence[int]
    ) -> list[discord.Message]:
        """The messages of these ids that stand in the channel, read in pages of its history."""
        left, found = sorted(set(wanted), reverse=True), list[discord.Message]()
        while left:
            await self._bot.turns.take(channel_id)
            page = [message async for message in channel.history(limit=PAGE, before=discord.Object(left[0] + 1))]
            found += [message for message in page if message.id in left]
            left = [message_id for message_id in left if len(page) == PAGE and message_id < page[-1].id]
        return found

    async def _incoming(self, guild: discord.Guild, message: discord.Message) -> IncomingMessage | None:
        member = None
        if message.webhook_id is None:
            member = await self._bot.members.one(guild, message.author.id, within=MEMBERS_FOR)
        return read(self._bot, message, member)


def read(bot: CandorBot, message: discord.Message, member: discord.Member | None) -> IncomingMessage | None:
    """A fetched message of `member` as the pass takes it; None if it is not looked at, or cannot be made out."""
    try:
        return incoming(message, discord.utils.utcnow(), own_application_id=bot.application_id, member=member)
    except UnreadableMessage:  # nor will it be readable the next time
        log.warning("message_unreadable", message_id=message.id, channel_id=message.channel.id)
        return None


def guild_of(bot: CandorBot, guild_id: int) -> discord.Guild | None:
    """The server; None where the bot is not on it any more, of which nothing can be read again.

    Raises GuildAway before Discord has named the bot's servers, and while it says that this one is unavailable.
    """
    guild = bot.get_guild(guild_id)
    if guild.unavailable if guild is not None else not bot.ready_event.is_set():
        raise GuildAway
    return guild


def readable(channel: GuildChannel, me: discord.Member) -> bool:
    """Whether the bot may read the channel's history. Where only Read Message History is missing Discord gives an empty
    page, as of a channel without messages.
    """
    held = channel.permissions_for(me)
    spoken = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return held.view_channel and held.read_message_history and (held.connect or not spoken)


def _check_readable(channel: GuildChannel, guild: discord.Guild) -> None:
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return  # it says nothing of its permissions; with its channel it is gone
    if not readable(channel, guild.me):
        raise NotAllowed(NOT_READABLE)


async def channel_of(guild: discord.Guild, channel_id: int) -> GuildChannel | None:
    """The channel or thread, fetched if it is not cached (archived threads are not); None if it is gone or hidden.

    Raises what discord.py raises when Discord fails.
    """
    channel = guild.get_channel_or_thread(channel_id)
    if channel is not None:
        return channel
    try:
        return await guild.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):  # the last: it is another server's
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
