"""The demo's server, "Harbor Games": its people, roles and channels, and the bot's registration."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from bot.sandbox.permissions import P
from bot.sandbox.sessions import Intents
from bot.sandbox.snowflakes import first_of
from bot.sandbox.world import TEXT, Application, Channel, Guild, Member, Overwrite, Role, User, World

MEMBERS = ("Mia", "Jonas", "Kai", "Priya", "Sam", "Noor")
MODERATOR, OWNER, BOT, OUTSIDER = "Lena", "Robin", "Candor", "Dex"
CHANNELS = {
    "general": "Everything that fits nowhere else",
    "gaming": "Matches, builds, bosses",
    "help": "Ask, somebody answers",
    "introductions": "Say hello",
    "vent": "For bad days. Be kind.",
}
REVIEW_CHANNEL = "mod-review"

_FOUNDED = datetime(2023, 4, 1, 12, tzinfo=UTC)
_EVERYONE = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.CHANGE_NICKNAME
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_APPLICATION_COMMANDS
    | P.SEND_POLLS
)
BOT_PERMISSIONS = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.SEND_MESSAGES_IN_THREADS
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.MANAGE_MESSAGES
    | P.MODERATE_MEMBERS
)
"""What the bot's invite link asks for."""


def application() -> Application:
    """A registration with a new token, the members and message content intents switched on."""
    made = first_of(_FOUNDED)
    return Application(
        id=made,
        name=BOT,
        bot_id=made,
        token=f"sandbox.{secrets.token_urlsafe(32)}",
        privileged=int(Intents.MEMBERS | Intents.MESSAGE_CONTENT),
    )


def harbor_games(world: World) -> None:
    """Fill an empty world: Robin owns the server, Lena moderates, the bot stands above the members and below both."""
    ids = iter(range(first_of(_FOUNDED) + 1, first_of(_FOUNDED) + 1000))
    guild = Guild(id=next(ids), name="Harbor Games", owner_id=next(ids))
    world.guilds[guild.id] = guild
    roles = [
        Role(id=guild.id, name="@everyone", permissions=_EVERYONE, position=0),
        Role(id=next(ids), name="Regular", permissions=0, position=1, color=0x5B8DB8, hoist=True),
        Role(id=next(ids), name=BOT, permissions=BOT_PERMISSIONS, position=2, color=0x2A9D8F, managed=True),
        Role(
            id=next(ids),
            name="Moderator",
            permissions=int(P.MODERATE_MEMBERS | P.MANAGE_MESSAGES | P.KICK_MEMBERS),
            position=3,
            color=0xE9A23B,
            hoist=True,
            mentionable=True,
        ),
        Role(id=next(ids), name="Admin", permissions=int(P.ADMINISTRATOR), position=4, color=0xC8553D, hoist=True),
    ]
    guild.roles = {role.id: role for role in roles}
    _, regular, bots, moderator, admin = roles
    _settle(world, guild, User(id=guild.owner_id, name=OWNER), [admin.id], days=0)
    _settle(world, guild, User(id=world.application.bot_id, name=BOT, bot=True), [bots.id], days=400)
    _settle(world, guild, User(id=next(ids), name=MODERATOR), [moderator.id], days=3)
    for number, name in enumerate(MEMBERS):
        _settle(world, guild, User(id=next(ids), name=name), [regular.id], days=30 * (number + 1))
    outsider = User(id=next(ids), name=OUTSIDER)
    world.users[outsider.id] = outsider
    for position, (name, topic) in enumerate(CHANNELS.items()):
        _open(world, guild, Channel(id=next(ids), type=TEXT, name=name, topic=topic, position=position))
    staff = Channel(id=next(ids), type=TEXT, name=REVIEW_CHANNEL, topic="Review cards", position=len(CHANNELS))
    see = int(P.VIEW_CHANNEL | P.SEND_MESSAGES | P.READ_MESSAGE_HISTORY | P.EMBED_LINKS | P.ATTACH_FILES)
    staff.overwrites = {
        guild.id: Overwrite(id=guild.id, type=0, deny=int(P.VIEW_CHANNEL)),
        moderator.id: Overwrite(id=moderator.id, type=0, allow=see),
        bots.id: Overwrite(id=bots.id, type=0, allow=see),
    }
    _open(world, guild, staff)


def _settle(world: World, guild: Guild, user: User, role_ids: list[int], *, days: int) -> None:
    world.users[user.id] = user
    joined_at = _FOUNDED + timedelta(days=days)
    guild.members[user.id] = Member(user=user, joined_at=joined_at, role_ids=role_ids)


def _open(world: World, guild: Guild, channel: Channel) -> None:
    channel.guild_id = guild.id
    world.channels[channel.id] = channel
