"""What happened on the server, as frozen values, cleaned once at the entrance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PartKind = Literal["content", "forward", "poll", "embed", "title", "nickname"]
Subject = Literal["message", "nickname", "title"]

PART_TITLES: Mapping[str, str] = {
    "content": "message",
    "forward": "forwarded message",
    "poll": "poll",
    "embed": "embed",
    "title": "thread title",
    "nickname": "nickname",
}


@dataclass(frozen=True, slots=True)
class TextPart:
    """One piece of text that a message shows, and where it stands in it."""

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class Person:
    """A member as cards and decisions need one. `joined_at` is None where Discord did not say."""

    user_id: int
    name: str
    joined_at: datetime | None = None
    role_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One chat message in one revision.

    `revision` is 0 for the message as it was posted, else the edit's time in milliseconds since 1970: the pair
    (`message_id`, `revision`) names it for ever. `parts` holds only text that is not blank. `category_ids` are the
    channels whose exemption also covers this one: the thread's parent and the category. `by_webhook`: the author is no
    member and can only have messages deleted. `in_default_scope`: everybody can read the channel, and it is none of
    those that a new guild leaves alone. `in_vent`: it is one for bad days, where only cries for help and threats count.
    `subject`: a nickname and a thread's title are looked at like messages; `message_id` is then the member's or the
    thread's id, `channel_id` and `jump_url` where it was seen. `trial`: an administrator tries the bot; it is looked at
    although staff is left alone, and nothing is done about it.
    """

    guild_id: int
    channel_id: int
    channel_name: str
    message_id: int
    revision: int
    author: Person
    parts: tuple[TextPart, ...]
    created_at: datetime
    seen_at: datetime
    jump_url: str
    category_ids: frozenset[int] = frozenset()
    by_webhook: bool = False
    in_default_scope: bool = True
    in_vent: bool = False
    trial: bool = False
    by_staff: bool = False
    reply_to: tuple[str, str] | None = field(default=None, repr=False)
    subject: Subject = "message"

    @property
    def text(self) -> str:
        """All parts, one a line: what is stored with a case and shown on its card."""
        return "\n".join(part.text for part in self.parts)

    @property
    def forwarded(self) -> bool:
        """Whether the author passed on a message of somebody's."""
        return any(part.kind == "forward" for part in self.parts)


LARGEST_ID = 2**63 - 1
"""Ids of Discord are whole numbers up to this; so are columns of databases."""

_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)])


def clean(text: str) -> str:
    """`text` without NUL and lone surrogates, which databases, JSON and tokenizers refuse."""
    return text.translate(_UNSTORABLE)
