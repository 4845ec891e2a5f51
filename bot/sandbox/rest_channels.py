"""REST: channels, overwrites, threads, direct messages."""

from __future__ import annotations

from datetime import datetime

from bot.sandbox import channels, messages
from bot.sandbox.errors import ApiError
from bot.sandbox.forms import snowflake
from bot.sandbox.permissions import P, channel_permissions, require
from bot.sandbox.rest import Call, Route
from bot.sandbox.shapes import channel_json
from bot.sandbox.world import FORUM, PUBLIC_THREAD, Json


def get(call: Call) -> Json:
    """One channel or thread."""
    channel = call.world.channel(call.id("channel_id"))
    require(call.world, channel, call.bot_id, 0)
    return channel_json(call.world, channel)


def of_guild(call: Call) -> list[Json]:
    """All channels of a guild, without threads."""
    guild = call.world.guild(call.id("guild_id"))
    return [channel_json(call.world, each) for each in call.world.channels_of(guild.id, threads=False)]


def create(call: Call) -> Json:
    """Make a channel."""
    guild = call.world.guild(call.id("guild_id"))
    made = channels.create(call.world, guild, actor_id=call.bot_id, body=call.form(), reason=call.reason)
    return channel_json(call.world, made)


def change(call: Call) -> Json:
    """Change a channel or thread."""
    channel = call.world.channel(call.id("channel_id"))
    channels.change(call.world, channel, actor_id=call.bot_id, body=call.form(), reason=call.reason)
    return channel_json(call.world, channel)


def delete(call: Call) -> Json:
    """Delete a channel or thread."""
    channel = call.world.channel(call.id("channel_id"))
    return channels.delete(call.world, channel, actor_id=call.bot_id, reason=call.reason)


def set_overwrite(call: Call) -> None:
    """Allow or deny somebody something in a channel."""
    channel = call.world.channel(call.id("channel_id"))
    target = call.id("overwrite_id")
    channels.set_overwrite(call.world, channel, actor_id=call.bot_id, target_id=target, body=call.form())


def open_thread(call: Call) -> Json:
    """Open a thread, or in a forum a post with its first message."""
    world = call.world
    parent = world.channel(call.id("channel_id"))
    body = call.form()
    message_id = call.id("message_id") if "message_id" in call.ids else None
    thread = channels.open_thread(world, parent, actor_id=call.bot_id, body=body, message_id=message_id)
    if parent.type != FORUM:
        return channel_json(world, thread)
    first = messages.post(
        world, author_id=call.bot_id, channel=thread, body=body.get("message") or {}, uploads=call.uploads
    )
    return {**channel_json(world, thread), "message": first}


def active_threads(call: Call) -> Json:
    """The guild's open threads that the bot can see."""
    guild = call.world.guild(call.id("guild_id"))
    seen = [
        channel_json(call.world, each)
        for each in call.world.channels_of(guild.id, threads=True)
        if each.thread is not None
        and not each.thread.archived
        and channel_permissions(call.world, each, call.bot_id) & P.VIEW_CHANNEL
    ]
    return {"threads": seen, "members": []}


def archived_threads(call: Call) -> Json:
    """The channel's public archived threads, those first that were archived last."""
    parent = call.world.channel(call.id("channel_id"))
    require(call.world, parent, call.bot_id, P.READ_MESSAGE_HISTORY)
    limit = call.number("limit", 50, least=2, most=100)
    threads = [
        channel_json(call.world, each)
        for each in call.world.channels.values()
        if each.parent_id == parent.id
        and each.type == PUBLIC_THREAD
        and each.thread is not None
        and each.thread.archived
    ]
    before = call.query.get("before")
    found = sorted(
        (each for each in threads if before is None or _archived_at(each) < datetime.fromisoformat(before)),
        key=_archived_at,
        reverse=True,
    )
    return {"threads": found[:limit], "members": [], "has_more": len(found) > limit}


def _archived_at(thread: Json) -> datetime:
    return datetime.fromisoformat(thread["thread_metadata"]["archive_timestamp"])


def join_thread(call: Call) -> None:
    """Being in a thread changes nothing here."""
    require(call.world, call.world.channel(call.id("channel_id")), call.bot_id, 0)


def open_dm(call: Call) -> Json:
    """The direct conversation with somebody; whether they take messages shows only as one is sent."""
    user = call.world.user(snowflake("recipient_id", call.form().get("recipient_id")))
    if user.id == call.bot_id:
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    return channel_json(call.world, channels.open_dm(call.world, call.bot_id, user.id))


ROUTES: tuple[Route, ...] = (
    ("GET", "/channels/{channel_id}", get),
    ("PATCH", "/channels/{channel_id}", change),
    ("DELETE", "/channels/{channel_id}", delete),
    ("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", set_overwrite),
    ("POST", "/channels/{channel_id}/threads", open_thread),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", open_thread),
    ("GET", "/channels/{channel_id}/threads/archived/public", archived_threads),
    ("PUT", "/channels/{channel_id}/thread-members/@me", join_thread),
    ("GET", "/guilds/{guild_id}/channels", of_guild),
    ("POST", "/guilds/{guild_id}/channels", create),
    ("GET", "/guilds/{guild_id}/threads/active", active_threads),
    ("POST", "/users/@me/channels", open_dm),
)
