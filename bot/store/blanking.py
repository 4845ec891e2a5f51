"""Empties what the rows of `privacy.py` say, on given cases or by age, in small transactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.privacy import PRIVACY
from bot.store.privacy_kinds import Days, Goes, Table
from bot.store.tables import cases

BATCH = 500
OWN_WAY = ("predictions", "job_slots")
"""`PredictionStore.drop_before` and `LeaseStore.forget`, which keeps each job's newest slot."""

TEXT: tuple[Goes, ...] = ("text",)
ASKED: tuple[Goes, ...] = ("text", "asked")
ALL: tuple[Goes, ...] = ("text", "asked", "case")


async def drop(connection: AsyncConnection, case_ids: Collection[int], goes: Collection[Goes]) -> None:
    """Empty those columns of the cases and of what hangs on them; rows that go with the text are deleted."""
    if not case_ids:
        return
    for row in PRIVACY:
        if row.case is None:
            continue
        mine = row.table.c[row.case].in_(case_ids)
        if row.with_text:
            await connection.execute(row.table.delete().where(mine))
        elif values := _blanks(row, goes):
            await connection.execute(row.table.update().where(mine).values(values))


async def drop_older(db: Database, *, now: datetime, days: Mapping[Days, int]) -> int:
    """Delete what is older than its table's age, or empty its columns of age; how many rows."""
    changed = 0
    for row in PRIVACY:
        if row.after is not None and row.days is not None and row.name not in OWN_WAY:
            changed += await _drop_older(db, row, now - timedelta(days=days[row.days]))
    return changed


async def _drop_older(db: Database, row: Table, before: datetime) -> int:
    assert row.after is not None, "only tables with an age"
    old = row.table.c[row.after] < before
    values = _blanks(row, ("age",))
    if row.keeps_rows:
        aged = (name for name, column in row.personal.items() if column.goes == "age")
        old &= sa.or_(*(row.table.c[name].is_not(None) for name in aged))
    changed = 0
    while True:
        async with db.begin() as connection:
            found = await oldest(connection, row.table, old)
            if not found:
                return changed
            these = among(row.table, found)
            change = row.table.update().values(values) if row.keeps_rows else row.table.delete()
            await connection.execute(change.where(these))
        changed += len(found)
        if len(found) < BATCH:
            return changed


async def oldest(connection: AsyncConnection, table: sa.Table, where: sa.ColumnElement[bool]) -> Sequence[Any]:
    """The keys of the first rows, `BATCH` at most."""
    keys = list(table.primary_key.columns)
    return (await connection.execute(sa.select(*keys).where(where).order_by(*keys).limit(BATCH))).all()


def among(table: sa.Table, keys: Sequence[Any]) -> sa.ColumnElement[bool]:
    """The rows with these primary keys."""
    columns = list(table.primary_key.columns)
    if len(columns) == 1:
        return columns[0].in_([each[0] for each in keys])
    return sa.tuple_(*columns).in_([tuple(each) for each in keys])


def _blanks(row: Table, goes: Collection[Goes]) -> dict[str, Any]:
    table = row.table
    return {name: _blank(table, row, column.blank) for name, column in row.personal.items() if column.goes in goes}


def _blank(table: sa.Table, row: Table, blank: str) -> Any:
    match blank:
        case "zero":
            return 0
        case "row_id":
            return -table.c.id
        case "case_id":
            return -table.c[row.case or "id"]
        case "place":
            channel = sa.cast(cases.c.channel_id, sa.String)
            return "https://discord.com/channels/" + sa.cast(cases.c.guild_id, sa.String) + "/" + channel
        case _:
            return None
