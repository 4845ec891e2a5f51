"""Gateway sessions: what a bot is told, numbered, and kept for a RESUME."""

from __future__ import annotations

import json
import secrets
from collections import deque
from datetime import datetime, timedelta
from enum import IntFlag

from bot.sandbox.permissions import P, channel_permissions, guild_permissions
from bot.sandbox.world import Event, Json, World

RESUME_WITHIN = timedelta(seconds=45)
"""How long Discord keeps a session whose connection is gone."""
_KEPT_EVENTS = 5000


class Intents(IntFlag):
    """The gateway intents that decide what is sent."""

    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    MODERATION = 1 << 2
    WEBHOOKS = 1 << 5
    PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intents.MEMBERS | Intents.PRESENCES | Intents.MESSAGE_CONTENT
_NEEDED = {
    "GUILD_MEMBER_ADD": Intents.MEMBERS,
    "GUILD_MEMBER_UPDATE": Intents.MEMBERS,
    "GUILD_MEMBER_REMOVE": Intents.MEMBERS,
    "GUILD_BAN_ADD": Intents.MODERATION,
    "GUILD_BAN_REMOVE": Intents.MODERATION,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": Intents.MODERATION,
    "WEBHOOKS_UPDATE": Intents.WEBHOOKS,
}
_WITHOUT_CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


class Session:
    """One identified session of the bot."""

    def __init__(self, world: World, intents: int, shard: tuple[int, int] = (0, 1)) -> None:
        self.shard = shard
        self.id = secrets.token_hex(16)
        self.intents = Intents(intents)
        self.sequence = 0
        self.left_at: datetime | None = None
        self.kept: deque[tuple[int, str]] = deque(maxlen=_KEPT_EVENTS)
        self._world = world

    def dispatch(self, name: str, data: Json) -> str:
        """Number an event and keep it; the payload as it travels."""
        self.sequence += 1
        text = json.dumps({"op": 0, "t": name, "s": self.sequence, "d": data})
        self.kept.append((self.sequence, text))
        return text

    @property
    def lost(self) -> bool:
        """Whether its connection has been gone for too long."""
        return self.left_at is not None and self._world.clock.now() - self.left_at > RESUME_WITHIN

    def serves(self, guild_id: int | None) -> bool:
        """Whether what happens there is told to this shard; direct messages go to the first one."""
        number, count = self.shard
        return ((guild_id or 0) >> 22) % count == number

    def missed(self, sequence: int) -> list[str] | None:
        """The payloads after `sequence`; None where they are no longer kept or the session has run out."""
        if self.lost:
            return None
        if self.kept and sequence < self.kept[0][0] - 1:
            return None
        return [text for number, text in self.kept if number > sequence]

    def sees(self, event: Event) -> Json | None:
        """The event's data as this session is told it; None for what it is not told."""
        world, bot_id = self._world, self._world.application.bot_id
        if event.audience == "page" or not self.serves(event.guild_id):
            return None
        if event.guild_id is not None and event.name != "GUILD_DELETE":
            guild = world.guilds.get(event.guild_id)
            if guild is None or bot_id not in guild.members:
                return None
            held = guild_permissions(guild, guild.members[bot_id])
            if event.name == "GUILD_AUDIT_LOG_ENTRY_CREATE" and not held & P.VIEW_AUDIT_LOG:
                return None
        own = event.name == "GUILD_MEMBER_UPDATE" and event.data["user"]["id"] == str(bot_id)
        needed = _NEEDED.get(event.name, Intents(0))
        if self.intents & needed != needed and not own:
            return None
        if event.name.startswith("MESSAGE_"):
            return self._sees_message(event)
        return event.data

    def _sees_message(self, event: Event) -> Json | None:
        world, bot_id = self._world, self._world.application.bot_id
        in_guild = event.guild_id is not None
        if not self.intents & (Intents.GUILD_MESSAGES if in_guild else Intents.DIRECT_MESSAGES):
            return None
        channel = None if event.channel_id is None else world.channels.get(event.channel_id)
        if channel is None or not channel_permissions(world, channel, bot_id) & P.VIEW_CHANNEL:
            return None
        data = event.data
        if not in_guild or self.intents & Intents.MESSAGE_CONTENT or "author" not in data:
            return data
        named = any(user["id"] == str(bot_id) for user in data["mentions"])
        return data if named or data["author"]["id"] == str(bot_id) else {**data, **_WITHOUT_CONTENT}
