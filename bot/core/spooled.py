"""What waits in the spool while the database is away, and its form on disk.

The least that is needed later: of a message its ids, since Discord has the text. Only a message that the last known
rules flag is kept whole: its case will keep the text anyway, and its author may delete it meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage, Person, TextPart

DATABASE_AWAY = "database away"
"""Why a message that comes out of the spool is unscored at first."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """These messages were deleted on Discord, and these channels or threads with all that stood in them."""

    guild_id: int
    message_ids: tuple[int, ...] = ()
    channel_ids: tuple[int, ...] = ()


Spooled = MessageKey | IncomingMessage | Deletion


def key_of(message: IncomingMessage) -> MessageKey:
    """The message's ids alone."""
    return MessageKey(message.guild_id, message.channel_id, message.message_id, message.revision, why=DATABASE_AWAY)


def to_json(entry: Spooled) -> str:
    """The entry on one line."""
    kind = {MessageKey: "ids", IncomingMessage: "message", Deletion: "deletion"}[type(entry)]
    return json.dumps([kind, asdict(entry)], default=_plain, separators=(",", ":"))


def from_json(line: str) -> Spooled:
    """The inverse of `to_json`. Raises ValueError for anything else."""
    try:
        kind, data = json.loads(line)
        match kind:
            case "ids":
                return MessageKey(**data)
            case "deletion":
                # An earlier version wrote none of channels.
                return Deletion(data["guild_id"], tuple(data["message_ids"]), tuple(data.get("channel_ids", ())))
            case "message":
                return _message(data)
    except (KeyError, TypeError) as error:
        raise ValueError("not an entry of the spool") from error
    raise ValueError("not an entry of the spool")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else sorted(value)


def _message(data: Mapping[str, Any]) -> IncomingMessage:
    known = {field.name for field in fields(IncomingMessage)}
    author = dict(data["author"])
    joined_at = author["joined_at"]
    person = Person(
        author["user_id"],
        author["name"],
        joined_at=datetime.fromisoformat(joined_at) if joined_at else None,
        role_ids=frozenset(author["role_ids"]),
    )
    values = {name: value for name, value in data.items() if name in known}
    values |= {
        "author": person,
        "parts": tuple(TextPart(**part) for part in data["parts"]),
        "created_at": datetime.fromisoformat(data["created_at"]),
        "seen_at": datetime.fromisoformat(data["seen_at"]),
        "category_ids": frozenset(data["category_ids"]),
        "reply_to": tuple(data["reply_to"]) if data["reply_to"] else None,
    }
    return IncomingMessage(**values)
