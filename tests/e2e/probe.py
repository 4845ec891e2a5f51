"""A small discord.py bot, unmodified, that reaches the sandbox and notes what it is told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.world import Overwrite

WAIT_SECONDS = 20
"""How long a test waits for what must come before it fails."""


class Probe(discord.Client):
    """Notes events by name; `heard` gives the next one."""

    def __init__(self, sandbox: Sandbox, intents: discord.Intents | None = None) -> None:
        if intents is None:
            intents = discord.Intents.default()
            intents.members = intents.message_content = True
        super().__init__(intents=intents, connector=sandbox.connector(), guild_ready_timeout=0.1)
        self.tree = app_commands.CommandTree(self)
        self.guild_id = sandbox.guild.id
        self._heard: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The client would wait 5 s before it identifies again; the sandbox is in no hurry to throttle it."""

    async def heard(self, name: str) -> Any:
        """The next event of that name, such as "message"."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._heard[name].get()

    def unheard(self, name: str) -> int:
        """How many events of that name nobody has asked for."""
        return self._heard[name].qsize()

    @property
    def guild(self) -> discord.Guild:
        """The sandbox's guild."""
        guild = self.get_guild(self.guild_id)
        assert guild is not None
        return guild

    def text(self, name: str) -> discord.TextChannel:
        """A text channel by name."""
        channel = discord.utils.get(self.guild.text_channels, name=name)
        assert channel is not None
        return channel

    def person(self, name: str) -> discord.Member:
        """A member by name."""
        member = discord.utils.get(self.guild.members, global_name=name)
        assert member is not None
        return member

    async def on_connect(self) -> None:
        self._heard["connect"].put_nowait(None)

    async def on_ready(self) -> None:
        self._heard["ready"].put_nowait(None)

    async def on_resumed(self) -> None:
        self._heard["resumed"].put_nowait(None)

    async def on_message(self, message: discord.Message) -> None:
        if self.user is None or message.author.id != self.user.id:
            self._heard["message"].put_nowait(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self._heard["edit"].put_nowait(event)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self._heard["delete"].put_nowait(event)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        self._heard["bulk_delete"].put_nowait(event)

    async def on_member_join(self, member: discord.Member) -> None:
        self._heard["join"].put_nowait(member)

    async def on_raw_member_remove(self, event: discord.RawMemberRemoveEvent) -> None:
        self._heard["leave"].put_nowait(event)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        self._heard["member_update"].put_nowait(after)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self._heard["thread"].put_nowait(thread)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        self._heard["channel"].put_nowait(channel)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._heard["guild_remove"].put_nowait(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._heard["guild_join"].put_nowait(guild)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self._heard["interaction"].put_nowait(interaction)


@asynccontextmanager
async def running(bot: Probe, token: str) -> AsyncIterator[Probe]:
    """The bot, logged in and ready; closed at the end. What ends it early is raised."""
    life = asyncio.create_task(bot.start(token))
    ready = asyncio.create_task(bot.heard("ready"))
    try:
        await asyncio.wait((life, ready), return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
        await ready
        yield bot
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.gather(life, ready, return_exceptions=True)


def deny(sandbox: Sandbox, channel: str, bits: int) -> None:
    """Take permissions from the bot in a channel."""
    bot_id = sandbox.world.application.bot_id
    sandbox.channel(channel).overwrites[bot_id] = Overwrite(id=bot_id, type=1, deny=int(bits))
