"""Finding what a caller names: an id, digits, or a name such as "Mia", "#general" or "@Moderator"."""

from __future__ import annotations

from bot.sandbox.errors import ApiError
from bot.sandbox.world import Channel, Guild, Role, User, World

Ref = int | str


def find_user(world: World, ref: Ref) -> User:
    """The account by id or name. Raises a sentence where there is none."""
    number = _number(ref)
    if number is not None:
        return world.user(number)
    name = str(ref).removeprefix("@").lower()
    for user in world.users.values():
        if user.name.lower() == name:
            return user
    raise ApiError(404, 10013, f"There is no user named {ref!r}.")


def find_channel(world: World, ref: Ref, *, guild_id: int | None = None) -> Channel:
    """The channel or thread by id or name. Raises a sentence where there is none."""
    number = _number(ref)
    if number is not None:
        return world.channel(number)
    name = str(ref).removeprefix("#").lower()
    for channel in world.channels.values():
        if channel.name.lower() == name and name and guild_id in (None, channel.guild_id):
            return channel
    raise ApiError(404, 10003, f"There is no channel named {ref!r}.")


def find_role(guild: Guild, ref: Ref) -> Role:
    """The role by id or name. Raises a sentence where there is none."""
    number = _number(ref)
    name = str(ref).removeprefix("@").lower()
    for role in guild.roles.values():
        if role.id == number or (number is None and role.name.removeprefix("@").lower() == name):
            return role
    raise ApiError(404, 10011, f"There is no role {ref!r}.")


def message_id_of(ref: Ref) -> int:
    """A message's id, also where it comes as digits."""
    number = _number(ref)
    if number is None:
        raise ApiError(404, 10008, f"{ref!r} is no message id.")
    return number


def channel_of_message(world: World, message_id: int) -> Channel:
    """Where a message stands, or 10008."""
    for channel in world.channels.values():
        if message_id in channel.messages:
            return channel
    raise ApiError(404, 10008, "Unknown Message")


def _number(ref: Ref) -> int | None:
    if isinstance(ref, int):
        return ref
    return int(ref) if ref.isascii() and ref.isdigit() else None
