"""What the cases beside a card's own say: their different texts, so that a moderator sees what "Delete all" deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import OtherText
from bot.errors import UndecryptableText
from bot.store import rows
from bot.store.crypto import TextKey
from bot.store.tables import cases

log = structlog.get_logger(__name__)

MOST_TEXTS = 5
"""Texts that are read for one card; the rest is counted."""


async def beside(
    connection: AsyncConnection, key: TextKey, leads: Mapping[int, bytes | None]
) -> dict[int, rows.Beside]:
    """By the case that leads a card; `leads` maps it to the fingerprint of its own text, which is not listed again."""
    columns = (cases.c.id, cases.c.lead_id, cases.c.author_id, cases.c.gone_at, cases.c.text_hash)
    query = sa.select(*columns).where(cases.c.lead_id.in_(leads)).order_by(cases.c.id)
    followers: dict[int, list[rows.Row]] = {}
    for row in (await connection.execute(query)).mappings():
        followers.setdefault(row["lead_id"], []).append(row)
    newest = {lead: _newest_of_each(found, leads[lead]) for lead, found in followers.items()}
    chosen = {case_id for ids in newest.values() for case_id in ids[-MOST_TEXTS:]}
    texts = await _texts(connection, key, chosen) if chosen else {}
    return {
        lead: rows.Beside(
            found,
            tuple(texts[case_id] for case_id in newest[lead][-MOST_TEXTS:] if case_id in texts),
            max(0, len(newest[lead]) - MOST_TEXTS),
        )
        for lead, found in followers.items()
    }


def _newest_of_each(followers: Sequence[rows.Row], own: bytes | None) -> list[int]:
    """The newest case with each different text, oldest first."""
    newest = {row["text_hash"]: row["id"] for row in followers if row["text_hash"] not in (None, own)}
    return sorted(newest.values())


async def _texts(connection: AsyncConnection, key: TextKey, case_ids: set[int]) -> dict[int, OtherText]:
    query = sa.select(cases.c.id, cases.c.author_id, cases.c.payload).where(cases.c.id.in_(case_ids))
    found: dict[int, OtherText] = {}
    for row in await connection.execute(query):
        try:
            payload = rows.opened(key, row.payload)
        except UndecryptableText:
            log.error("text_of_another_key", case_id=row.id)
            continue
        if payload.get("text"):
            found[row.id] = OtherText(row.author_id, payload.get("author_name"), payload["text"])
    return found
