"""Cases about names: the same name of the same member or thread is one case, however often it is seen."""

from __future__ import annotations

from bot.core.events import IncomingMessage
from bot.store.database import Database


class NameStore:
    """Numbers that stand for names; nobody without the key can tell the name from one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def revision(self, name: IncomingMessage) -> int:
        """A positive 63-bit number, always the same for this name on this server."""
        digest = self._db.key.fingerprint(f"{name.guild_id} {name.subject} {name.text}")
        return int.from_bytes(digest[:8], "big") >> 1 | 1
