"""Who may do what: Discord's permission bits, roles, channel overwrites, time-outs and the role hierarchy."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag
from typing import TYPE_CHECKING

from bot.sandbox.errors import missing_access, missing_permissions

if TYPE_CHECKING:
    from bot.sandbox.world import Channel, Guild, Member, Overwrite, Role, World


class P(IntFlag):
    """The permission bits that the sandbox knows."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_POLLS = 1 << 49


EVERYTHING = (1 << 53) - 1
DM_PERMISSIONS = int(
    P.VIEW_CHANNEL | P.SEND_MESSAGES | P.EMBED_LINKS | P.ATTACH_FILES | P.READ_MESSAGE_HISTORY | P.SEND_POLLS
)
_WHILE_TIMED_OUT = int(P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY)
_NEED_SENDING = int(P.EMBED_LINKS | P.ATTACH_FILES | P.MENTION_EVERYONE | P.SEND_POLLS)


def guild_permissions(guild: Guild, member: Member) -> int:
    """What the member's roles allow in the whole guild."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    held = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        held |= guild.roles[role_id].permissions
    return EVERYTHING if held & P.ADMINISTRATOR else held


def channel_permissions(world: World, channel: Channel, user_id: int) -> int:
    """What the user may do in the channel: 0 for strangers; threads follow their parent."""
    if channel.guild_id is None:
        return DM_PERMISSIONS if user_id in channel.recipients else 0
    guild = world.guild(channel.guild_id)
    member = guild.members.get(user_id)
    if member is None:
        return 0
    held = guild_permissions(guild, member)
    if held == EVERYTHING:
        return held
    place = world.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    held = _with_overwrites(held, guild, member, place.overwrites)
    if member.timeout_until is not None and member.timeout_until > world.clock.now():
        held &= _WHILE_TIMED_OUT
    if not held & P.VIEW_CHANNEL:
        return 0
    sends = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
    return held if held & sends else held & ~_NEED_SENDING


def _with_overwrites(held: int, guild: Guild, member: Member, overwrites: dict[int, Overwrite]) -> int:
    def applied(ids: Iterable[int], to: int) -> int:
        chosen = [overwrites[each] for each in ids if each in overwrites]
        for overwrite in chosen:
            to &= ~overwrite.deny
        for overwrite in chosen:
            to |= overwrite.allow
        return to

    held = applied([guild.id], held)
    held = applied(member.role_ids, held)
    return applied([member.user.id], held)


def require(world: World, channel: Channel, user_id: int, needed: int) -> int:
    """The user's permissions there. Raises 50001 where the channel is hidden, 50013 where `needed` is not held."""
    held = channel_permissions(world, channel, user_id)
    if not held & P.VIEW_CHANNEL:
        raise missing_access()
    if held & needed != needed:
        raise missing_permissions()
    return held


def require_in_guild(guild: Guild, user_id: int, needed: int) -> int:
    """The user's permissions in the guild. Raises 50001 for strangers, 50013 where `needed` is not held."""
    member = guild.members.get(user_id)
    if member is None:
        raise missing_access()
    held = guild_permissions(guild, member)
    if held & needed != needed:
        raise missing_permissions()
    return held


def top_role(guild: Guild, member: Member) -> Role:
    """The member's highest role; of two at one position the older counts as higher."""
    held = [guild.roles[role_id] for role_id in member.role_ids]
    return max(held, key=lambda role: (role.position, -role.id), default=guild.roles[guild.id])


def require_above(guild: Guild, user_id: int, target: Member) -> None:
    """Raises 50013 unless the user stands above the target: the owner above all, others by their highest role."""
    if user_id == guild.owner_id:
        return
    actor = guild.members[user_id]
    if target.user.id == guild.owner_id or not is_above(guild, actor, top_role(guild, target)):
        raise missing_permissions()


def is_above(guild: Guild, actor: Member, role: Role) -> bool:
    """Whether the actor's highest role is above `role`."""
    if actor.user.id == guild.owner_id:
        return True
    highest = top_role(guild, actor)
    return (highest.position, -highest.id) > (role.position, -role.id)
