"""Every sealed column is written anew with the first of two keys, and what was hashed is hashed anew.

Which columns those are stands in `privacy.py`. Small transactions, each row by itself: whatever is killed when, each
row is of one key or the other, both read, and the next run goes on with what the old key wrote.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import UndecryptableText
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.names import name_revision
from bot.store.privacy import PRIVACY
from bot.store.privacy_kinds import Table
from bot.store.tables import cases

log = structlog.get_logger(__name__)

BATCH = 100


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many rows were written anew, and how many neither key reads: they are left as they are."""

    rows: int = 0
    unreadable: int = 0


async def rotate(db: Database) -> Rotated:
    """Write anew what the first of the database's keys did not write. Raises StoreUnavailable."""
    rows = unreadable = 0
    for table in PRIVACY:
        if any(column.sealed for column in table.personal.values()):
            done = await _rotate(db, table)
            rows, unreadable = rows + done.rows, unreadable + done.unreadable
    return Rotated(rows, unreadable)


async def _rotate(db: Database, row: Table) -> Rotated:
    table, last, rows, unreadable = row.table, 0, 0, 0
    query = sa.select(table).order_by(table.c.id).limit(BATCH)
    while True:
        async with db.read() as connection:
            page = (await connection.execute(query.where(table.c.id > last))).mappings().all()
        changed: list[tuple[Mapping[Any, Any], dict[str, Any]]] = []
        for each in page:
            try:
                values = _anew(db.key, row, each)
            except UndecryptableText:
                log.error("text_of_another_key", table=row.name, row_id=each["id"])
                unreadable += 1
                continue
            changed += [(each, values)] if values else []
        if changed:
            async with db.begin() as connection:
                for each, values in changed:
                    rows += await _write(connection, row, each, values)
        if len(page) < BATCH:
            return Rotated(rows, unreadable)
        last = page[-1]["id"]


def _anew(key: TextKey, row: Table, each: Mapping[Any, Any]) -> dict[str, Any]:
    """The columns to change, none where the first key wrote them. Raises UndecryptableText."""
    opened = {
        name: key.decrypt(each[name])
        for name, column in row.personal.items()
        if column.sealed and each[name] and not key.wrote(each[name])
    }
    values: dict[str, Any] = {name: key.encrypt(text) for name, text in opened.items()}
    for name, column in row.personal.items():
        if column.hash_of in opened and each[name] is not None:
            text = _text(row, column.hash_of, opened[column.hash_of])
            if text is not None:
                values[name] = key.fingerprint(text)
                if row.table is cases and each["subject"] != "message":
                    about = {"guild_id": each["guild_id"], "subject": each["subject"]}
                    values["revision"] = name_revision(key, **about, text=text)
    return values


def _text(row: Table, name: str, opened: str) -> str | None:
    return json.loads(opened).get("text") if row.personal[name].sealed == "json" else opened


async def _write(connection: AsyncConnection, row: Table, each: Mapping[Any, Any], values: dict[str, Any]) -> int:
    """Change the row unless somebody else did meanwhile; how many were changed."""
    table = row.table
    for unique in (found for found in table.constraints if isinstance(found, sa.UniqueConstraint)):
        columns = [column.name for column in unique.columns]
        if not values.keys() & set(columns):
            continue
        new = {**each, **values}
        same = [table.c[name] == new[name] for name in columns]
        if await connection.scalar(sa.select(table.c.id).where(*same, table.c.id != each["id"]).limit(1)) is not None:
            # Written again between two runs, already under the new key: that one is found by its hash, this one not.
            hashes = [name for name in columns if name in row.personal and row.personal[name].hash_of]
            values |= {name: secrets.token_bytes(32) for name in hashes}
            values.pop("revision", None)
    sealed = [name for name in values if row.personal[name].sealed]
    unchanged = [table.c[name] == each[name] for name in sealed]
    change = table.update().where(table.c.id == each["id"], *unchanged).values(values)
    return (await connection.execute(change)).rowcount
