"""What a member's wish changes in the database: marks on cases, reports and examples of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.store.blanking import BATCH
from bot.store.database import Database
from bot.store.learning_tables import examples
from bot.store.lessons import WRITTEN_IDS, blank_example
from bot.store.loading import load_cases
from bot.store.tables import cases, reports, votes
from bot.store.texts import strip


@dataclass(frozen=True, slots=True)
class Held:
    """A text that is kept as evidence. `until`: None as long as its case is open."""

    case_id: int
    until: datetime | None


class ForgetStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def mark(self, *, guild_id: int, member_id: int, at: datetime) -> list[int]:
        """Note on every case of the member's that they asked to be forgotten; all of those cases."""
        mine = (cases.c.guild_id == guild_id, cases.c.author_id == member_id)
        new = cases.update().where(*mine, cases.c.forgotten_at.is_(None)).values(forgotten_at=at)
        async with self._db.begin() as connection:
            await connection.execute(new)
            return list(await connection.scalars(sa.select(cases.c.id).where(*mine).order_by(cases.c.id)))

    async def with_text(self, *, guild_id: int, member_id: int) -> list[int]:
        """Closed cases of the member's whose text is still kept."""
        mine = (cases.c.guild_id == guild_id, cases.c.author_id == member_id, cases.c.state == "closed")
        async with self._db.read() as connection:
            return list(await connection.scalars(sa.select(cases.c.id).where(*mine, cases.c.payload.is_not(None))))

    async def judged(self, *, guild_id: int, member_id: int) -> list[int]:
        """Cases of the member's that a model may have learned from."""
        query = sa.select(votes.c.case_id).join(cases, cases.c.id == votes.c.case_id).distinct()
        query = query.where(cases.c.guild_id == guild_id, cases.c.author_id == member_id)
        async with self._db.read() as connection:
            return list(await connection.scalars(query))

    async def strip(self, *, guild_id: int, member_id: int) -> None:
        """Of the member's closed cases without a text drop what nobody needs."""
        gone = (cases.c.payload.is_(None), cases.c.state == "closed", cases.c.forgotten_at.is_not(None))
        query = sa.select(cases).where(cases.c.guild_id == guild_id, cases.c.author_id == member_id, *gone)
        last: int | None = 0
        while last is not None:
            async with self._db.begin() as connection:
                page = query.where(cases.c.id > last).order_by(cases.c.id).limit(BATCH)
                found = await load_cases(connection, self._db.key, page)
                await strip(connection, found)
            last = found[-1].case_id if len(found) == BATCH else None

    async def on_record(self, *, guild_id: int, member_id: int) -> int:
        """How many cases without a text still name the member."""
        mine = (cases.c.guild_id == guild_id, cases.c.author_id == member_id, cases.c.payload.is_(None))
        async with self._db.read() as connection:
            return await connection.scalar(sa.select(sa.func.count()).where(*mine)) or 0

    async def drop_reports(self, *, guild_id: int, member_id: int) -> int:
        """Drop what the member reported; how much. A report on an open case goes with that case's text."""
        closed = sa.select(cases.c.id).where(cases.c.id == reports.c.case_id, cases.c.state == "closed").exists()
        mine = (reports.c.guild_id == guild_id, reports.c.reporter_id == member_id, closed)
        async with self._db.begin() as connection:
            return (await connection.execute(reports.delete().where(*mine))).rowcount

    async def withdraw_examples(self, *, guild_id: int, member_id: int, at: datetime) -> list[int]:
        """Withdraw what the member wrote to teach, with its text; the ids of those examples."""
        mine = sa.select(examples.c.id).where(examples.c.guild_id == guild_id, examples.c.made_by == member_id)
        async with self._db.begin() as connection:
            ids = (await connection.scalars(mine)).all()
            for number in ids:
                await connection.execute(blank_example(number, at=at))
        return [WRITTEN_IDS + number for number in ids]

    async def held(self, *, guild_id: int, member_id: int) -> list[Held]:
        """The texts of the member's that are still there although they asked, by their cases."""
        kept = (cases.c.payload.is_not(None), cases.c.forgotten_at.is_not(None))
        query = sa.select(cases.c.id, cases.c.state, cases.c.text_expires_at).where(
            cases.c.guild_id == guild_id, cases.c.author_id == member_id, *kept
        )
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(cases.c.id))).all()
        return [Held(row.id, None if row.state == "open" else row.text_expires_at) for row in found]
