"""Notes of moderators on cases, encrypted like the texts that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import Note
from bot.errors import UndecryptableText
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import notes

log = structlog.get_logger(__name__)


class NoteStore:
    """What moderators tell each other about cases. Methods raise StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, *, case_id: int, note: Note) -> bool:
        """Keep the note; False if that moderator wrote the same on that case before (a form that was sent twice)."""
        values = {
            "case_id": case_id,
            "moderator_id": note.moderator_id,
            "payload": self._db.key.encrypt(note.text),
            "text_hash": self._db.key.fingerprint(note.text),
            "noted_at": note.at,
        }
        insert = self._db.insert(notes).values(values)
        once = insert.on_conflict_do_nothing(index_elements=["case_id", "moderator_id", "text_hash"])
        async with self._db.begin() as connection:
            return await connection.scalar(once.returning(notes.c.id)) is not None


async def notes_of(connection: AsyncConnection, key: TextKey, case_ids: Sequence[int]) -> Mapping[int, list[Note]]:
    """The notes on each of `case_ids`, oldest first; those that another key wrote are left out."""
    query = sa.select(notes).where(notes.c.case_id.in_(case_ids)).order_by(notes.c.noted_at, notes.c.id)
    found: dict[int, list[Note]] = defaultdict(list)
    for row in await connection.execute(query):
        try:
            text = key.decrypt(row.payload)
        except UndecryptableText:
            log.error("note_of_another_key", case_id=row.case_id)
            continue
        found[row.case_id].append(Note(row.moderator_id, text, row.noted_at))
    return found
