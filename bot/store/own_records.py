"""Everything that is stored on one member of one server, section by section as the rows of `privacy.py` say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from bot.errors import UndecryptableText
from bot.store import rows
from bot.store.database import Database
from bot.store.privacy import PRIVACY
from bot.store.privacy_kinds import Section, Table
from bot.store.tables import cases

log = structlog.get_logger(__name__)

EXACT = 2**53
"""Larger numbers are written as text: many readers of JSON round them."""

Record = dict[str, Any]


class OwnRecordStore:
    """Only reads. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, *, guild_id: int, member_id: int, limit: int) -> dict[Section, list[Record]]:
        """By section the member's rows, JSON-ready, at most `limit` a section, the newest first."""
        found: dict[Section, list[Record]] = {}
        for row in PRIVACY:
            for section in row.sections:
                found[section] = await self._rows(row, section, guild_id, member_id, limit)
        return found

    async def _rows(self, row: Table, section: Section, guild_id: int, member_id: int, limit: int) -> list[Record]:
        """A sealed owner stands in the payload alone: then all of the server's rows are opened."""
        table, sealed = row.table, section.owner in row.personal and row.personal[section.owner].sealed
        columns = [table.c[name].label(name) for name in {*section.keys, *([section.owner] if sealed else [])}]
        query = sa.select(*columns).order_by(*(key.desc() for key in table.primary_key.columns))
        if section.by_author or row.guild == "case":
            query = query.join(cases, cases.c.id == table.c[row.case or "id"]).where(cases.c.guild_id == guild_id)
        elif row.guild is not None:
            query = query.where(table.c[row.guild] == guild_id)
        if sealed:
            query = query.where(table.c[section.owner].is_not(None))
        else:
            owner = cases.c.author_id if section.by_author else table.c[section.owner]
            query = query.where(owner == member_id).limit(limit)
        async with self._db.read() as connection:
            read = (await connection.execute(query)).mappings().all()
        mine = [each for each in read if not sealed or self._opened(each[section.owner]).get("author_id") == member_id]
        return [dict(self._shown(row, section, each)) for each in mine[:limit]]

    def _shown(self, row: Table, section: Section, record: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
        for name, key in section.keys.items():
            value = record[name]
            sealed = row.personal[name].sealed if name in row.personal else None
            if sealed == "json":
                payload = self._opened(value)
                for part in section.opens:
                    if payload.get(part):
                        yield part, payload[part]
            elif sealed == "plain":
                yield key, self._text(value)
            else:
                yield key, _plain(value)

    def _opened(self, payload: bytes | None) -> dict[str, Any]:
        try:
            return rows.opened(self._db.key, payload)
        except UndecryptableText:
            log.error("text_of_another_key")
            return {}

    def _text(self, sealed: bytes | None) -> str | None:
        try:
            return self._db.key.decrypt(sealed) if sealed else None
        except UndecryptableText:
            log.error("text_of_another_key")
            return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, int) and abs(value) > EXACT else value
