"""Discord's channels with what stands in them, for tests of the catching up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from bot.core.away import Found, Place
from bot.core.events import IncomingMessage
from bot.errors import BotError, NotAllowed
from bot.flow.ports import PAGE


class FakeHistory:
    """`standing`: by channel, the messages by id (None for one that is not looked at); `asked`: the pages' channels;
    `listing`: cleared while Discord does not tell yet which threads were archived.
    """

    def __init__(self) -> None:
        self.guilds: list[int] = []
        self.joined: datetime | None = None
        self.told: datetime | None = None
        self.channels: dict[int, Place] = {}
        self.standing: dict[int, dict[int, IncomingMessage | None]] = {}
        self.asked: list[int] = []
        self.down = False
        self.forbidden: set[int] = set()
        self.archived_places: list[Place] = []
        self.listing = asyncio.Event()
        self.listing.set()
        self.opened: list[IncomingMessage] = []

    def archive(self, channel_id: int) -> None:
        """The thread is archived: it stands there, and is no longer among the places."""
        self.archived_places.append(self.channels[channel_id])

    def add(self, message: IncomingMessage, *, looked_at: bool = True) -> IncomingMessage:
        """The message stands in its channel from now on."""
        place = self.channels.setdefault(message.channel_id, Place(message.guild_id, message.channel_id, None))
        newest = max(place.newest_id or 0, message.message_id)
        self.channels[message.channel_id] = replace(place, newest_id=newest)
        standing = self.standing.setdefault(message.channel_id, {})
        standing[message.message_id] = message if looked_at else None
        return message

    def guild_ids(self) -> list[int]:
        return self.guilds

    def time(self) -> datetime | None:
        return self.told

    def joined_at(self, guild_id: int) -> datetime | None:
        return self.joined

    def places(self, guild_id: int) -> list[Place]:
        archived = {place.channel_id for place in self.archived_places}
        return [
            place for place in self.channels.values() if place.guild_id == guild_id and place.channel_id not in archived
        ]

    async def archived(self, guild_id: int, *, since: datetime) -> list[Place]:
        if self.down:
            raise BotError("Discord does not answer.")
        await self.listing.wait()
        return self.archived_places

    async def titles(self, guild_id: int, *, since: datetime) -> list[IncomingMessage]:
        return self.opened

    async def page(self, place: Place, *, before: int) -> list[Found] | None:
        if self.down:
            raise BotError("Discord does not answer.")
        self.asked.append(place.channel_id)
        if place.channel_id in self.forbidden:
            raise NotAllowed("No.")
        if place.channel_id not in self.channels:
            return None
        standing = self.standing.get(place.channel_id, {})
        ids = sorted((each for each in standing if each < before), reverse=True)[:PAGE]
        return [Found(each, standing[each]) for each in ids]
