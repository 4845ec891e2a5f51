"""Messages drawn for checking: they wait here, encrypted, until they stand on a card and somebody answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.audits import BATCH_SIZE, AuditBatch, BatchState, Draw
from bot.core.cases import CardRef, NewCase
from bot.core.sampling import Standing
from bot.errors import CaseNotFound, UndecryptableText
from bot.store import rows
from bot.store.database import Database
from bot.store.keeping import Keeping
from bot.store.tables import audit_batches, audit_draws, predictions, sentiment_hours, votes
from moderation_model.contract import Sentiment

log = structlog.get_logger(__name__)

WAITS = (audit_draws.c.payload.is_not(None), audit_draws.c.case_id.is_(None))
DROPPED = (audit_draws.c.payload.is_(None), audit_draws.c.case_id.is_(None))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guild's channels saw lately: how many messages since `first`, and the scores of the newest ones."""

    messages: int
    first: datetime | None
    scores: tuple[Mapping[str, float], ...]


class AuditStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, db: Database, *, keeping: Keeping | None = None) -> None:
        self._db = db
        self._keeping = keeping or Keeping(db)

    @property
    def seed(self) -> bytes:
        """What decides the draws: always the same here, and nobody without the key can compute it."""
        return self._db.key.fingerprint("audit draws")

    async def seen(self, guild_id: int, *, since: datetime, newest: int) -> Seen:
        """Volume and scores from which the next draws are planned."""
        hours = sa.select(sa.func.sum(sentiment_hours.c.messages), sa.func.min(sentiment_hours.c.hour)).where(
            sentiment_hours.c.guild_id == guild_id, sentiment_hours.c.hour >= since
        )
        scored = sa.select(predictions.c.scores).where(
            predictions.c.guild_id == guild_id, predictions.c.state == "scored", predictions.c.created_at >= since
        )
        async with self._db.read() as connection:
            messages, first = (await connection.execute(hours)).one()
            scores = (await connection.scalars(scored.order_by(predictions.c.id.desc()).limit(newest))).all()
        return Seen(messages or 0, first, tuple(each for each in scores if each))

    async def keep(self, case: NewCase, standing: Standing) -> None:
        """Have a drawn message wait, unless its text may not be kept. One that was drawn before changes nothing."""
        if not await self._keeping.draws(case):
            return
        values = {
            "guild_id": case.guild_id,
            "channel_id": case.channel_id,
            "message_id": case.message_id,
            "revision": case.revision,
            "drawn_at": case.opened_at,
            "label": standing.label,
            "score": standing.score,
            "flag_limit": standing.limit,
            "inclusion_probability": case.inclusion_probability,
            "payload": rows.sealed(self._db.key, _payload(case)),
            "text_expires_at": case.text_expires_at,
        }
        insert = self._db.insert(audit_draws).values(values)
        async with self._db.begin() as connection:
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["message_id", "revision"]))

    async def due(self, *, drawn_before: datetime) -> list[int]:
        """Guilds in which a message that was drawn before then stands on no card yet."""
        waiting = sa.select(audit_draws.c.guild_id).where(
            *WAITS,
            audit_draws.c.batch_id.is_(None),
            audit_draws.c.drawn_at <= drawn_before,
            self._db.mine(audit_draws.c.guild_id),
        )
        async with self._db.read() as connection:
            return list((await connection.scalars(waiting.distinct())).all())

    async def make_batches(self, guild_id: int, *, at: datetime) -> int:
        """Put what waits into batches of `BATCH_SIZE`, oldest first; how many batches."""
        waiting = sa.select(audit_draws.c.id).where(
            *WAITS, audit_draws.c.guild_id == guild_id, audit_draws.c.batch_id.is_(None)
        )
        async with self._db.begin() as connection:
            ids = (await connection.scalars(waiting.order_by(audit_draws.c.id).with_for_update())).all()
            starts = range(0, len(ids), BATCH_SIZE)
            for start in starts:
                new = audit_batches.insert().values(guild_id=guild_id, made_at=at, state="open")
                batch_id = await connection.scalar(new.returning(audit_batches.c.id))
                chosen = audit_draws.c.id.in_(ids[start : start + BATCH_SIZE])
                await connection.execute(audit_draws.update().where(chosen).values(batch_id=batch_id))
        return len(starts)

    async def get(self, *, guild_id: int, batch_id: int) -> AuditBatch:
        """The batch. Raises CaseNotFound, also for one of another guild."""
        found = await self._find(audit_batches.c.id == batch_id, audit_batches.c.guild_id == guild_id)
        if not found:
            raise CaseNotFound(f"There is no audit {batch_id} on this server.")
        return found[0]

    async def without_card(self) -> list[AuditBatch]:
        """Batches that wait to be posted."""
        waits = (audit_batches.c.state == "open", audit_batches.c.card_message_id.is_(None))
        return await self._find(*waits, self._db.mine(audit_batches.c.guild_id))

    async def unscrubbed(self) -> list[AuditBatch]:
        """Batches that are over while their card may still show texts."""
        over = (audit_batches.c.state != "open", self._db.mine(audit_batches.c.guild_id))
        return await self._find(
            *over, audit_batches.c.card_message_id.is_not(None), audit_batches.c.card_scrubbed.is_(False)
        )

    async def set_card(self, *, batch_id: int, card: CardRef) -> None:
        """Where the batch's card stands."""
        await self._update(batch_id, card_channel_id=card.channel_id, card_message_id=card.message_id)

    async def set_scrubbed(self, *, batch_id: int) -> None:
        """The batch's card shows no text of a member any more."""
        await self._update(batch_id, card_scrubbed=True)

    async def set_case(self, *, draw_id: int, case_id: int) -> None:
        """The message was answered: from now on its text is the case's."""
        async with self._db.begin() as connection:
            answered = audit_draws.update().where(audit_draws.c.id == draw_id)
            await connection.execute(answered.values(case_id=case_id, payload=None))

    async def set_answered(self, *, batch_id: int, by: int, at: datetime) -> None:
        """Every line of the batch has its case."""
        await self._update(batch_id, state="answered", answered_by=by, closed_at=at)

    async def drop(self, *, guild_id: int, message_ids: Collection[int]) -> int:
        """Drop the texts of those messages; how many. Cards that still show one are in `with_dropped`."""
        mine = (audit_draws.c.guild_id == guild_id, audit_draws.c.message_id.in_(message_ids), *WAITS)
        return await self._drop(sa.select(audit_draws.c.id).where(*mine))

    async def of_author(self, *, guild_id: int, author_id: int) -> list[Draw]:
        """What waits of one member's. No column says whose a message is, so all that waits is looked through."""
        query = sa.select(audit_draws).where(audit_draws.c.guild_id == guild_id, *WAITS).order_by(audit_draws.c.id)
        async with self._db.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return [draw for row in found for draw in self._draw(row) if draw.case.author_id == author_id]

    async def _drop(self, which: sa.Select[tuple[int]]) -> int:
        async with self._db.read() as connection:
            # Most messages that are deleted wait nowhere, and reading holds up no writer.
            ids = (await connection.scalars(which)).all()
        if ids:
            async with self._db.begin() as connection:
                await connection.execute(audit_draws.update().where(audit_draws.c.id.in_(ids)).values(payload=None))
        return len(ids)

    async def with_dropped(self) -> list[AuditBatch]:
        """Open batches whose card may show a line that was dropped."""
        dropped = sa.select(audit_draws.c.id).where(audit_draws.c.batch_id == audit_batches.c.id, *DROPPED).exists()
        shown = audit_batches.c.card_message_id.is_not(None)
        return await self._find(audit_batches.c.state == "open", shown, dropped)

    async def leave(self, *, batch_id: int) -> None:
        """The lines that were dropped stand on the batch's card no more."""
        mine = audit_draws.update().where(audit_draws.c.batch_id == batch_id, *DROPPED)
        async with self._db.begin() as connection:
            await connection.execute(mine.values(batch_id=None))

    async def set_over(self, *, batch_id: int, at: datetime) -> None:
        """No line of the batch is left to answer."""
        await self._update(batch_id, state="expired", closed_at=at)

    async def expire(self, now: datetime) -> int:
        """Drop the texts whose time is over, and all of a batch with its first; how many.

        The cards of those batches still show them: they are in `unscrubbed` until `set_scrubbed`.
        """
        over = (*WAITS, audit_draws.c.text_expires_at <= now)
        batches = sa.select(audit_draws.c.batch_id).where(*over, audit_draws.c.batch_id.is_not(None))
        async with self._db.begin() as connection:
            ids = (await connection.scalars(batches.distinct())).all()
            drop = audit_draws.update().where(*WAITS, sa.or_(audit_draws.c.batch_id.in_(ids), over[-1]))
            dropped = await connection.execute(drop.values(payload=None))
            ended = audit_batches.update().where(audit_batches.c.id.in_(ids), audit_batches.c.state == "open")
            await connection.execute(ended.values(state="expired", closed_at=now))
        return dropped.rowcount

    async def _update(self, batch_id: int, **values: Any) -> None:
        async with self._db.begin() as connection:
            await connection.execute(audit_batches.update().where(audit_batches.c.id == batch_id).values(values))

    async def _find(self, *where: sa.ColumnElement[bool]) -> list[AuditBatch]:
        async with self._db.read() as connection:
            found = (
                await connection.execute(sa.select(audit_batches).where(*where).order_by(audit_batches.c.id))
            ).all()
            return [await self._load(connection, row) for row in found]

    async def _load(self, connection: AsyncConnection, row: sa.Row[Any]) -> AuditBatch:
        """The batch with what waits in it and how its lines were judged."""
        bad = sa.select(votes.c.id).where(votes.c.case_id == audit_draws.c.case_id, votes.c.verdict == "breaks_rules")
        query = sa.select(audit_draws, bad.exists().label("bad")).where(audit_draws.c.batch_id == row.id)
        draws = (await connection.execute(query.order_by(audit_draws.c.id))).mappings().all()
        state: BatchState = row.state
        return AuditBatch(
            batch_id=row.id,
            guild_id=row.guild_id,
            state=state,
            draws=tuple(draw for each in draws if each["payload"] is not None for draw in self._draw(each)),
            lines=sum(each["payload"] is not None or each["case_id"] is not None for each in draws),
            bad_case_ids=tuple(each["case_id"] for each in draws if each["bad"]),
            answered_by=row.answered_by,
            closed_at=row.closed_at,
            card=CardRef(row.card_channel_id, row.card_message_id) if row.card_message_id else None,
        )

    def _draw(self, row: rows.Row) -> Iterator[Draw]:
        """The draw; none for one that another key wrote, which waits for its expiry."""
        try:
            payload = rows.opened(self._db.key, row["payload"])
        except UndecryptableText:
            log.error("text_of_another_key", draw_id=row["id"])
            return
        yield Draw(row["id"], _case(row, payload))


