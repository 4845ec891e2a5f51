"""The open cards that a new case may join."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa

from bot.core.grouping import Standing
from bot.core.policy import Reason
from bot.errors import UndecryptableText
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import cases

MOST_CARDS = 50
"""Cards that are compared by their words; of a raid with ever new words the oldest fall out."""


class GroupStore:
    """Only reads. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cards(self, *, guild_id: int, since: datetime, text: str, author_id: int) -> list[Standing]:
        """Flagged open cases since then that lead a card, newest first; first of all those with this very text or
        this author, whose number has no bound.
        """
        follower = cases.alias("follower")
        mine = sa.select(follower.c.id).where(
            follower.c.lead_id == cases.c.id, follower.c.author_id == author_id, follower.c.opened_at >= since
        )
        fingerprint = self._db.key.fingerprint(text)
        sure = (cases.c.text_hash == fingerprint) | (cases.c.author_id == author_id) | mine.exists()
        open_cards = (
            cases.c.guild_id == guild_id,
            cases.c.state == "open",
            cases.c.opened_why == "flagged",
            cases.c.subject == "message",
            cases.c.lead_id.is_(None),
            cases.c.opened_at >= since,
        )
        order = (sa.case((sure, 0), else_=1), cases.c.id.desc())
        query = sa.select(cases).where(*open_cards).order_by(*order).limit(MOST_CARDS)
        async with self._db.read() as connection:
            found = (await connection.execute(query)).mappings().all()
            ids = [row["id"] for row in found]
            written = sa.select(cases.c.lead_id, cases.c.author_id).where(cases.c.lead_id.in_(ids)).distinct()
            authors: dict[int, set[int]] = defaultdict(set)
            for row in await connection.execute(written):
                authors[row.lead_id].add(row.author_id)
        said = fingerprint if text.strip() else None
        return [self._standing(row, authors[row["id"]], said) for row in found]

    def _standing(self, row: rows.Row, followers: set[int], fingerprint: bytes | None) -> Standing:
        try:
            payload = rows.opened(self._db.key, row["payload"])
        except UndecryptableText:
            payload = {}
        return Standing(
            case_id=row["id"],
            channel_id=row["channel_id"],
            author_ids=frozenset({row["author_id"], *followers}),
            author_name=payload.get("author_name", ""),
            text=payload.get("text", ""),
            reasons=tuple(Reason(**reason) for reason in row["reasons"]),
            ping=row["ping"],
            same=fingerprint is not None and row["text_hash"] == fingerprint,
        )
