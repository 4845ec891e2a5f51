"""The application's commands, global and by guild: registered, listed, and who may use them where."""

from __future__ import annotations

from bot.sandbox.command_forms import CHAT, check_command, check_commands
from bot.sandbox.errors import ApiError, unknown
from bot.sandbox.forms import Problems
from bot.sandbox.permissions import EVERYTHING, P, channel_permissions
from bot.sandbox.world import Channel, Event, Json, World


def registered(world: World, guild_id: int | None) -> list[Json]:
    """The commands of one scope: None is global."""
    return list(world.commands.get(guild_id, {}).values())


def everywhere(world: World) -> list[Json]:
    """All commands, global ones first."""
    return [command for scope in world.commands.values() for command in scope.values()]


def replace_all(world: World, guild_id: int | None, body: object) -> list[Json]:
    """Bulk overwrite of one scope: commands that keep type and name keep their id."""
    wanted = check_commands(body)
    old = {(command["type"], command["name"]): int(command["id"]) for command in registered(world, guild_id)}
    stored = [_stored(world, guild_id, each, old.get((each.get("type", CHAT), each["name"]))) for each in wanted]
    world.commands[guild_id] = {int(command["id"]): command for command in stored}
    _announce(world)
    return stored


def put_one(world: World, guild_id: int | None, body: Json, *, command_id: int | None = None) -> Json:
    """Add one command (one of the same type and name is replaced), or change the one with `command_id`."""
    scope = world.commands.setdefault(guild_id, {})
    if command_id is not None:
        body = {**one(world, guild_id, command_id), **body}
    problems = Problems()
    check_command(problems, "", body)
    problems.raise_any()
    for known in scope.values():
        if (known["type"], known["name"]) == (body.get("type", CHAT), body["name"]) and command_id is None:
            command_id = int(known["id"])
    if command_id is None and sum(each["type"] == CHAT for each in scope.values()) >= 100:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
    command = _stored(world, guild_id, body, command_id)
    scope[int(command["id"])] = command
    _announce(world)
    return command


def one(world: World, guild_id: int | None, command_id: int) -> Json:
    """The command, or 10063."""
    command = world.commands.get(guild_id, {}).get(command_id)
    if command is None:
        raise unknown("application command")
    return command


def delete(world: World, guild_id: int | None, command_id: int) -> None:
    """Take a command away."""
    one(world, guild_id, command_id)
    del world.commands[guild_id][command_id]
    _announce(world)


def find(world: World, *, name: str, kind: int, guild_id: int | None) -> Json:
    """The command as a member would find it, the guild's before the global one. Raises a sentence where it is none."""
    for scope in (guild_id, None):
        for command in registered(world, scope):
            if (command["type"], command["name"]) == (kind, name):
                return command
    listed = ", ".join(sorted(each["name"] for each in everywhere(world) if each["type"] == kind)) or "none"
    raise ApiError(404, 10063, f"There is no command {name!r}; registered are: {listed}.")


def require_usable(world: World, command: Json, *, user_id: int, channel: Channel) -> None:
    """Raises a sentence where the client would not even show this command to that member in that place."""
    if channel.guild_id is None:
        if command["contexts"] is not None and 1 not in command["contexts"]:
            raise ApiError(403, 50001, f"{command['name']!r} is not there in direct messages.")
        return
    held = channel_permissions(world, channel, user_id)
    needed = command["default_member_permissions"]
    denied = needed is not None and (int(needed) == 0 or held & int(needed) != int(needed))
    if not held & P.USE_APPLICATION_COMMANDS or (denied and held != EVERYTHING):
        name = world.user(user_id).name
        raise ApiError(403, 50013, f"{name} may not use {command['name']!r} here.")


def _stored(world: World, guild_id: int | None, body: Json, command_id: int | None) -> Json:
    kind = body.get("type", CHAT)
    permissions = body.get("default_member_permissions")
    contexts = body.get("contexts")
    if contexts is None and body.get("dm_permission") is False:
        contexts = [0]
    command: Json = {
        "id": str(command_id or world.snowflakes.make()),
        "application_id": str(world.application.id),
        "version": str(world.snowflakes.make()),
        "type": kind,
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": body.get("description") or "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": None if permissions is None else str(permissions),
        "dm_permission": contexts is None or 1 in contexts,
        "contexts": contexts,
        "integration_types": body.get("integration_types") or [0],
        "nsfw": bool(body.get("nsfw")),
    }
    command |= {} if guild_id is None else {"guild_id": str(guild_id)}
    command |= {"options": body.get("options") or []} if kind == CHAT else {}
    return command


def _announce(world: World) -> None:
    world.emit(Event("COMMANDS_UPDATE", {"commands": everywhere(world)}, audience="page"))
