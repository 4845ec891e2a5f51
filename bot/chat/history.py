"""What stands in the channels, for what was missed: the `History` port.

Messages of the history come without their authors' roles. Those are asked of the gateway, a page's authors at once:
one request a member over REST would be a hundred a page.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import discord

from bot.chat.listener import places_above
from bot.chat.messages import NOT_AS_AGREED, NOT_READABLE, STRANGE, UNANSWERED, guild_of, read, readable
from bot.chat.names import title
from bot.chat.scope import default_scope
from bot.core.away import Found, Place, id_at
from bot.core.events import IncomingMessage
from bot.errors import BotError, NotAllowed
from bot.flow.ports import PAGE

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

MEMBERS_FOR = 300.0
"""Seconds for which members are kept: roles change."""

MOST_ARCHIVED = 1000
"""Threads of a channel that were archived during one absence."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


class DiscordHistory:
    """Asks no faster than Discord likes (`turns.py`)."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot
        self._archived: dict[int, list[discord.Thread]] = {}

    def guild_ids(self) -> list[int]:
        """The guilds that are there now."""
        return [guild.id for guild in self._bot.guilds if not guild.unavailable]

    def time(self) -> datetime | None:
        """Discord's time, None before it has told it."""
        return self._bot.requests.time()

    def joined_at(self, guild_id: int) -> datetime | None:
        """When the bot came to the guild."""
        guild = self._bot.get_guild(guild_id)
        return guild.me.joined_at if guild is not None and guild.me is not None else None

    def places(self, guild_id: int) -> list[Place]:
        """The channels and active threads that the bot sees in the guild."""
        guild = self._bot.get_guild(guild_id)
        if guild is None or guild.me is None:
            return []
        channels: list[Readable] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels]
        channels += [thread for thread in guild.threads if thread.parent is not None]
        return [place for channel in channels if (place := _place(channel, guild.me)) is not None]

    async def archived(self, guild_id: int, *, since: datetime) -> list[Place]:
        """The public threads that were archived since then. A request a channel; channels that the bot may not read
        are left out. Raises BotError if Discord does not answer.
        """
        guild = self._bot.get_guild(guild_id)
        self._archived[guild_id] = []
        if guild is None or guild.me is None:
            return []
        for channel in [*guild.text_channels, *guild.forums]:
            if readable(channel, guild.me):
                self._archived[guild_id] += await self._archived_in(channel, since)
        return [place for each in self._archived[guild_id] if (place := _place(each, guild.me)) is not None]

    async def _archived_in(
        self, channel: discord.TextChannel | discord.ForumChannel, since: datetime
    ) -> list[discord.Thread]:
        found: list[discord.Thread] = []
        await self._bot.turns.take(channel.id)
        try:
            async for thread in channel.archived_threads(limit=MOST_ARCHIVED):
                if thread.archive_timestamp < since:
                    break
                found.append(thread)
        except (discord.NotFound, discord.Forbidden):
            return []
        except UNANSWERED as error:
            raise BotError("Discord did not answer when a channel's archived threads were read.") from error
        except NOT_AS_AGREED as error:
            raise BotError(f"When a channel's archived threads were read, {STRANGE}.") from error
        return found

    async def titles(self, guild_id: int, *, since: datetime) -> list[IncomingMessage]:
        """The titles of threads that were opened since then, those of `archived` among them; a forum post's comes with
        its first message. Raises BotError if Discord does not answer.
        """
        guild = self._bot.get_guild(guild_id)
        # Kept until the next absence: what fails is asked for again.
        threads = {each.id: each for each in [*self._archived.get(guild_id, []), *(guild.threads if guild else [])]}
        found: list[IncomingMessage | None] = []
        for thread in threads.values():
            if thread.id < id_at(since) or thread.parent is None or isinstance(thread.parent, discord.ForumChannel):
                continue
            silent: Exception | None = None
            with self._bot.unreadable.reading("title", thread_id=thread.id):
                try:
                    found.append(await title(self._bot, thread))
                except UNANSWERED as error:
                    silent = error
            if silent is not None:
                raise BotError("Discord did not answer when a thread's owner was looked up.") from silent
        return [each for each in found if each is not None]

    async def page(self, place: Place, *, before: int) -> list[Found] | None:
        """Up to `PAGE` messages before that id, the newest first; None where the channel is gone.

        Raises NotAllowed where the bot may not read them, GuildAway while Discord does not bring the server, BotError
        if Discord does not answer.
        """
        guild = guild_of(self._bot, place.guild_id)
        if guild is None:
            return None
        if self._bot.is_closed():
            raise BotError("The connection to Discord is closed.")
        await self._bot.turns.take(place.channel_id)
        try:
            # Asked for where it is not cached: a thread that is archived is there.
            channel = guild.get_channel_or_thread(place.channel_id) or await guild.fetch_channel(place.channel_id)
            if not isinstance(channel, Readable):
                return None
            messages = [each async for each in channel.history(limit=PAGE, before=discord.Object(before))]
            members = await self._bot.members.of(guild, messages, within=MEMBERS_FOR)
            may_read = readable(channel, guild.me)
        except (discord.NotFound, discord.InvalidData):
            return None
        except discord.Forbidden as error:
            raise NotAllowed(NOT_READABLE) from error
        except (*UNANSWERED, discord.ConnectionClosed) as error:
            raise BotError("Discord did not answer when a channel's history was read.") from error
        except NOT_AS_AGREED as error:
            raise BotError(f"When a channel's messages were read, {STRANGE}.") from error
        if not may_read:
            raise NotAllowed(NOT_READABLE)
        return [self._found(message, members.get(message.author.id)) for message in messages]

    def _found(self, message: discord.Message, member: discord.Member | None) -> Found:
        if message.webhook_id in self._bot.own_webhooks:
            return Found(message.id, None)
        return Found(message.id, read(self._bot, message, member))


def _place(channel: Readable, me: discord.Member) -> Place | None:
    if not channel.permissions_for(me).view_channel:
        return None
    return Place(
        guild_id=channel.guild.id,
        channel_id=channel.id,
        newest_id=channel.last_message_id,
        places=places_above(channel) | {channel.id},
        in_default_scope=default_scope(channel).left_alone is None,
        readable=readable(channel, me),
    )
