"""The newest stored scores of a guild, with the cards that they brought; what limits are proposed from. No authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.policy import KEYWORD
from bot.core.proposing import ScoredMessage
from bot.store.database import Database
from bot.store.stats import Span
from bot.store.tables import cases, predictions

MOST_ROWS = 100_000
"""So many of the newest scores are looked at: more say no more about a guild, and each costs time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How many scores of the period there are (at most `MOST_ROWS`, the newest), and when the first was made."""

    total: int
    first: datetime | None


class ProposalStore:
    """Only reads. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def stored(self, span: Span, *, model_version: str) -> Stored:
        """What there is of that model version; scores of another one cannot be compared with it."""
        newest = _newest(span, model_version).subquery()
        async with self._db.read() as connection:
            row = (await connection.execute(sa.select(sa.func.count(), sa.func.min(newest.c.created_at)))).one()
        return Stored(*row)

    async def messages(self, span: Span, *, model_version: str, lowest: Mapping[str, float]) -> list[ScoredMessage]:
        """Those of them with a score at or over the `lowest` of its label. Each revision of a message is one."""
        newest = _newest(span, model_version).subquery()
        reached = [newest.c.scores[name].as_float() >= limit for name, limit in lowest.items()]
        same = (cases.c.message_id == newest.c.message_id) & (cases.c.revision == newest.c.revision)
        lead = sa.func.coalesce(cases.c.lead_id, cases.c.id).label("case_id")
        query = sa.select(newest.c.message_id, newest.c.channel_id, newest.c.scores, lead).outerjoin(cases, same)
        async with self._db.read() as connection:
            found = await connection.execute(query.where(sa.or_(sa.false(), *reached)))
            return [ScoredMessage(row.message_id, row.channel_id, row.scores, row.case_id) for row in found]

    async def others(self, span: Span) -> frozenset[int]:
        """The cases that led a card in that time for another reason than a score: a keyword was found, or people
        brought it up. Of what was not flagged only those that got a card.
        """
        columns = (cases.c.id, cases.c.lead_id, cases.c.opened_why, cases.c.reasons, cases.c.admitted_at)
        when = (cases.c.guild_id == span.guild_id, cases.c.opened_at >= span.since, cases.c.opened_at < span.until)
        async with self._db.read() as connection:
            found = await connection.execute(
                sa.select(*columns).where(*when).order_by(cases.c.id.desc()).limit(MOST_ROWS)
            )
            return frozenset(
                row.lead_id or row.id for row in found if _other(row.opened_why, row.reasons, row.admitted_at)
            )


def _newest(span: Span, model_version: str) -> sa.Select[Any]:
    return (
        sa.select(predictions)
        .where(
            predictions.c.guild_id == span.guild_id,
            predictions.c.created_at >= span.since,
            predictions.c.created_at < span.until,
            predictions.c.state == "scored",
            predictions.c.model_version == model_version,
        )
        .order_by(predictions.c.created_at.desc())
        .limit(MOST_ROWS)
    )


def _other(why: str, reasons: Sequence[Mapping[str, Any]], admitted_at: datetime | None) -> bool:
    return any(reason["label"] == KEYWORD for reason in reasons) if why == "flagged" else admitted_at is not None
