"""Members: joining, leaving, time-outs, roles, kicks, bans, under Discord's permissions and hierarchy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox import audit
from bot.sandbox.clock import iso
from bot.sandbox.errors import ApiError, bad_form, missing_permissions, problem, unknown
from bot.sandbox.forms import snowflake
from bot.sandbox.permissions import P, guild_permissions, is_above, require_above, require_in_guild
from bot.sandbox.shapes import guild_create_json, member_event_json, user_json
from bot.sandbox.world import Event, Guild, Json, Member, User, World

MOST_TIMEOUT = timedelta(days=28)


def join(world: World, guild: Guild, user: User, *, role_ids: Sequence[int] = (), joined_at: datetime) -> Member:
    """The user becomes a member; everybody is told."""
    world.users[user.id] = user
    member = Member(user=user, joined_at=joined_at, role_ids=list(role_ids))
    guild.members[user.id] = member
    world.emit(Event("GUILD_MEMBER_ADD", member_event_json(guild, member), guild.id))
    return member


def leave(world: World, guild: Guild, user_id: int) -> None:
    """The member is gone; what they wrote stays."""
    member = guild.members.pop(user_id, None)
    if member is None:
        raise unknown("Member")
    data = {"guild_id": str(guild.id), "user": user_json(member.user)}
    world.emit(Event("GUILD_MEMBER_REMOVE", data, guild.id))


def announce_update(world: World, guild: Guild, member: Member) -> None:
    """Tell everybody how the member stands now."""
    world.emit(Event("GUILD_MEMBER_UPDATE", member_event_json(guild, member), guild.id))


def change(world: World, guild: Guild, *, actor_id: int, user_id: int, body: Json, reason: str | None) -> Member:
    """Change nick, roles or time-out, all or nothing. Raises 50013 for what rank or permissions do not allow."""
    member = world.member(guild.id, user_id)
    changes: list[Json] = []
    applied: list[Callable[[], None]] = []
    for field, plan in (("nick", _plan_nick), ("roles", _plan_roles), ("communication_disabled_until", _plan_timeout)):
        if field in body:
            old, new, apply = plan(world, guild, actor_id, member, body[field])
            changes.append({"key": field, "old_value": old, "new_value": new})
            applied.append(apply)
    for apply in applied:
        apply()
    action = audit.MEMBER_ROLE_UPDATE if set(body) == {"roles"} else audit.MEMBER_UPDATE
    audit.record(world, guild.id, action, by=actor_id, target=user_id, reason=reason, changes=changes)
    announce_update(world, guild, member)
    return member


_Plan = tuple[Any, Any, Callable[[], None]]
"""Old value, new value, and what applies it once every field has been found in order."""


def _plan_nick(world: World, guild: Guild, actor_id: int, member: Member, nick: Any) -> _Plan:
    own = member.user.id == actor_id
    require_in_guild(guild, actor_id, P.CHANGE_NICKNAME if own else P.MANAGE_NICKNAMES)
    if not own:
        require_above(guild, actor_id, member)
    if nick is not None and (not isinstance(nick, str) or len(nick) > 32):
        raise bad_form({"nick": problem("BASE_TYPE_MAX_LENGTH", "Must be 32 or fewer in length.")})
    return member.nick, nick, lambda: setattr(member, "nick", nick or None)


def _plan_roles(world: World, guild: Guild, actor_id: int, member: Member, roles: Any) -> _Plan:
    require_in_guild(guild, actor_id, P.MANAGE_ROLES)
    wanted = [snowflake("roles", each) for each in roles or []]
    for role_id in {*wanted} ^ {*member.role_ids}:
        _require_role_below(guild, actor_id, role_id)
    return list(member.role_ids), wanted, lambda: setattr(member, "role_ids", wanted)


def _plan_timeout(world: World, guild: Guild, actor_id: int, member: Member, until: Any) -> _Plan:
    require_in_guild(guild, actor_id, P.MODERATE_MEMBERS)
    require_above(guild, actor_id, member)
    field = "communication_disabled_until"
    when: datetime | None = None
    if until is not None:
        try:
            when = datetime.fromisoformat(until)
        except (TypeError, ValueError):
            raise bad_form({field: problem("DATE_TIME_TYPE_PARSE", "Invalid date string")}) from None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        if guild_permissions(guild, member) & P.ADMINISTRATOR:
            raise missing_permissions()
        if when > world.clock.now() + MOST_TIMEOUT:
            text = "Communication disabled until must be within 28 days."
            raise bad_form({field: problem("GUILD_COMMUNICATION_DISABLED_UNTIL_TOO_LONG", text)})
    return iso(member.timeout_until), iso(when), lambda: setattr(member, "timeout_until", when)


def set_role(
    world: World, guild: Guild, *, actor_id: int, user_id: int, role_id: int, held: bool, reason: str | None
) -> None:
    """Give a role or take it."""
    member = world.member(guild.id, user_id)
    require_in_guild(guild, actor_id, P.MANAGE_ROLES)
    _require_role_below(guild, actor_id, role_id)
    member.role_ids = [each for each in member.role_ids if each != role_id] + ([role_id] if held else [])
    changes = [{"key": "$add" if held else "$remove", "new_value": [{"id": str(role_id)}]}]
    audit.record(world, guild.id, audit.MEMBER_ROLE_UPDATE, by=actor_id, target=user_id, reason=reason, changes=changes)
    announce_update(world, guild, member)


def _require_role_below(guild: Guild, actor_id: int, role_id: int) -> None:
    role = guild.roles.get(role_id)
    if role is None or role_id == guild.id:
        raise unknown("Role")
    if role.managed or not is_above(guild, guild.members[actor_id], role):
        raise missing_permissions()


def kick(world: World, guild: Guild, *, actor_id: int, user_id: int, reason: str | None) -> None:
    """Put a member out; they may come back."""
    member = world.member(guild.id, user_id)
    require_in_guild(guild, actor_id, P.KICK_MEMBERS)
    require_above(guild, actor_id, member)
    leave(world, guild, user_id)
    audit.record(world, guild.id, audit.MEMBER_KICK, by=actor_id, target=user_id, reason=reason)


def ban(
    world: World, guild: Guild, *, actor_id: int, user_id: int, reason: str | None, delete_seconds: int = 0
) -> None:
    """Put an account out for good, member or not; with `delete_seconds` its recent messages go too."""
    user = world.user(user_id)
    require_in_guild(guild, actor_id, P.BAN_MEMBERS)
    if not 0 <= delete_seconds <= 604800:
        text = "int value should be between 0 and 604800."
        raise bad_form({"delete_message_seconds": problem("NUMBER_TYPE_MAX", text)})
    member = guild.members.get(user_id)
    if member is not None:
        require_above(guild, actor_id, member)
        leave(world, guild, user_id)
    guild.bans[user_id] = reason
    world.emit(Event("GUILD_BAN_ADD", {"guild_id": str(guild.id), "user": user_json(user)}, guild.id))
    audit.record(world, guild.id, audit.BAN_ADD, by=actor_id, target=user_id, reason=reason)
    if delete_seconds:
        _forget(world, guild, user_id, world.clock.now() - timedelta(seconds=delete_seconds))


def _forget(world: World, guild: Guild, user_id: int, since: datetime) -> None:
    for channel in [each for each in world.channels.values() if each.guild_id == guild.id]:
        gone = [
            message_id
            for message_id, message in channel.messages.items()
            if message["author"]["id"] == str(user_id) and datetime.fromisoformat(message["timestamp"]) >= since
        ]
        for message_id in gone:
            del channel.messages[message_id]
        if gone:
            data = {"ids": [str(each) for each in gone], "channel_id": str(channel.id), "guild_id": str(guild.id)}
            world.emit(Event("MESSAGE_DELETE_BULK", data, guild.id, channel.id))


def unban(world: World, guild: Guild, *, actor_id: int, user_id: int, reason: str | None) -> None:
    """Let an account back in. Raises 10026 where it is not banned."""
    require_in_guild(guild, actor_id, P.BAN_MEMBERS)
    if user_id not in guild.bans:
        raise unknown("Ban")
    del guild.bans[user_id]
    world.emit(Event("GUILD_BAN_REMOVE", {"guild_id": str(guild.id), "user": user_json(world.user(user_id))}, guild.id))
    audit.record(world, guild.id, audit.BAN_REMOVE, by=actor_id, target=user_id, reason=reason)


def add_bot(world: World, guild: Guild) -> None:
    """The bot is invited (again), with the role of its name; it is told the whole guild, itself as the only member."""
    application = world.application
    role_ids = [role.id for role in guild.roles.values() if role.name == application.name]
    guild.members[application.bot_id] = Member(
        user=world.user(application.bot_id), joined_at=world.clock.now(), role_ids=role_ids
    )
    shape = guild_create_json(world, guild, all_members=False)
    # Only a guild that was announced before comes back as "available"; a new one says nothing of it.
    del shape["unavailable"]
    world.emit(Event("GUILD_CREATE", shape, guild.id, audience="bot"))


def remove_bot(world: World, guild: Guild) -> None:
    """The bot is put out of the guild: it is told that the guild is gone."""
    if guild.members.pop(world.application.bot_id, None) is None:
        raise ApiError(404, 10004, "Unknown Guild")
    world.emit(Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id, audience="bot"))
