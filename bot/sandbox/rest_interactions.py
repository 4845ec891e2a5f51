"""REST: answers to interactions, what their tokens may do, and webhooks of channels."""

from __future__ import annotations

import secrets

from bot.sandbox import audit, callbacks, webhooks
from bot.sandbox.errors import missing_permissions, unknown
from bot.sandbox.forms import snowflake
from bot.sandbox.permissions import P, require
from bot.sandbox.rest import Call, Route
from bot.sandbox.world import Json


def callback(call: Call) -> Json | None:
    """The first answer: 200 with what was made, or 204 without `with_response`."""
    interaction = call.interactions.unanswered(call.id("interaction_id"), call.ids["interaction_token"])
    response = callbacks.answer(call.interactions, interaction, call.form(), call.uploads)
    return response if call.flag("with_response") else None


def execute(call: Call) -> Json | None:
    """A followup, or a message of a channel's webhook."""
    if call.id("webhook_id") == call.world.application.id:
        interaction = call.interactions.answered(call.ids["webhook_token"])
        return callbacks.follow_up(call.interactions, interaction, call.form(), call.uploads)
    return _execute_webhook(call)


def _message_id(call: Call) -> int | None:
    return None if call.ids["message_id"] == "@original" else call.id("message_id")


def get_message(call: Call) -> Json:
    """`@original` or a followup."""
    return callbacks.get(call.interactions, call.interactions.answered(call.ids["webhook_token"]), _message_id(call))


def edit_message(call: Call) -> Json:
    """Edit `@original` or a followup."""
    interaction = call.interactions.answered(call.ids["webhook_token"])
    return callbacks.edit(call.interactions, interaction, _message_id(call), call.form(), call.uploads)


def delete_message(call: Call) -> None:
    """Delete `@original` or a followup."""
    callbacks.delete(call.interactions, call.interactions.answered(call.ids["webhook_token"]), _message_id(call))


def create_webhook(call: Call) -> Json:
    """A webhook of a channel."""
    world, channel = call.world, call.world.channel(call.id("channel_id"))
    require(world, channel, call.bot_id, P.MANAGE_WEBHOOKS)
    webhook = webhooks.make(world, channel, name=str(call.form().get("name") or ""), by=call.bot_id)
    if channel.guild_id is not None:
        target = int(webhook["id"])
        audit.record(world, channel.guild_id, audit.WEBHOOK_CREATE, by=call.bot_id, target=target, reason=call.reason)
    return webhook


def list_webhooks(call: Call) -> list[Json]:
    """The webhooks of a channel."""
    channel = call.world.channel(call.id("channel_id"))
    require(call.world, channel, call.bot_id, P.MANAGE_WEBHOOKS)
    return [each for each in call.world.webhooks.values() if each["channel_id"] == str(channel.id)]


def delete_webhook(call: Call) -> None:
    """Take a webhook away."""
    webhook = call.world.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise unknown("Webhook")
    require(call.world, call.world.channel(int(webhook["channel_id"])), call.bot_id, P.MANAGE_WEBHOOKS)
    del call.world.webhooks[int(webhook["id"])]


def _execute_webhook(call: Call) -> Json | None:
    webhook = call.world.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise unknown("Webhook")
    if not secrets.compare_digest(str(webhook["token"]), call.ids["webhook_token"]):
        raise missing_permissions()
    thread_id = snowflake("thread_id", call.query["thread_id"]) if call.query.get("thread_id") else None
    posted = webhooks.execute(call.world, webhook, call.form(), call.uploads, thread_id=thread_id)
    return posted if call.flag("wait") else None


_MESSAGE = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
ROUTES: tuple[Route, ...] = (
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}", execute),
    ("GET", _MESSAGE, get_message),
    ("PATCH", _MESSAGE, edit_message),
    ("DELETE", _MESSAGE, delete_message),
    ("POST", "/channels/{channel_id}/webhooks", create_webhook),
    ("GET", "/channels/{channel_id}/webhooks", list_webhooks),
    ("DELETE", "/webhooks/{webhook_id}", delete_webhook),
)
