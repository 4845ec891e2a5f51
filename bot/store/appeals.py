"""Members' appeals, one a case, encrypted like the texts that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.appeals import Appeal, AppealState
from bot.core.cases import Case
from bot.errors import UndecryptableText
from bot.store.case_queries import hand_on
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.tables import appeals, cases

log = structlog.get_logger(__name__)


class AppealStore:
    """What members answer to what was done to them. Methods raise StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, case: Case, *, text: str, at: datetime) -> bool:
        """Keep the appeal of the case's author and open the case again; False if that case was appealed before.

        A case that shared the card of another gets one of its own, for itself and what its author wrote beside it: who
        decides an appeal decides about one member.
        """
        values = {
            "case_id": case.case_id,
            "guild_id": case.guild_id,
            "member_id": case.author_id,
            "payload": self._db.key.encrypt(text),
            "state": "open",
            "appealed_at": at,
        }
        once = self._db.insert(appeals).values(values).on_conflict_do_nothing(index_elements=["case_id"])
        this = cases.c.id == case.case_id
        async with self._db.begin() as connection:
            if await connection.scalar(once.returning(appeals.c.id)) is None:
                return False
            if case.lead_id is not None:
                beside = (cases.c.lead_id == case.lead_id) & (cases.c.author_id == case.author_id)
                await connection.execute(cases.update().where(beside).values(lead_id=case.case_id))
            else:
                others = (cases.c.lead_id == case.case_id) & (cases.c.author_id != case.author_id)
                await hand_on(connection, others)
            await connection.execute(cases.update().where(this).values(state="open", closed_at=None, lead_id=None))
        return True

    async def decide(
        self, *, case_id: int, state: AppealState, by: int, at: datetime, text_expires_at: datetime
    ) -> bool:
        """Write down how the appeal ended, and keep the case's text at least until `text_expires_at`, as evidence.

        False if it was not open.
        """
        ends = appeals.update().where(appeals.c.case_id == case_id, appeals.c.state == "open")
        ends = ends.values(state=state, decided_by=by, decided_at=at).returning(appeals.c.id)
        keep = cases.update().where(cases.c.id == case_id, cases.c.text_expires_at < text_expires_at)
        async with self._db.begin() as connection:
            if await connection.scalar(ends) is None:
                return False
            await connection.execute(keep.values(text_expires_at=text_expires_at))
        return True

    async def refused_at(self, *, guild_id: int, member_id: int) -> datetime | None:
        """When an appeal of the member was last decided against them; None if never."""
        newest = sa.select(sa.func.max(appeals.c.decided_at)).where(
            appeals.c.guild_id == guild_id, appeals.c.member_id == member_id, appeals.c.state == "upheld"
        )
        async with self._db.read() as connection:
            return await connection.scalar(newest)


async def appeals_of(connection: AsyncConnection, key: TextKey, case_ids: Sequence[int]) -> Mapping[int, Appeal]:
    """The appeals against `case_ids` by case; one that another key wrote comes without its text."""
    found: dict[int, Appeal] = {}
    for row in await connection.execute(sa.select(appeals).where(appeals.c.case_id.in_(case_ids))):
        text = None
        try:
            text = key.decrypt(row.payload) if row.payload is not None else None
        except UndecryptableText:
            log.error("appeal_of_another_key", case_id=row.case_id)
        found[row.case_id] = Appeal(
            case_id=row.case_id,
            member_id=row.member_id,
            text=text,
            state=row.state,
            appealed_at=row.appealed_at,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )
    return found
