"""When the texts of cases go: with their time, or as soon as nothing holds them where somebody wants them gone.

Every function runs in its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import Case
from bot.core.holding import held_until, is_on_record
from bot.store.blanking import ALL, ASKED, TEXT, drop
from bot.store.crypto import TextKey
from bot.store.loading import load_cases
from bot.store.privacy_tables import opt_outs
from bot.store.tables import cases

OPTED_OUT = (
    sa.select(opt_outs.c.member_id)
    .where(opt_outs.c.guild_id == cases.c.guild_id, opt_outs.c.member_id == cases.c.author_id)
    .exists()
)
ASKED_AT = sa.func.coalesce(cases.c.forgotten_at, cases.c.gone_at)


async def release(connection: AsyncConnection, key: TextKey, case_ids: Collection[int], *, at: datetime) -> None:
    """Let the texts of those cases go at `at`, or once nothing holds them any more, where somebody wants them gone."""
    wanted = sa.select(cases.c.id, ASKED_AT.label("asked_at")).where(
        cases.c.id.in_(case_ids), cases.c.payload.is_not(None), sa.or_(ASKED_AT.is_not(None), OPTED_OUT)
    )
    asked = {row.id: row.asked_at for row in await connection.execute(wanted)}
    if not asked:
        return
    for case in await load_cases(connection, key, sa.select(cases).where(cases.c.id.in_(asked))):
        until = held_until(case, asked_at=asked[case.case_id]) or at
        sooner = cases.update().where(cases.c.id == case.case_id, cases.c.text_expires_at > until)
        await connection.execute(sooner.values(text_expires_at=until))


async def expire(
    connection: AsyncConnection, key: TextKey, now: datetime, limit: int, *which: sa.ColumnElement[bool]
) -> list[Case]:
    """Drop text, name, explanation and hash of closed cases whose time is over, and what hangs on their texts, where
    `which` holds; those cases. Of members who asked to be forgotten more goes: what is on record keeps its bare fact,
    the rest its author.
    """
    due = (cases.c.text_expires_at <= now, cases.c.payload.is_not(None), cases.c.state == "closed", *which)
    chosen = sa.select(cases.c.id).where(*due).order_by(cases.c.text_expires_at).limit(limit)
    # `due` twice: on PostgreSQL a case that was reopened meanwhile is looked at again before it is changed.
    first = cases.update().where(cases.c.id.in_(chosen), *due).values(payload=None).returning(cases.c.id)
    dropped = (await connection.scalars(first)).all()
    await drop(connection, dropped, TEXT)
    found = await load_cases(connection, key, sa.select(cases).where(cases.c.id.in_(dropped)).order_by(cases.c.id))
    await strip(connection, [case for case in found if case.forgotten_at is not None])
    return found


async def strip(connection: AsyncConnection, forgotten: Collection[Case]) -> None:
    """Drop what nobody needs of cases whose author asked for that and whose text is gone."""
    on_record = [case.case_id for case in forgotten if is_on_record(case)]
    await drop(connection, on_record, ASKED)
    await drop(connection, [case.case_id for case in forgotten if case.case_id not in on_record], ALL)


def extended(until: datetime | None, time: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """The text's time, made longer where it ends before `until`."""
    kept = cases.c.text_expires_at
    return kept if until is None else sa.case((kept < until, sa.literal(until, time)), else_=kept)
