"""What an interaction carries: the options of a command and the objects that chosen ids stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox import attachments
from bot.sandbox.attachments import Upload
from bot.sandbox.command_forms import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    CHAT,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ON_MESSAGE,
    ROLE,
    SUB_COMMAND,
    SUB_GROUP,
    USER,
)
from bot.sandbox.component_forms import CHANNEL_SELECT, MENTIONABLE_SELECT, ROLE_SELECT, STRING_SELECT, USER_SELECT
from bot.sandbox.errors import ApiError
from bot.sandbox.refs import Ref, find_channel, find_role, find_user
from bot.sandbox.shapes import interaction_channel_json, member_json, role_json, user_json
from bot.sandbox.world import Channel, Json, World


class Resolved:
    """Collects the objects behind ids; `json` is Discord's `resolved`, {} where there are none."""

    def __init__(self, world: World, channel: Channel, user_id: int) -> None:
        self._world = world
        self._channel = channel
        self._user_id = user_id
        self._guild = None if channel.guild_id is None else world.guild(channel.guild_id)
        self.json: Json = {}

    def user(self, ref: Ref) -> str:
        """Add an account, and its membership where it has one; its id."""
        user = find_user(self._world, ref)
        self._add("users", user.id, user_json(user))
        member = self._guild.members.get(user.id) if self._guild else None
        if member is not None:
            self._add("members", user.id, {**member_json(member, with_user=False), "permissions": "0"})
        return str(user.id)

    def role(self, ref: Ref) -> str:
        """Add a role; its id."""
        if self._guild is None:
            raise ApiError(404, 10011, "There are no roles in direct messages.")
        role = find_role(self._guild, ref)
        self._add("roles", role.id, role_json(role))
        return str(role.id)

    def channel(self, ref: Ref) -> str:
        """Add a channel; its id."""
        channel = find_channel(self._world, ref, guild_id=self._channel.guild_id)
        self._add("channels", channel.id, interaction_channel_json(self._world, channel, self._user_id))
        return str(channel.id)

    def user_or_role(self, ref: Ref) -> str:
        """Add whichever of the two `ref` names; its id."""
        try:
            return self.user(ref)
        except ApiError:
            return self.role(ref)

    def file(self, name: str, data: bytes) -> str:
        """Add an upload; its id."""
        stored = attachments.store(self._world, self._channel.id, [Upload(0, name, data)], [])[0]
        self._add("attachments", int(stored["id"]), stored)
        return stored["id"]

    def message(self, message: Json) -> str:
        """Add a message; its id."""
        self._add("messages", int(message["id"]), message)
        return message["id"]

    def chosen(self, kind: int, values: Sequence[Ref]) -> list[str]:
        """The ids chosen in a select of that kind; a string select's values stay as they are and resolve to nothing."""
        if kind == STRING_SELECT:
            return [str(each) for each in values]
        add = {
            USER_SELECT: self.user,
            ROLE_SELECT: self.role,
            CHANNEL_SELECT: self.channel,
            MENTIONABLE_SELECT: self.user_or_role,
        }[kind]
        return [add(each) for each in values]

    def _add(self, kind: str, snowflake: int, shape: Json) -> None:
        self.json.setdefault(kind, {})[str(snowflake)] = shape


def slash_data(command: Json, path: Sequence[str], options: Mapping[str, Any], resolved: Resolved) -> Json:
    """The data of a slash command, `path` being the names of its sub-commands. Raises a sentence for bad options."""
    leaf, chain = _leaf(command, path)
    given = [_option(option, options[option["name"]], resolved) for option in leaf if option["name"] in options]
    known = [option["name"] for option in leaf]
    for name in options:
        if name not in known:
            raise ApiError(400, 50035, f"/{_title(command, path)} has no option {name!r}; it has: {known}.")
    for option in leaf:
        if option.get("required") and option["name"] not in options:
            raise ApiError(400, 50035, f"/{_title(command, path)} needs the option {option['name']!r}.")
    for kind, name in reversed(chain):
        given = [{"type": kind, "name": name, "options": given}]
    return {**_base(command), "type": CHAT, "options": given, **_resolved(resolved)}


def context_data(command: Json, target_id: str, resolved: Resolved) -> Json:
    """The data of a context menu entry."""
    kind = {"type": command["type"], "target_id": target_id}
    return {**_base(command), **kind, **_resolved(resolved)}


def autocomplete_data(command: Json, path: Sequence[str], option: str, text: str) -> Json:
    """The data of an autocompletion while `text` is being typed."""
    leaf, chain = _leaf(command, path)
    kinds = {each["name"]: each["type"] for each in leaf if each.get("autocomplete")}
    if option not in kinds:
        raise ApiError(400, 50035, f"/{_title(command, path)} completes: {', '.join(kinds) or 'nothing'}.")
    given: list[Json] = [{"type": kinds[option], "name": option, "value": text, "focused": True}]
    for kind, name in reversed(chain):
        given = [{"type": kind, "name": name, "options": given}]
    return {**_base(command), "type": CHAT, "options": given}


def is_for_messages(command: Json) -> bool:
    """Whether a context menu entry is a message's."""
    return command["type"] == ON_MESSAGE


def _base(command: Json) -> Json:
    shape = {"id": command["id"], "name": command["name"]}
    return shape | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def _resolved(resolved: Resolved) -> Json:
    return {"resolved": resolved.json} if resolved.json else {}


def _title(command: Json, path: Sequence[str]) -> str:
    return " ".join([command["name"], *path])


def _leaf(command: Json, path: Sequence[str]) -> tuple[list[Json], list[tuple[int, str]]]:
    options: list[Json] = command.get("options") or []
    chain: list[tuple[int, str]] = []
    for name in path:
        found = [each for each in options if each["name"] == name and each["type"] in (SUB_COMMAND, SUB_GROUP)]
        if not found:
            listed = ", ".join(each["name"] for each in options)
            raise ApiError(404, 10063, f"/{command['name']} has no {name!r}; it has: {listed}.")
        chain.append((found[0]["type"], name))
        options = found[0].get("options") or []
    if any(each["type"] in (SUB_COMMAND, SUB_GROUP) for each in options):
        listed = ", ".join(each["name"] for each in options)
        raise ApiError(400, 50035, f"/{_title(command, path)} needs one of: {listed}.")
    return options, chain


def _option(option: Json, value: Any, resolved: Resolved) -> Json:
    kind = option["type"]
    if kind == USER:
        value = resolved.user(value)
    elif kind == ROLE:
        value = resolved.role(value)
    elif kind == CHANNEL:
        value = resolved.channel(value)
    elif kind == MENTIONABLE:
        value = resolved.user_or_role(value)
    elif kind == ATTACHMENT:
        value = resolved.file(*value)
    else:
        value = _plain(option, value)
    return {"type": kind, "name": option["name"], "value": value}


def _plain(option: Json, value: Any) -> Any:
    name, kind = option["name"], option["type"]
    try:
        if kind == BOOLEAN:
            return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
        value = {INTEGER: int, NUMBER: float}.get(kind, str)(value)
    except (KeyError, ValueError):
        raise ApiError(400, 50035, f"The option {name!r} cannot be {value!r}.") from None
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ApiError(400, 50035, f"The option {name!r} is one of: {', '.join(map(str, choices))}.")
    size = len(value) if isinstance(value, str) else value
    least = option.get("min_length", option.get("min_value"))
    most = option.get("max_length", option.get("max_value", 6000 if isinstance(value, str) else None))
    if (least is not None and size < least) or (most is not None and size > most):
        raise ApiError(400, 50035, f"The option {name!r} goes from {least} to {most}.")
    return value
