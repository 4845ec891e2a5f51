"""Cases about names: the same name of the same member or thread is one case, however often it is seen."""

from __future__ import annotations

from bot.core.events import IncomingMessage
from bot.store.crypto import TextKey
from bot.store.database import Database


class NameStore:
    """Numbers that stand for names; nobody without the key can tell the name from one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def revision(self, name: IncomingMessage) -> int:
        """A positive 63-bit number, always the same for this name on this server."""
        return name_revision(self._db.key, guild_id=name.guild_id, subject=name.subject, text=name.text)


def name_revision(key: TextKey, *, guild_id: int, subject: str, text: str) -> int:
    """The number that stands for the name under this key."""
    return int.from_bytes(key.fingerprint(f"{guild_id} {subject} {text}")[:8], "big") >> 1 | 1
