"""Members' reports, one a member and case; the reasons are encrypted like the texts that they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import Case, Report
from bot.errors import UndecryptableText
from bot.store.case_queries import hand_on
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.keeping import Keeping
from bot.store.tables import cases, reports

log = structlog.get_logger(__name__)


class ReportStore:
    """Who asked the moderators for a look. Every method raises StoreUnavailable."""

    def __init__(self, db: Database, *, keeping: Keeping | None = None) -> None:
        self._db = db
        self._keeping = keeping or Keeping(db)

    async def add(self, *, case_id: int, reporter_id: int, reason: str | None, at: datetime) -> bool:
        """Note that a member reported the case's message; False if that member did before. Where no texts are kept the
        reason is left out: it mostly quotes the message.
        """
        async with self._db.read() as connection:
            guild_id = await connection.scalar(sa.select(cases.c.guild_id).where(cases.c.id == case_id))
        assert guild_id is not None, "a report is about a case"
        reason = reason if await self._keeping.texts(guild_id) else None
        values = {
            "case_id": case_id,
            "guild_id": guild_id,
            "reporter_id": reporter_id,
            "reason": self._db.key.encrypt(reason) if reason else None,
            "reported_at": at,
        }
        insert = self._db.insert(reports).values(values)
        once = insert.on_conflict_do_nothing(index_elements=["case_id", "reporter_id"]).returning(reports.c.id)
        async with self._db.begin() as connection:
            return await connection.scalar(once) is not None

    async def has(self, *, case_id: int, reporter_id: int) -> bool:
        """Whether that member reported the case's message."""
        query = sa.select(reports.c.id).where(reports.c.case_id == case_id, reports.c.reporter_id == reporter_id)
        async with self._db.read() as connection:
            return await connection.scalar(query) is not None

    async def number_by(self, *, guild_id: int, reporter_id: int, since: datetime) -> int:
        """How many messages a member has reported after then."""
        query = sa.select(sa.func.count()).where(
            reports.c.guild_id == guild_id, reports.c.reporter_id == reporter_id, reports.c.reported_at > since
        )
        async with self._db.read() as connection:
            return await connection.scalar(query) or 0

    async def of_card(self, case_id: int) -> tuple[Report, ...]:
        """Who reported the case's message, or one that shares its card, oldest first."""
        async with self._db.read() as connection:
            return tuple((await reports_of(connection, self._db.key, [case_id]))[case_id])

    async def hand_up(self, case: Case) -> int | None:
        """Make the case one about staff, open and without a card.

        What shared its card goes on under the first of the others: that one's id, None if there was none.
        """
        values = {
            "opened_why": "staff",
            "state": "open",
            "closed_at": None,
            "lead_id": None,
            "card_channel_id": None,
            "card_message_id": None,
            # Nobody is called to it any more: the call would stand where moderators read.
            "pinged": True,
        }
        async with self._db.begin() as connection:
            heir = await hand_on(connection, cases.c.lead_id == case.case_id)
            await connection.execute(cases.update().where(cases.c.id == case.case_id).values(values))
        return heir


async def reports_of(connection: AsyncConnection, key: TextKey, case_ids: Sequence[int]) -> Mapping[int, list[Report]]:
    """The reports on each of `case_ids` and on what shares its card, one a member, oldest first.

    A reason that another key wrote is left out.
    """
    columns = (reports.c.case_id, cases.c.lead_id, reports.c.reporter_id, reports.c.reason, reports.c.reported_at)
    query = (
        sa.select(*columns)
        .join(cases, cases.c.id == reports.c.case_id)
        .where(reports.c.case_id.in_(case_ids) | cases.c.lead_id.in_(case_ids))
        .order_by(reports.c.reported_at, reports.c.id)
    )
    found: dict[int, dict[int, Report]] = defaultdict(dict)
    for row in await connection.execute(query):
        report = Report(row.reporter_id, _reason(key, row.reason, row.case_id), row.reported_at)
        for case_id in {row.case_id, row.lead_id} & set(case_ids):
            found[case_id].setdefault(row.reporter_id, report)
    return defaultdict(list, {case_id: list(by_member.values()) for case_id, by_member in found.items()})


def _reason(key: TextKey, stored: bytes | None, case_id: int) -> str | None:
    try:
        return key.decrypt(stored) if stored is not None else None
    except UndecryptableText:
        log.error("report_of_another_key", case_id=case_id)
        return None
