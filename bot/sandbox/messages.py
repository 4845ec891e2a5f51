"""Messages: composed, posted, revised, deleted, for the bot and the members alike.

A stored message is never changed in place: a revision is a new object, so what was sent out stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.sandbox import attachments, audit
from bot.sandbox.attachments import Upload
from bot.sandbox.clock import iso
from bot.sandbox.component_forms import shown_text, stored_components
from bot.sandbox.errors import ApiError, unknown
from bot.sandbox.mentions import mentions_of
from bot.sandbox.message_forms import BOT_CONTENT, COMPONENTS_V2, MEMBER_CONTENT, SETTABLE, check_message
from bot.sandbox.permissions import P, require
from bot.sandbox.references import answered, forwarded, poll_of
from bot.sandbox.shapes import member_json, user_json
from bot.sandbox.snowflakes import made_at
from bot.sandbox.world import DM, Channel, Event, Json, World

_BULK_AGE = timedelta(days=14)
NONCE_KEPT = timedelta(minutes=5)


def post(world: World, *, author_id: int, channel: Channel, body: Json, uploads: Sequence[Upload] = ()) -> Json:
    """Post what the body asks for, as the author. Raises Discord's errors; the raw message as the gateway sends it."""
    held = require(world, channel, author_id, _needed(channel, body, uploads))
    posted = _posted_before(world, author_id, channel, body)
    if posted is not None:
        return with_member(world, channel, posted)
    _check_dm(world, channel, author_id)
    if channel.thread is not None and channel.thread.locked and not held & P.MANAGE_THREADS:
        raise ApiError(403, 160005, "This thread is locked")
    _check_slow_mode(world, channel, author_id, held)
    reference = body.get("message_reference")
    forward = bool(reference) and reference.get("type", 0) == 1
    extra: Json = {}
    if reference:
        extra = forwarded(world, author_id, reference) if forward else answered(channel, held, reference)
    message = compose(world, author_id=author_id, channel=channel, body=body, uploads=uploads, held=held, extra=extra)
    return publish(world, channel, message)


def _posted_before(world: World, author_id: int, channel: Channel, body: Json) -> Json | None:
    """The author's message of the last minutes with the same nonce, where the body asks that there be one alone."""
    if not body.get("enforce_nonce") or body.get("nonce") is None:
        return None
    since = world.clock.now() - NONCE_KEPT
    for message in reversed(channel.messages.values()):
        if made_at(int(message["id"])) < since:
            break
        if message["author"]["id"] == str(author_id) and message.get("nonce") == body["nonce"]:
            return message
    return None


def _check_slow_mode(world: World, channel: Channel, author_id: int, held: int) -> None:
    """Bots, and who may manage messages or the channel, are not slowed down. Raises 20016."""
    exempt = world.user(author_id).bot or held & (P.MANAGE_MESSAGES | P.MANAGE_CHANNELS)
    if not channel.slowmode_seconds or exempt:
        return
    mine = (each for each in reversed(channel.messages.values()) if each["author"]["id"] == str(author_id))
    newest = next(mine, None)
    if newest is None:
        return
    waited = world.clock.now() - datetime.fromisoformat(newest["timestamp"])
    if waited < timedelta(seconds=channel.slowmode_seconds):
        raise ApiError(429, 20016, "This action cannot be performed due to slowmode rate limit.")


def publish(world: World, channel: Channel, message: Json) -> Json:
    """Put a composed message into its channel and tell everybody."""
    message_id = int(message["id"])
    channel.messages[message_id] = message
    channel.last_message_id = message_id
    if channel.thread is not None:
        channel.thread.archived = False
    return announce(world, "MESSAGE_CREATE", channel, message)


def announce(world: World, name: str, channel: Channel, message: Json) -> Json:
    """Emit a message event; the message with `guild_id` and the author's `member`, as the gateway sends it."""
    data = with_member(world, channel, message)
    world.emit(Event(name, data, channel.guild_id, channel.id))
    return data


