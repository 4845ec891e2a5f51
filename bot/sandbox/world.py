"""The state: users, guilds, roles, members, channels, messages, and the one application whose bot connects.

Messages and commands are kept as Discord's raw JSON objects, since that is what every reader of them wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.sandbox.clock import SandboxClock
from bot.sandbox.errors import unknown
from bot.sandbox.snowflakes import Snowflakes

Json = dict[str, Any]

TEXT, DM, CATEGORY, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 0, 1, 4, 11, 12, 15
"""Channel types."""


@dataclass(slots=True, kw_only=True)
class User:
    """An account. `takes_dms` is False for who lets no bot write to them."""

    id: int
    name: str
    bot: bool = False
    takes_dms: bool = True


@dataclass(slots=True, kw_only=True)
class Role:
    """A role; the one whose id is the guild's is @everyone."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild; `role_ids` without @everyone."""

    user: User
    joined_at: datetime
    role_ids: list[int] = field(default_factory=list)
    nick: str | None = None
    timeout_until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """What a channel changes for a role (`type` 0) or a member (1)."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class ThreadInfo:
    """What only threads have."""

    owner_id: int
    created_at: datetime
    archived: bool = False
    archived_at: datetime | None = None
    locked: bool = False
    auto_archive_minutes: int = 1440


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, thread or direct conversation, with its messages by id, oldest first."""

    id: int
    type: int
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode_seconds: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: tuple[int, ...] = ()
    thread: ThreadInfo | None = None
    messages: dict[int, Json] = field(default_factory=dict)
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        """Whether it follows a parent channel's permissions."""
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server. `bans`: reason by user id; `audit`: raw entries, oldest first. `invites_disabled_until` and
    `dms_disabled_until`: its incident actions.
    """

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    bans: dict[int, str | None] = field(default_factory=dict)
    audit: list[Json] = field(default_factory=list)
    invites_disabled_until: datetime | None = None
    dms_disabled_until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Application:
    """The bot's registration. `privileged` holds the intents that its developer portal switches on."""

    id: int
    name: str
    bot_id: int
    token: str = field(repr=False)
    privileged: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened: Discord's gateway name and data. `audience`: who is told, the bot, the page or both."""

    name: str
    data: Json
    guild_id: int | None = None
    channel_id: int | None = None
    audience: str = "both"


class World:
    """Everything there is, with lookups that raise Discord's `Unknown ...` errors."""

    def __init__(self, clock: SandboxClock, application: Application) -> None:
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.application = application
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.commands: dict[int | None, dict[int, Json]] = {None: {}}
        self.webhooks: dict[int, Json] = {}
        self.files: dict[tuple[int, int, str], bytes] = {}
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener(event)

    def user(self, user_id: int) -> User:
        """The account, or 10013."""
        if user_id not in self.users:
            raise unknown("User")
        return self.users[user_id]

    def guild(self, guild_id: int) -> Guild:
        """The guild, or 10004."""
        if guild_id not in self.guilds:
            raise unknown("Guild")
        return self.guilds[guild_id]

    def member(self, guild_id: int, user_id: int) -> Member:
        """The member, or 10007."""
        member = self.guild(guild_id).members.get(user_id)
        if member is None:
            raise unknown("Member")
        return member

    def channel(self, channel_id: int) -> Channel:
        """The channel, or 10003."""
        if channel_id not in self.channels:
            raise unknown("Channel")
        return self.channels[channel_id]

    def message(self, channel_id: int, message_id: int) -> Json:
        """The raw message, or 10008."""
        message = self.channel(channel_id).messages.get(message_id)
        if message is None:
            raise unknown("Message")
        return message

    def channels_of(self, guild_id: int, *, threads: bool) -> Iterator[Channel]:
        """The guild's threads, or its other channels."""
        return (each for each in self.channels.values() if each.guild_id == guild_id and each.is_thread is threads)