def _case(row: rows.Row, payload: Mapping[str, Any]) -> NewCase:
    joined, stars = payload["author_joined_at"], payload["sentiment"]
    return NewCase(
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        revision=row["revision"],
        author_id=payload["author_id"],
        author_name=payload["author_name"],
        author_joined_at=datetime.fromisoformat(joined) if joined else None,
        opened_why="audit",
        text=payload["text"],
        jump_url=payload["jump_url"],
        posted_at=datetime.fromisoformat(payload["posted_at"]),
        opened_at=row["drawn_at"],
        text_expires_at=row["text_expires_at"],
        scores=payload["scores"],
        sentiment=Sentiment((stars[0], stars[1], stars[2], stars[3], stars[4])) if stars else None,
        reading=payload["reading"],
        model_version=payload["model_version"],
        forwarded=payload["forwarded"],
        inclusion_probability=row["inclusion_probability"],
    )


def _payload(case: NewCase) -> dict[str, Any]:
    """Everything that says who wrote what: members are not profiled, so none of it stands in a column."""
    return {
        "author_id": case.author_id,
        "author_name": case.author_name,
        "author_joined_at": case.author_joined_at.isoformat() if case.author_joined_at else None,
        "text": case.text,
        "jump_url": case.jump_url,
        "posted_at": case.posted_at.isoformat(),
        "scores": dict(case.scores) if case.scores is not None else None,
        "sentiment": list(case.sentiment.stars) if case.sentiment is not None else None,
        "reading": case.reading,
        "model_version": case.model_version,
        "forwarded": case.forwarded,
    }