def with_member(world: World, channel: Channel, message: Json) -> Json:
    """A message as the gateway and interactions carry it."""
    if channel.guild_id is None:
        return {**message, "channel_type": channel.type}
    data = {**message, "guild_id": str(channel.guild_id), "channel_type": channel.type}
    member = world.guild(channel.guild_id).members.get(int(message["author"]["id"]))
    if member is not None and "webhook_id" not in message:
        data["member"] = member_json(member, with_user=False)
    return data


def compose(
    world: World,
    *,
    author_id: int,
    channel: Channel,
    body: Json,
    uploads: Sequence[Upload] = (),
    held: int,
    extra: Json | None = None,
    message_id: int | None = None,
) -> Json:
    """A message object, checked and not yet posted. `extra` are fields that the body does not set itself."""
    author = world.user(author_id)
    flags = (int(body.get("flags") or 0) & SETTABLE) | (extra or {}).get("flags", 0)
    most = BOT_CONTENT if author.bot else MEMBER_CONTENT
    names = [upload.filename for upload in uploads]
    check_message({**body, **(extra or {})}, filenames=names, most_content=most, flags=flags)
    message: Json = {
        "id": str(message_id or world.snowflakes.make()),
        "channel_id": str(channel.id),
        "type": 0,
        "author": user_json(author),
        "content": clean(body.get("content") or "").strip(),
        "timestamp": iso(world.clock.now()),
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "embeds": [{"type": "rich", **embed} for embed in body.get("embeds") or []],
        "attachments": attachments.store(world, channel.id, uploads, body.get("attachments") or []),
        **(extra or {}),
        "flags": flags,
    }
    if body.get("nonce") is not None:
        message["nonce"] = body["nonce"]
    if author.id == world.application.bot_id:
        message["application_id"] = str(world.application.id)
    if body.get("poll"):
        message["poll"] = poll_of(world, body["poll"])
    return _finished(world, channel, message, body, held)


def revise(
    world: World, *, channel: Channel, message: Json, body: Json, uploads: Sequence[Upload] = (), held: int
) -> Json:
    """The message as an edit makes it, checked and not yet stored. Fields that the body leaves out stay."""
    flags = message["flags"]
    if body.get("flags") is not None:
        asked = int(body["flags"]) & SETTABLE
        flags = (flags & ~(SETTABLE & ~COMPONENTS_V2)) | asked | (flags & 64)
    kept = message["attachments"]
    if body.get("attachments") is not None:
        ids = {str(each.get("id")) for each in body["attachments"]}
        kept = [each for each in kept if each["id"] in ids]
    names = [each["filename"] for each in kept] + [upload.filename for upload in uploads]
    merged = {key: body[key] if key in body else message.get(key) for key in ("content", "embeds", "components")}
    merged |= {"allowed_mentions": body.get("allowed_mentions"), "message_snapshots": message.get("message_snapshots")}
    most = BOT_CONTENT if message["author"]["bot"] else MEMBER_CONTENT
    check_message({**merged, "poll": message.get("poll")}, filenames=names, most_content=most, flags=flags)
    stored = attachments.store(world, channel.id, uploads, body.get("attachments") or [])
    revised = {
        **message,
        "content": clean(merged["content"] or "").strip(),
        "embeds": [{"type": "rich", **embed} for embed in merged["embeds"] or []],
        "attachments": [*kept, *stored],
        "flags": flags,
        "edited_timestamp": iso(world.clock.now()),
    }
    return _finished(world, channel, revised, merged, held)


def replace(world: World, channel: Channel, message: Json) -> Json:
    """Store a revised message and tell everybody."""
    if int(message["id"]) not in channel.messages:
        raise unknown("Message")
    channel.messages[int(message["id"])] = message
    return announce(world, "MESSAGE_UPDATE", channel, message)


def edit(
    world: World, *, actor_id: int, channel: Channel, message_id: int, body: Json, uploads: Sequence[Upload] = ()
) -> Json:
    """Edit an own message. Raises 50005 for another's."""
    held = require(world, channel, actor_id, 0)
    message = world.message(channel.id, message_id)
    if message["author"]["id"] != str(actor_id):
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    revised = revise(world, channel=channel, message=message, body=body, uploads=uploads, held=held)
    return replace(world, channel, revised)


