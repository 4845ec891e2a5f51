"""Webhooks of channels: made by the bot or by somebody else, and the messages that come through them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from bot.sandbox import messages
from bot.sandbox.attachments import Upload
from bot.sandbox.errors import ApiError, bad_form, problem, unknown
from bot.sandbox.permissions import EVERYTHING
from bot.sandbox.shapes import user_json
from bot.sandbox.world import FORUM, Channel, Event, Json, World


def make(world: World, channel: Channel, *, name: str, by: int) -> Json:
    """A webhook of the channel, made by the account `by`. Raises 50035 for names that Discord keeps for itself."""
    _check_name("name", name)
    webhook: Json = {
        "id": str(world.snowflakes.make()),
        "type": 1,
        "token": secrets.token_urlsafe(48),
        "name": name,
        "avatar": None,
        "channel_id": str(channel.id),
        "guild_id": str(channel.guild_id),
        "application_id": str(world.application.id) if by == world.application.bot_id else None,
        "user": user_json(world.user(by)),
    }
    world.webhooks[int(webhook["id"])] = webhook
    place = {"guild_id": webhook["guild_id"], "channel_id": webhook["channel_id"]}
    world.emit(Event("WEBHOOKS_UPDATE", place, channel.guild_id, channel.id, audience="bot"))
    return webhook


def execute(
    world: World, webhook: Json, body: Json, uploads: Sequence[Upload] = (), *, thread_id: int | None = None
) -> Json:
    """Post through a webhook into its channel, or into a thread of it; the raw message.

    Raises 10003 for a thread of another channel, 220001 for a forum without a thread.
    """
    channel = world.channel(int(webhook["channel_id"]))
    if thread_id is not None:
        if world.channel(thread_id).parent_id != channel.id:
            raise unknown("Channel")
        channel = world.channel(thread_id)
    elif channel.type == FORUM:
        raise ApiError(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    name = body.get("username") or webhook["name"]
    _check_name("username", name)
    message = messages.compose(
        world,
        author_id=int(webhook["user"]["id"]),
        channel=channel,
        body=body,
        uploads=uploads,
        held=EVERYTHING,
        extra={"webhook_id": webhook["id"]},
    )
    author = {"id": webhook["id"], "username": name, "global_name": None, "discriminator": "0000"}
    message["author"] = {**author, "avatar": None, "bot": True}
    return messages.publish(world, channel, message)


def _check_name(path: str, name: str) -> None:
    if not 1 <= len(name) <= 80 or re.search("discord|clyde", name, re.IGNORECASE):
        text = 'Username cannot contain "discord" or "clyde" and has 1 to 80 characters.'
        raise bad_form({path: problem("USERNAME_INVALID_CONTAINS", text)})
