"""Nicknames and titles of threads, as the pass takes them.

Discord tells of members who rename themselves only with the privileged members intent, which the bot does without: a
nickname is looked at when its bearer writes, and that is when others see it. Of a new title Discord does not say who
gave it; it stands under the member whose thread it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import structlog

from bot.chat.listener import person, places_above
from bot.chat.messages import UNANSWERED, member_of
from bot.chat.scope import default_scope
from bot.core.events import IncomingMessage, PartKind, Person, TextPart, clean

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)


def nickname(message: discord.Message, looked_at: IncomingMessage) -> IncomingMessage | None:
    """The name under which the member wrote `message`; None where there is none to look at.

    The card names the member by the account's own name, and leads to the message.
    """
    if looked_at.by_webhook or looked_at.trial or message.author.display_name == message.author.name:
        return None
    return replace(
        looked_at,
        subject="nickname",
        message_id=message.author.id,
        revision=0,
        author=replace(looked_at.author, name=clean(message.author.name)),
        parts=_parts("nickname", message.author.display_name),
        reply_to=None,
    )


async def title(bot: CandorBot, thread: discord.Thread) -> IncomingMessage | None:
    """The thread's title under its owner; None for threads of bots and titles that were looked at before.

    Raises what discord.py raises, and whatever comes of a title that is no text.
    """
    if bot.flows.names.has_seen(guild_id=thread.guild.id, named_id=thread.id, text=clean(thread.name)):
        return None
    owner = await member_of(thread.guild, thread.owner_id)
    if owner is not None and owner.bot:
        return None
    scope, now = default_scope(thread), discord.utils.utcnow()
    return IncomingMessage(
        guild_id=thread.guild.id,
        channel_id=thread.id,
        channel_name=clean(thread.name),
        message_id=thread.id,
        revision=0,
        author=person(owner) if owner is not None else Person(thread.owner_id, str(thread.owner_id)),
        parts=_parts("title", thread.name),
        created_at=now,
        seen_at=now,
        jump_url=thread.jump_url,
        category_ids=places_above(thread),
        in_default_scope=scope.left_alone is None,
        in_vent=scope.vent,
        subject="title",
    )


async def look_at_title(bot: CandorBot, thread: discord.Thread) -> None:
    """Have the thread's title judged, if it is a new one. Where Discord does not answer, when it changes next."""
    name = None
    with bot.unreadable.reading("title", thread_id=thread.id):
        try:
            name = await title(bot, thread)
        except UNANSWERED as error:
            log.warning("title_unread", thread_id=thread.id, why=type(error).__name__)
    if name is not None:
        await bot.flows.names.look(name)


def _parts(kind: PartKind, name: str) -> tuple[TextPart, ...]:
    cleaned = clean(name)
    return (TextPart(kind, cleaned),) if cleaned.strip() else ()
