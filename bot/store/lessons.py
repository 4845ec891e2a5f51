"""What people wrote or imported for learning, with which permission messages may be trained on, and whose verdicts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
import structlog

from bot.core.lessons import NewLesson, Permit
from bot.errors import UndecryptableText
from bot.store.database import Database
from bot.store.learning_tables import examples, judge_decisions, permits
from bot.store.teaching import mark
from moderation_model.learning import Example

log = structlog.get_logger(__name__)

BATCH = 500
WRITTEN_IDS = 10**12
"""Ids of what people wrote begin here, so that they never meet a case's id."""

JudgeDecision = Literal["allow", "drop"]


def blank_example(number: int, *, at: datetime) -> sa.Update:
    """Withdraws an example: that there was one stays, so that the models which learned from it can be told."""
    gone = {"withdrawn_at": at, "payload": b"", "text_hash": secrets.token_bytes(32), "made_by": 0}
    return examples.update().where(examples.c.id == number).values(gone)


class LessonStore:
    """Methods raise StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, lessons: Sequence[NewLesson]) -> int:
        """Keep them; how many are new. The same text from the same source is kept once a guild, the first counts."""
        new = 0
        for start in range(0, len(lessons), BATCH):
            rows = [
                {
                    "guild_id": lesson.guild_id,
                    "source": lesson.source,
                    "payload": self._db.key.encrypt(lesson.text),
                    "text_hash": self._db.key.fingerprint(lesson.text),
                    "labels": dict(lesson.labels),
                    "weight": lesson.weight,
                    "made_by": lesson.made_by,
                    "made_at": lesson.made_at,
                }
                for lesson in lessons[start : start + BATCH]
            ]
            insert = self._db.insert(examples).values(rows).on_conflict_do_nothing()
            async with self._db.begin() as connection:
                new += len((await connection.scalars(insert.returning(examples.c.id))).all())
        return new

    async def examples(self, *, after: int = 0, limit: int = 1000) -> list[Example]:
        """What was written and not withdrawn, of every guild, by rising id after `after` (an id of an `Example`)."""
        query = (
            sa.select(examples)
            .where(examples.c.withdrawn_at.is_(None), examples.c.id > max(0, after - WRITTEN_IDS))
            .order_by(examples.c.id)
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        found: list[Example] = []
        for row in rows:
            try:
                text = self._db.key.decrypt(row.payload)
            except UndecryptableText:
                log.error("example_of_another_key", example_id=row.id)
                continue
            found.append(
                Example(
                    example_id=WRITTEN_IDS + row.id,
                    text=text,
                    labels=row.labels,
                    source=row.source,
                    may_train=True,
                    at=row.made_at.timestamp(),
                    guild=str(row.guild_id),
                    # What came in a file was judged by nobody here.
                    judges=(mark(self._db.key, "judge", row.made_by),) if row.source == "moderator_written" else (),
                    weight=row.weight,
                )
            )
        return found

    async def withdraw(self, *, guild_id: int, example_id: int, at: datetime, written_by: int | None = None) -> bool:
        """Never learn from it again, and drop its text; False where there is none (of that writer), or it was withdrawn
        before.
        """
        update = blank_example(example_id - WRITTEN_IDS, at=at).where(
            examples.c.guild_id == guild_id,
            examples.c.withdrawn_at.is_(None),
            *([] if written_by is None else [examples.c.made_by == written_by]),
        )
        async with self._db.begin() as connection:
            return await connection.scalar(update.returning(examples.c.id)) is not None

    async def withdrawn(self) -> list[int]:
        """Everything that was ever withdrawn, as ids of examples."""
        query = sa.select(examples.c.id).where(examples.c.withdrawn_at.is_not(None)).order_by(examples.c.id)
        async with self._db.read() as connection:
            return [WRITTEN_IDS + number for number in await connection.scalars(query)]

    async def number_of(self, lesson: NewLesson) -> int | None:
        """Under which number people know what was written; None where it was not kept."""
        query = sa.select(examples.c.id).where(
            examples.c.guild_id == lesson.guild_id,
            examples.c.source == lesson.source,
            examples.c.text_hash == self._db.key.fingerprint(lesson.text),
        )
        async with self._db.read() as connection:
            return await connection.scalar(query)

    @staticmethod
    def example_id(number: int) -> int:
        """The id of the example that people know under that number."""
        return WRITTEN_IDS + number

    @staticmethod
    def is_written(example_id: int) -> bool:
        """Whether that is an example which people wrote or imported, and no case."""
        return example_id > WRITTEN_IDS

    async def counts(self, guild_id: int) -> dict[str, int]:
        """How many examples by source are there to learn from."""
        query = (
            sa.select(examples.c.source, sa.func.count().label("number"))
            .where(examples.c.guild_id == guild_id, examples.c.withdrawn_at.is_(None))
            .group_by(examples.c.source)
        )
        async with self._db.read() as connection:
            return {row.source: row.number for row in await connection.execute(query)}

    async def permit(self, guild_id: int) -> Permit | None:
        """The permission that holds now, None without one."""
        query = (
            sa.select(permits)
            .where(permits.c.guild_id == guild_id, permits.c.revoked_at.is_(None))
            .order_by(permits.c.id.desc())
            .limit(1)
        )
        async with self._db.read() as connection:
            row = (await connection.execute(query)).first()
        return Permit(row.reference, row.scope, row.recorded_by, row.recorded_at) if row else None

    async def permitted(self) -> frozenset[int]:
        """The guilds whose messages may be trained on."""
        query = sa.select(permits.c.guild_id).where(permits.c.revoked_at.is_(None)).distinct()
        async with self._db.read() as connection:
            return frozenset(await connection.scalars(query))

    async def record_permit(self, guild_id: int, permit: Permit) -> None:
        """Write the permission down; it holds until it is revoked."""
        values = {
            "guild_id": guild_id,
            "reference": permit.reference,
            "scope": permit.scope,
            "recorded_by": permit.recorded_by,
            "recorded_at": permit.recorded_at,
        }
        async with self._db.begin() as connection:
            await connection.execute(permits.insert().values(**values))

    async def revoke_permit(self, guild_id: int, *, by: int, at: datetime) -> bool:
        """Take every permission of the guild back; False where none held."""
        update = permits.update().where(permits.c.guild_id == guild_id, permits.c.revoked_at.is_(None))
        async with self._db.begin() as connection:
            result = await connection.execute(update.values(revoked_by=by, revoked_at=at))
        return result.rowcount > 0

    async def decide_judge(
        self, *, guild_id: int, moderator_id: int, decision: JudgeDecision, by: int, at: datetime
    ) -> None:
        """An administrator's word on verdicts that contradict the others'; a later word replaces an earlier one."""
        values = {"decision": decision, "decided_by": by, "decided_at": at}
        insert = self._db.insert(judge_decisions).values(guild_id=guild_id, moderator_id=moderator_id, **values)
        upsert = insert.on_conflict_do_update(index_elements=["guild_id", "moderator_id"], set_=values)
        async with self._db.begin() as connection:
            await connection.execute(upsert)

    async def judges(self, guild_id: int) -> dict[int, JudgeDecision]:
        """What administrators said of single moderators' verdicts."""
        query = sa.select(judge_decisions.c.moderator_id, judge_decisions.c.decision).where(
            judge_decisions.c.guild_id == guild_id
        )
        async with self._db.read() as connection:
            return {row.moderator_id: row.decision for row in await connection.execute(query)}
