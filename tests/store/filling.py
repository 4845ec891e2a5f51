"""Rows for every table of a schema as the database itself describes it, whichever revision that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from bot.store.database import Database

START = datetime(2026, 3, 1, tzinfo=UTC)

MEANT = {("cases", "subject"): "message"}
"""What a migration looks at."""

Rows = dict[str, list[dict[str, Any]]]
"""By table, each row by column."""


async def schema(db: Database) -> sa.MetaData:
    """The tables that are there now, that of alembic left out."""
    found = sa.MetaData()
    async with db.read() as connection:
        await connection.run_sync(found.reflect)
    found.remove(found.tables["alembic_version"])
    return found


async def fill(db: Database, tables: sa.MetaData, numbers: count[int]) -> None:
    """Two more rows in each table: one with everything that it may hold, one with what it must hold alone."""
    async with db.begin() as connection:
        for full in (True, False):
            number, made = next(numbers), dict[str, dict[str, Any]]()
            for table in tables.sorted_tables:
                row = {column.name: _value(column, number, made) for column in table.columns if full or _must(column)}
                made[table.name] = row
                await connection.execute(table.insert().values(row))


async def contents(db: Database) -> Rows:
    """Every row of every table."""
    async with db.read() as connection:
        return {
            table.name: [dict(row) for row in (await connection.execute(sa.select(table))).mappings()]
            for table in (await schema(db)).sorted_tables
        }


def kept(before: Rows, after: Rows) -> list[str]:
    """Tables that both have, in which a row of before is not there any more as far as both have its columns."""
    lost: list[str] = []
    for name in before.keys() & after.keys():
        shared = {key for row in before[name][:1] for key in row} & {key for row in after[name][:1] for key in row}
        left = [{key: row[key] for key in shared} for row in after[name]]
        if not all({key: row[key] for key in shared} in left for row in before[name]):
            lost.append(name)
    return lost


def _must(column: sa.Column[Any]) -> bool:
    return column.primary_key or (not column.nullable and column.server_default is None)


def _value(column: sa.Column[Any], number: int, made: dict[str, dict[str, Any]]) -> Any:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        if target.table is column.table:
            return None if column.nullable else number
        return made[target.table.name][target.name]
    if (column.table.name, column.name) in MEANT:
        return MEANT[column.table.name, column.name]
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return True
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Float | sa.Numeric):
        return number / 8
    if isinstance(kind, sa.DateTime):
        at = START + timedelta(hours=number)
        return at if kind.timezone else at.replace(tzinfo=None)
    if isinstance(kind, sa.LargeBinary):
        return number.to_bytes(32, "big")
    if isinstance(kind, sa.JSON):
        return {"number": number}
    if isinstance(kind, sa.String):
        return str(number)[: kind.length]
    raise AssertionError(f"a column of type {kind!r} needs a value here")
