"""What a message refers to or asks: the one it answers, the one it passes on, the poll that it holds."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.clock import iso
from bot.sandbox.errors import ApiError, bad_form, problem
from bot.sandbox.forms import snowflake
from bot.sandbox.message_forms import HAS_SNAPSHOT
from bot.sandbox.permissions import P, require
from bot.sandbox.world import Channel, Json, World

_SNAPSHOT_FIELDS = (
    "type",
    "content",
    "embeds",
    "attachments",
    "timestamp",
    "edited_timestamp",
    "flags",
    "mentions",
    "mention_roles",
    "components",
)


def answered(channel: Channel, held: int, reference: Json) -> Json:
    """The fields of a reply: `held` are the author's permissions there. Raises 50035 where the message is gone."""
    message_id = snowflake("message_reference.message_id", reference.get("message_id"))
    original = channel.messages.get(message_id)
    if original is None:
        if reference.get("fail_if_not_exists", True):
            raise bad_form({"message_reference": problem("REPLIES_UNKNOWN_MESSAGE", "Unknown message")})
        return {}
    if channel.guild_id is not None and not held & P.READ_MESSAGE_HISTORY:
        raise ApiError(400, 160002, "Cannot reply without permission to read message history")
    shape = {"type": 0, "channel_id": str(channel.id), "message_id": str(message_id)}
    shape |= {} if channel.guild_id is None else {"guild_id": str(channel.guild_id)}
    return {"type": 19, "message_reference": shape, "referenced_message": original}


def forwarded(world: World, author_id: int, reference: Json) -> Json:
    """The fields of a forward, with a snapshot of what the author sees in the other channel."""
    source = world.channel(snowflake("message_reference.channel_id", reference.get("channel_id")))
    message_id = snowflake("message_reference.message_id", reference.get("message_id"))
    require(world, source, author_id, P.READ_MESSAGE_HISTORY)
    message = world.message(source.id, message_id)
    shape = {"type": 1, "channel_id": str(source.id), "message_id": str(message_id)}
    shape |= {} if source.guild_id is None else {"guild_id": str(source.guild_id)}
    snapshot = {field: message[field] for field in _SNAPSHOT_FIELDS if field in message}
    return {"message_reference": shape, "message_snapshots": [{"message": snapshot}], "flags": HAS_SNAPSHOT}


def poll_of(world: World, asked: Json) -> Json:
    """A poll object from what a request asks for."""
    answers = [{"answer_id": number, **answer} for number, answer in enumerate(asked["answers"], start=1)]
    expiry = world.clock.now() + timedelta(hours=asked.get("duration", 24))
    return {
        "question": asked["question"],
        "answers": answers,
        "expiry": iso(expiry),
        "allow_multiselect": bool(asked.get("allow_multiselect")),
        "layout_type": 1,
        "results": {"is_finalized": False, "answer_counts": []},
    }