def delete(world: World, *, actor_id: int, channel: Channel, message_id: int, reason: str | None = None) -> None:
    """Delete an own message, or with Manage Messages another's. A bot's own deletes are not in the audit log."""
    held = require(world, channel, actor_id, 0)
    message = world.message(channel.id, message_id)
    if message["author"]["id"] != str(actor_id):
        if channel.guild_id is None:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        require(world, channel, actor_id, P.MANAGE_MESSAGES)
        if held and not world.user(actor_id).bot:
            audit.record(
                world,
                channel.guild_id,
                audit.MESSAGE_DELETE,
                by=actor_id,
                target=int(message["author"]["id"]),
                reason=reason,
                options={"channel_id": str(channel.id), "count": "1"},
            )
    remove(world, channel, message_id)


def remove(world: World, channel: Channel, message_id: int) -> None:
    """Take a message away, whoever wanted it, and tell everybody."""
    channel.messages.pop(message_id, None)
    data: Json = {"id": str(message_id), "channel_id": str(channel.id)}
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    world.emit(Event("MESSAGE_DELETE", data, channel.guild_id, channel.id))


def bulk_delete(world: World, *, actor_id: int, channel: Channel, message_ids: list[int], reason: str | None) -> None:
    """Delete 2 to 100 messages at once. Raises 50034 if one is older than 14 days."""
    require(world, channel, actor_id, P.MANAGE_MESSAGES)
    if channel.guild_id is None:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    if not 2 <= len(message_ids) <= 100:
        raise ApiError(
            400,
            50016,
            "Provided too few or too many messages to delete. Must provide at least 2 and at most 100.",
        )
    if any(world.clock.now() - made_at(each) > _BULK_AGE for each in message_ids):
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    gone = [each for each in message_ids if channel.messages.pop(each, None) is not None]
    data = {"ids": [str(each) for each in gone], "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
    world.emit(Event("MESSAGE_DELETE_BULK", data, channel.guild_id, channel.id))
    audit.record(
        world,
        channel.guild_id,
        audit.MESSAGE_BULK_DELETE,
        by=actor_id,
        target=channel.id,
        reason=reason,
        options={"count": str(len(gone))},
    )


def clean(text: str) -> str:
    """Text as it can travel: a lone surrogate has no UTF-8 form and becomes the replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _needed(channel: Channel, body: Json, uploads: Sequence[Upload]) -> int:
    needed = P.VIEW_CHANNEL | (P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES)
    if channel.guild_id is None:
        return int(P.VIEW_CHANNEL)
    if body.get("embeds"):
        needed |= P.EMBED_LINKS
    if uploads:
        needed |= P.ATTACH_FILES
    if body.get("poll"):
        needed |= P.SEND_POLLS
    return int(needed)


def _check_dm(world: World, channel: Channel, author_id: int) -> None:
    if channel.type != DM:
        return
    other = world.user(next(each for each in channel.recipients if each != author_id))
    author = world.user(author_id)
    shared = any(author_id in guild.members and other.id in guild.members for guild in world.guilds.values())
    if author.bot and (other.bot or not other.takes_dms or not shared):
        raise ApiError(403, 50007, "Cannot send messages to this user")


def _finished(world: World, channel: Channel, message: Json, body: Json, held: int) -> Json:
    """Components numbered and linked to the files, and whom the message calls."""
    files = {each["filename"]: each for each in message["attachments"]}
    components = stored_components(body.get("components") or [], files)
    guild = None if channel.guild_id is None else world.guild(channel.guild_id)
    original = message.get("referenced_message")
    replied_to = int(original["author"]["id"]) if original else None
    text = f"{message['content']}\n{shown_text(components)}"
    called = mentions_of(text, body.get("allowed_mentions"), guild=guild, held=held, replied_to=replied_to)
    return {
        **message,
        "components": components,
        "mentions": [user_json(world.users[each]) for each in called.user_ids if each in world.users],
        "mention_roles": [str(each) for each in called.role_ids],
        "mention_everyone": called.everyone,
    }
