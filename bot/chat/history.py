"""What stands in the channels, for what was missed: the `History` port.

Messages of the history come without their authors' roles. Those are asked of the gateway, a page's authors at once:
one request a member over REST would be a hundred a page.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import discord

from bot.chat.listener import places_above
from bot.chat.messages import NOT_AS_AGREED, STRANGE, UNANSWERED, read
from bot.chat.scope import default_scope
from bot.core.away import Found, Place
from bot.errors import BotError, NotAllowed
from bot.flow.ports import PAGE

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

PAUSE = 0.05
"""Seconds from one request to the next: 20 a second at most, of the 50 that Discord allows all of the bot's."""

CHANNEL_REQUESTS, CHANNEL_SECONDS = 5, 5.5
"""Of one channel, a little under what it allows. Discord's headers overstate that for the history
(discord/discord-api-docs#8161), so discord.py alone would run into refusals.
"""

MEMBERS_FOR = 300.0
"""Seconds for which members are kept: roles change."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


class DiscordHistory:
    """Asks no faster than Discord likes; discord.py keeps to the limit of each channel."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot
        self._turns = asyncio.Lock()
        self._next = 0.0
        self._asked: dict[int, deque[float]] = {}
        self._members: dict[tuple[int, int], discord.Member | None] = {}
        self._members_since = 0.0

    def guild_ids(self) -> list[int]:
        """The guilds that are there now."""
        return [guild.id for guild in self._bot.guilds if not guild.unavailable]

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

    async def page(self, place: Place, *, before: int) -> list[Found] | None:
        """Up to `PAGE` messages before that id, the newest first; None where the channel is gone.

        Raises NotAllowed where the bot may not read them, BotError if Discord does not answer.
        """
        guild = self._bot.get_guild(place.guild_id)
        channel = guild.get_channel_or_thread(place.channel_id) if guild is not None else None
        if guild is None or not isinstance(channel, Readable):
            return None
        if self._bot.is_closed():
            raise BotError("The connection to Discord is closed.")
        await self._turn(place.channel_id)
        try:
            messages = [each async for each in channel.history(limit=PAGE, before=discord.Object(before))]
            members = await self._authors(guild, messages)
        except discord.NotFound:
            return None
        except discord.Forbidden as error:
            raise NotAllowed("I may not read the history of a channel. Grant me Read Message History there.") from error
        except (*UNANSWERED, discord.ConnectionClosed) as error:
            raise BotError("Discord did not answer when a channel's history was read.") from error
        except NOT_AS_AGREED as error:
            raise BotError(f"When a channel's messages were read, {STRANGE}.") from error
        return [self._found(message, members.get(message.author.id)) for message in messages]

    async def _turn(self, channel_id: int) -> None:
        asked = self._asked.setdefault(channel_id, deque(maxlen=CHANNEL_REQUESTS))
        if len(asked) == CHANNEL_REQUESTS:
            await asyncio.sleep(max(0.0, asked[0] + CHANNEL_SECONDS - time.monotonic()))
        async with self._turns:
            await asyncio.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + PAUSE
        asked.append(time.monotonic())

    def _found(self, message: discord.Message, member: discord.Member | None) -> Found:
        if message.webhook_id in self._bot.own_webhooks:
            return Found(message.id, None)
        return Found(message.id, read(self._bot, message, member))

    async def _authors(
        self, guild: discord.Guild, messages: Sequence[discord.Message]
    ) -> dict[int, discord.Member | None]:
        """Members by id; None for who left."""
        if time.monotonic() - self._members_since > MEMBERS_FOR:
            self._members.clear()
            self._members_since = time.monotonic()
        people = {each.author.id for each in messages if each.webhook_id is None and not each.author.bot}
        unknown = [person for person in sorted(people) if (guild.id, person) not in self._members]
        if unknown:
            found = {each.id: each for each in await guild.query_members(user_ids=unknown, cache=False)}
            self._members |= {(guild.id, person): found.get(person) for person in unknown}
        return {person: self._members.get((guild.id, person)) for person in people}


def _place(channel: Readable, me: discord.Member) -> Place | None:
    held = channel.permissions_for(me)
    if not held.view_channel:
        return None
    spoken = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return Place(
        guild_id=channel.guild.id,
        channel_id=channel.id,
        newest_id=channel.last_message_id,
        places=places_above(channel) | {channel.id},
        in_default_scope=default_scope(channel).left_alone is None,
        readable=held.read_message_history and (held.connect or not spoken),
    )
