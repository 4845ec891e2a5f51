"""Channels and threads: made, changed, deleted, under Discord's permissions."""

from __future__ import annotations

from typing import Any

from bot.sandbox import audit
from bot.sandbox.errors import ApiError, missing_permissions
from bot.sandbox.forms import Problems, snowflake
from bot.sandbox.permissions import EVERYTHING, P, require, require_in_guild
from bot.sandbox.shapes import channel_json, page_channel_json
from bot.sandbox.world import (
    CATEGORY,
    DM,
    FORUM,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    Event,
    Guild,
    Json,
    Overwrite,
    ThreadInfo,
    World,
)

MOST_SLOWMODE = 21600


def create(world: World, guild: Guild, *, actor_id: int, body: Json, reason: str | None) -> Channel:
    """Make a text channel, category or forum. Raises 50013 for overwrites that the actor could not grant."""
    held = require_in_guild(guild, actor_id, P.MANAGE_CHANNELS)
    problems = Problems()
    name = problems.text("name", body.get("name"), least=1, most=100, required=True)
    kind = body.get("type") or TEXT
    problems.one_of("type", kind, (TEXT, CATEGORY, FORUM))
    problems.text("topic", body.get("topic"), most=1024)
    slowmode = _slowmode(problems, body.get("rate_limit_per_user"))
    problems.raise_any()
    channel = Channel(
        id=world.snowflakes.make(),
        type=kind,
        name=name if kind == CATEGORY else name.lower().replace(" ", "-"),
        guild_id=guild.id,
        parent_id=None
        if body.get("parent_id") is None
        else world.channel(snowflake("parent_id", body["parent_id"])).id,
        position=body.get("position") or len(list(world.channels_of(guild.id, threads=False))),
        topic=body.get("topic"),
        nsfw=bool(body.get("nsfw")),
        slowmode_seconds=slowmode,
    )
    if body.get("permission_overwrites") is not None:
        channel.overwrites = _overwrites(held, body["permission_overwrites"])
    elif channel.parent_id is not None:
        channel.overwrites = dict(world.channels[channel.parent_id].overwrites)
    world.channels[channel.id] = channel
    announce(world, "CHANNEL_CREATE", channel)
    audit.record(world, guild.id, audit.CHANNEL_CREATE, by=actor_id, target=channel.id, reason=reason)
    return channel


