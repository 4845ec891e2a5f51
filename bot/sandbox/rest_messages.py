"""REST: messages, history, bulk delete, pins of nobody."""

from __future__ import annotations

from bot.sandbox import messages
from bot.sandbox.forms import snowflake
from bot.sandbox.permissions import P, require
from bot.sandbox.rest import Call, Route
from bot.sandbox.world import Json


def history(call: Call) -> list[Json]:
    """Newest first, or around a message; without Read Message History nothing."""
    channel = call.world.channel(call.id("channel_id"))
    held = require(call.world, channel, call.bot_id, 0)
    if channel.guild_id is not None and not held & P.READ_MESSAGE_HISTORY:
        return []
    limit = call.number("limit", 50, least=1, most=100)
    ids = sorted(channel.messages)
    if "around" in call.query:
        middle = snowflake("around", call.query["around"])
        older = [each for each in ids if each < middle][-(limit // 2) :]
        newer = [each for each in ids if each >= middle][: limit - len(older)]
        ids = older + newer
    elif "after" in call.query:
        after = snowflake("after", call.query["after"])
        ids = [each for each in ids if each > after][:limit]
    elif "before" in call.query:
        before = snowflake("before", call.query["before"])
        ids = [each for each in ids if each < before][-limit:]
    else:
        ids = ids[-limit:]
    return [channel.messages[each] for each in reversed(ids)]


def get(call: Call) -> Json:
    """One message."""
    channel = call.world.channel(call.id("channel_id"))
    require(call.world, channel, call.bot_id, P.READ_MESSAGE_HISTORY)
    return call.world.message(channel.id, call.id("message_id"))


def create(call: Call) -> Json:
    """Post a message."""
    channel = call.world.channel(call.id("channel_id"))
    return messages.post(call.world, author_id=call.bot_id, channel=channel, body=call.form(), uploads=call.uploads)


def edit(call: Call) -> Json:
    """Edit an own message."""
    return messages.edit(
        call.world,
        actor_id=call.bot_id,
        channel=call.world.channel(call.id("channel_id")),
        message_id=call.id("message_id"),
        body=call.form(),
        uploads=call.uploads,
    )


def delete(call: Call) -> None:
    """Delete a message."""
    messages.delete(
        call.world,
        actor_id=call.bot_id,
        channel=call.world.channel(call.id("channel_id")),
        message_id=call.id("message_id"),
        reason=call.reason,
    )


def bulk_delete(call: Call) -> None:
    """Delete several messages."""
    messages.bulk_delete(
        call.world,
        actor_id=call.bot_id,
        channel=call.world.channel(call.id("channel_id")),
        message_ids=[snowflake("messages", each) for each in call.form().get("messages") or []],
        reason=call.reason,
    )


def typing(call: Call) -> None:
    """Typing is taken and shown to nobody."""
    require(call.world, call.world.channel(call.id("channel_id")), call.bot_id, P.SEND_MESSAGES)


ROUTES: tuple[Route, ...] = (
    ("GET", "/channels/{channel_id}/messages", history),
    ("POST", "/channels/{channel_id}/messages", create),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", bulk_delete),
    ("GET", "/channels/{channel_id}/messages/{message_id}", get),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete),
    ("POST", "/channels/{channel_id}/typing", typing),
)
