"""discord.Message becomes IncomingMessage: which messages are looked at, and which of their texts.

Looked at are the messages of members and of foreign plain webhooks on servers, in every kind of channel. Left out are
bots, answers of bots to commands, this bot's own messages and webhooks, and what Discord writes itself. Of a link only
what the member typed counts, not the preview that Discord fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import discord

from bot.chat.scope import default_scope
from bot.chat.unreadable import check_ids
from bot.core.events import IncomingMessage, PartKind, Person, TextPart, clean
from bot.errors import UnreadableMessage

EARLIEST, LATEST = 2014, 2200
"""Discord began in 2015."""

_WRITTEN_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})


def incoming(
    message: discord.Message,
    seen_at: datetime,
    *,
    own_application_id: int | None = None,
    member: discord.Member | None = None,
    trial: bool = False,
) -> IncomingMessage | None:
    """The message as the pass takes it, or None for one that is not looked at. Blank texts are left out.

    `member` is the author where Discord gave the message without one (fetched messages); without it the author's roles
    and joining date are unknown. `trial`: the author tries the bot out. Raises UnreadableMessage.
    """
    try:
        return _incoming(message, seen_at, own_application_id, member, trial)
    except Exception as error:  # discord.py keeps what Discord sent as it is, so any field may be of any type
        raise UnreadableMessage from error


def _incoming(
    message: discord.Message,
    seen_at: datetime,
    own_application_id: int | None,
    member: discord.Member | None,
    trial: bool,
) -> IncomingMessage | None:
    if message.guild is None or not _is_looked_at(message, own_application_id):
        return None
    check_ids(message.id, message.author.id)
    scope = default_scope(message.channel)
    return IncomingMessage(
        guild_id=message.guild.id,
        channel_id=message.channel.id,
        channel_name=clean(getattr(message.channel, "name", None) or str(message.channel.id)),
        message_id=message.id,
        revision=revision(message),
        author=person(member or message.author),
        parts=tuple(_parts(message)),
        created_at=message.created_at,
        seen_at=seen_at,
        jump_url=message.jump_url,
        category_ids=places_above(message.channel),
        by_webhook=message.webhook_id is not None,
        by_staff=_is_staff(member or message.author),
        in_default_scope=scope.left_alone is None,
        in_vent=scope.vent,
        trial=trial,
        reply_to=_reply_to(message),
    )


def _is_staff(author: discord.abc.User) -> bool:
    """Whether the author may decide cases here by a permission of their own; the owner holds all of them."""
    return isinstance(author, discord.Member) and author.guild_permissions.moderate_members


def revision(message: discord.Message) -> int:
    """0 as posted, else the time of the edit in milliseconds since 1970. Raises ValueError for a time far from ours."""
    if message.edited_at is None:
        return 0
    if not EARLIEST < message.edited_at.year < LATEST:
        raise ValueError("an edit at no possible time")
    return round(message.edited_at.timestamp() * 1000)


def person(user: discord.User | discord.Member | discord.abc.User) -> Person:
    """A member or user as the rest of the bot knows people."""
    if isinstance(user, discord.Member):
        roles = frozenset(role.id for role in user.roles if not role.is_default())
        joined_at = user.joined_at if user.joined_at is not None and user.joined_at.tzinfo is not None else None
        return Person(user.id, clean(user.display_name), joined_at=joined_at, role_ids=roles)
    return Person(user.id, clean(user.display_name))


def _is_looked_at(message: discord.Message, own_application_id: int | None) -> bool:
    if message.type not in _WRITTEN_TYPES or message.interaction_metadata is not None:
        return False
    if message.webhook_id is not None:
        return message.application_id is None or message.application_id != own_application_id
    return not message.author.bot


def _parts(message: discord.Message) -> Iterator[TextPart]:
    for kind, text in _texts(message):
        cleaned = clean(text)
        if cleaned.strip():
            yield TextPart(kind, cleaned)


def _texts(message: discord.Message) -> Iterator[tuple[PartKind, str]]:
    if isinstance(message.channel, discord.Thread) and message.channel.id == message.id:
        # The first message of a forum post carries the post's title.
        yield "title", message.channel.name
    yield "content", message.content
    for snapshot in message.message_snapshots:
        yield "forward", snapshot.content
        for embed in snapshot.embeds:
            yield "forward", _embed_text(embed)
    if message.poll is not None:
        yield "poll", "\n".join([message.poll.question, *(answer.text or "" for answer in message.poll.answers)])
    for embed in message.embeds:
        yield "embed", _embed_text(embed, written=message.webhook_id is not None)


def _embed_text(embed: discord.Embed, *, written: bool = False) -> str:
    """The texts of a written embed; nothing of a link's preview, whose words are not the member's.

    Previews of some sites are of type "rich" too, but carry the link that they preview.
    """
    if embed.type != "rich" or (embed.url is not None and not written):
        return ""
    texts = [embed.author.name, embed.title, embed.description]
    for field in embed.fields:
        texts += [field.name, field.value]
    texts.append(embed.footer.text)
    return "\n".join(text for text in texts if text)


def places_above(channel: object) -> frozenset[int]:
    """Ids of a thread's channel and of the category: exempting those exempts what lies in them."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        places: set[int | None] = {channel.parent_id, parent.category_id if parent else None}
    else:
        places = {getattr(channel, "category_id", None)}
    return frozenset(place for place in places if place is not None)


def _reply_to(message: discord.Message) -> tuple[str, str] | None:
    if message.type is not discord.MessageType.reply or message.reference is None:
        return None
    replied = message.reference.resolved
    if not isinstance(replied, discord.Message):
        return None
    return clean(replied.author.display_name), clean(replied.content)