def change(world: World, channel: Channel, *, actor_id: int, body: Json, reason: str | None) -> Channel:
    """Change a channel's or thread's settings."""
    if channel.guild_id is None:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    own_thread = channel.thread is not None and channel.thread.owner_id == actor_id
    needed = P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS
    held = require(world, channel, actor_id, 0 if own_thread else needed)
    problems = Problems()
    name = problems.text("name", body.get("name", channel.name), least=1, most=100)
    topic = problems.text("topic", body.get("topic", channel.topic), most=1024)
    slowmode = _slowmode(problems, body.get("rate_limit_per_user", channel.slowmode_seconds))
    problems.raise_any()
    changes = _changes(channel, name=name, topic=topic or None, rate_limit_per_user=slowmode)
    if "permission_overwrites" in body:
        if not held & P.MANAGE_ROLES:
            raise missing_permissions()
        channel.overwrites = _overwrites(held, body["permission_overwrites"] or [])
    channel.name, channel.topic = name, topic or None
    channel.nsfw = bool(body.get("nsfw", channel.nsfw))
    channel.slowmode_seconds = slowmode
    if channel.thread is not None:
        archived = bool(body.get("archived", channel.thread.archived))
        if archived and not channel.thread.archived:
            channel.thread.archived_at = world.clock.now()
        channel.thread.archived = archived
        channel.thread.locked = bool(body.get("locked", channel.thread.locked))
    announce(world, "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)
    done = audit.THREAD_UPDATE if channel.is_thread else audit.CHANNEL_UPDATE
    audit.record(world, channel.guild_id, done, by=actor_id, target=channel.id, reason=reason, changes=changes)
    return channel


def _slowmode(problems: Problems, seconds: Any) -> int:
    return 0 if seconds is None else problems.whole("rate_limit_per_user", seconds, least=0, most=MOST_SLOWMODE)


def _changes(channel: Channel, **new: Any) -> list[Json]:
    """What the audit log says of a change, field by field."""
    old = {"name": channel.name, "topic": channel.topic, "rate_limit_per_user": channel.slowmode_seconds}
    return [{"key": key, "old_value": old[key], "new_value": value} for key, value in new.items() if old[key] != value]


def set_overwrite(world: World, channel: Channel, *, actor_id: int, target_id: int, body: Json) -> None:
    """Allow or deny a role or member in a channel."""
    held = require(world, channel, actor_id, P.MANAGE_ROLES)
    channel.overwrites |= _overwrites(held, [{**body, "id": target_id}])
    announce(world, "CHANNEL_UPDATE", channel)


def delete(world: World, channel: Channel, *, actor_id: int, reason: str | None) -> Json:
    """Delete a channel with its threads; a direct conversation is only closed. The channel as it was."""
    shape = channel_json(world, channel)
    if channel.guild_id is None:
        return shape
    require(world, channel, actor_id, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
    for thread in [each for each in world.channels.values() if each.is_thread and each.parent_id == channel.id]:
        del world.channels[thread.id]
    announce(world, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
    del world.channels[channel.id]
    audit.record(world, channel.guild_id, audit.CHANNEL_DELETE, by=actor_id, target=channel.id, reason=reason)
    return shape


def open_thread(world: World, parent: Channel, *, actor_id: int, body: Json, message_id: int | None = None) -> Channel:
    """A thread, from `message_id` where it is given (its id is then the message's), or a forum's post, still empty."""
    kind = PUBLIC_THREAD if parent.type == FORUM or message_id is not None else body.get("type", PRIVATE_THREAD)
    forum = parent.type == FORUM
    creates = P.CREATE_PUBLIC_THREADS if kind == PUBLIC_THREAD else P.CREATE_PRIVATE_THREADS
    require(world, parent, actor_id, P.SEND_MESSAGES if forum else creates)
    if parent.type in (DM, CATEGORY) or parent.is_thread or parent.guild_id is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    problems = Problems()
    name = problems.text("name", body.get("name"), least=1, most=100, required=True)
    problems.one_of("auto_archive_duration", body.get("auto_archive_duration") or 1440, (60, 1440, 4320, 10080))
    problems.raise_any()
    if message_id is not None:
        world.message(parent.id, message_id)
        if message_id in world.channels:
            raise ApiError(400, 160004, "A thread has already been created for this message")
    thread = Channel(
        id=message_id or world.snowflakes.make(),
        type=kind,
        name=name,
        guild_id=parent.guild_id,
        parent_id=parent.id,
        thread=ThreadInfo(
            owner_id=actor_id,
            created_at=world.clock.now(),
            auto_archive_minutes=body.get("auto_archive_duration") or 1440,
        ),
    )
    world.channels[thread.id] = thread
    announce(world, "THREAD_CREATE", thread, newly_created=True)
    return thread


def open_dm(world: World, one: int, other: int) -> Channel:
    """The direct conversation of two users, made if it is not there yet."""
    for channel in world.channels.values():
        if channel.type == DM and set(channel.recipients) == {one, other}:
            return channel
    channel = Channel(id=world.snowflakes.make(), type=DM, recipients=(one, other))
    world.channels[channel.id] = channel
    world.emit(Event("CHANNEL_CREATE", page_channel_json(world, channel), channel_id=channel.id, audience="page"))
    return channel


def announce(world: World, name: str, channel: Channel, **more: Any) -> None:
    """Emit a channel event."""
    world.emit(Event(name, {**channel_json(world, channel), **more}, channel.guild_id, channel.id))


def _overwrites(held: int, asked: list[Json]) -> dict[int, Overwrite]:
    found: dict[int, Overwrite] = {}
    for index, each in enumerate(asked):
        target = snowflake(f"permission_overwrites.{index}.id", each.get("id"))
        overwrite = Overwrite(
            id=target, type=int(each.get("type", 0)), allow=int(each.get("allow") or 0), deny=int(each.get("deny") or 0)
        )
        # Nobody hands out what they do not hold, and only administrators let others manage permissions of a channel.
        beyond = (overwrite.allow | overwrite.deny) & ~held
        if held != EVERYTHING and (beyond or overwrite.allow & P.MANAGE_ROLES):
            raise missing_permissions()
        found[target] = overwrite
    return found
