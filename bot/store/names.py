"""Cases about names: the same name of the same member or thread is one case, however often it is seen."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.cases import Case
from bot.core.events import IncomingMessage
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import cases


class NameStore:
    """Numbers that stand for names; nobody without the key can tell the name from one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def revision(self, name: IncomingMessage) -> int:
        """A positive 63-bit number, always the same for this name on this server; while the key is changed, that of the
        older one if there is a case under it. Raises StoreUnavailable.
        """
        number, *older = _numbers(self._db.key, guild_id=name.guild_id, subject=name.subject, text=name.text)
        if not older:
            return number
        same = (cases.c.message_id == name.message_id, cases.c.revision.in_([number, *older]))
        async with self._db.read() as connection:
            found = (await connection.scalars(sa.select(cases.c.revision).where(*same))).all()
        return number if number in found or not found else found[0]

    def is_of(self, case: Case, text: str) -> bool:
        """Whether `text` is the name that the case is about, also where the name itself is not kept. Of a case without
        the name nobody can tell once the key that it was opened under is gone: then False.
        """
        return case.revision in _numbers(self._db.key, guild_id=case.guild_id, subject=case.subject, text=text)


def name_revision(key: TextKey, *, guild_id: int, subject: str, text: str) -> int:
    """The number that stands for the name under the key that writes."""
    return _numbers(key, guild_id=guild_id, subject=subject, text=text)[0]


def _numbers(key: TextKey, *, guild_id: int, subject: str, text: str) -> list[int]:
    found = key.fingerprints(f"{guild_id} {subject} {text}")
    return [int.from_bytes(each[:8], "big") >> 1 | 1 for each in found]
