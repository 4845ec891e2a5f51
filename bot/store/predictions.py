"""Scores of every message, without author and text; what could not be scored; sentiment as sums by channel and hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage
from bot.store.database import Database
from bot.store.tables import predictions, sentiment_hours
from moderation_model.contract import Prediction, Sentiment

SCRIPT_NOT_READ, LANGUAGE_NOT_READ = "script not read", "language not read"
"""Why nothing of a message was judged: most letters are of another script, or it is surely in another language."""

SCORED = ("state", "why", "scores", "reading", "model_version", "unknown_words")
"""What a later score fills in."""
STARS = [sentiment_hours.c[f"star{number}"] for number in range(1, 6)]


def unread_why(found: Sequence[Prediction]) -> str | None:
    """Why nothing of a message with these predictions, one a part, is judged; None if any part is."""
    if any(prediction.readable for prediction in found):
        return None
    return LANGUAGE_NOT_READ if any(prediction.language for prediction in found) else SCRIPT_NOT_READ


class PredictionStore:
    """One row a (message, revision)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(
        self,
        message: IncomingMessage,
        found: Sequence[Prediction],
        *,
        at: datetime,
        unscored_why: str | None = None,
        retry: bool = True,
    ) -> bool:
        """Keep the highest score by label over the message's parts, or that it could not be scored.

        Parts that the model cannot read count for nothing. False, and nothing changes, if this revision stands as
        scored already. A row that stands as unscored is filled in by a later score; without `retry` it is not tried
        again. Raises StoreUnavailable.
        """
        found = [prediction for prediction in found if prediction.readable]
        row = _row(message, found, at, unscored_why)
        if unscored_why is not None and not retry:
            row["state"] = "left"
        insert = self._db.insert(predictions).values(row)
        upsert = insert.on_conflict_do_update(
            index_elements=["message_id", "revision"],
            set_={name: insert.excluded[name] for name in SCORED},
            where=predictions.c.state != "scored",
        ).returning(predictions.c.id)
        async with self._db.begin() as connection:
            fresh = (await connection.execute(upsert)).first() is not None
            if fresh and found and unscored_why is None:
                await self._add_sentiment(connection, message, found[0].sentiment)
        return fresh

    async def _add_sentiment(self, connection: AsyncConnection, message: IncomingMessage, sentiment: Sentiment) -> None:
        shares = {column.name: share for column, share in zip(STARS, sentiment.stars, strict=True)}
        insert = self._db.insert(sentiment_hours).values(
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            hour=message.created_at.replace(minute=0, second=0, microsecond=0),
            messages=1,
            **shares,
        )
        added = {name: sentiment_hours.c[name] + insert.excluded[name] for name in ("messages", *shares)}
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["guild_id", "channel_id", "hour"], set_=added)
        )

    async def seen(self, *, message_id: int, revision: int) -> bool:
        """Whether this revision needs no further look: scored, or given up."""
        query = sa.select(predictions.c.id).where(
            predictions.c.message_id == message_id,
            predictions.c.revision == revision,
            predictions.c.state != "unscored",
        )
        async with self._db.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def scores_of(self, *, message_id: int) -> dict[str, float] | None:
        """Score by label of the message's newest revision that was scored, None if none was."""
        scored = (predictions.c.message_id == message_id, predictions.c.state == "scored")
        query = sa.select(predictions.c.scores).where(*scored).order_by(predictions.c.revision.desc()).limit(1)
        async with self._db.read() as connection:
            return await connection.scalar(query)

    async def unscored(self, *, since: datetime, limit: int) -> list[MessageKey]:
        """What waits to be scored, oldest first."""
        query = (
            sa.select(predictions)
            .where(predictions.c.state == "unscored", predictions.c.created_at >= since)
            .order_by(predictions.c.created_at, predictions.c.id)
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = await connection.execute(query)
            return [MessageKey(row.guild_id, row.channel_id, row.message_id, row.revision, row.why) for row in rows]

    async def unread_share(self, guild_id: int, since: datetime) -> tuple[int, int]:
        """How many messages since then were not judged for their script or language, and how many there were."""
        unread = sa.case((predictions.c.why.in_([SCRIPT_NOT_READ, LANGUAGE_NOT_READ]), 1))
        query = sa.select(sa.func.count(unread), sa.func.count()).where(
            predictions.c.guild_id == guild_id, predictions.c.created_at >= since
        )
        async with self._db.read() as connection:
            row = (await connection.execute(query)).one()
        return int(row[0]), int(row[1])

    async def give_up(self, *, message_id: int, revision: int, why: str) -> None:
        """Try this revision no more: it is gone, or was replaced by an edit."""
        async with self._db.begin() as connection:
            await connection.execute(
                predictions.update()
                .where(
                    predictions.c.message_id == message_id,
                    predictions.c.revision == revision,
                    predictions.c.state == "unscored",
                )
                .values(state="left", why=why)
            )

    async def drop_before(self, at: datetime, *, batch: int = 500) -> int:
        """Delete rows from before `at`, a batch a transaction so that no writer waits long; how many."""
        dropped = 0
        while True:
            old = sa.select(predictions.c.id).where(predictions.c.created_at < at).limit(batch)
            async with self._db.begin() as connection:
                result = await connection.execute(predictions.delete().where(predictions.c.id.in_(old)))
            dropped += result.rowcount
            if result.rowcount < batch:
                return dropped


def _row(
    message: IncomingMessage, found: Sequence[Prediction], at: datetime, unscored_why: str | None
) -> dict[str, Any]:
    scores: dict[str, float] = {}
    for prediction in found:
        for name, score in prediction.scores.items():
            scores[name] = max(score, scores.get(name, 0.0))
    loudest = max(found, key=lambda prediction: max(prediction.scores.values(), default=0.0), default=None)
    scored = unscored_why is None
    unknown = [each.unknown_words for each in found if each.unknown_words is not None]
    return {
        "guild_id": message.guild_id,
        "channel_id": message.channel_id,
        "message_id": message.message_id,
        "revision": message.revision,
        "created_at": at,
        "state": "scored" if scored else "unscored",
        "why": unscored_why,
        "scores": scores if scored else None,
        "reading": loudest.reading if scored and loudest else None,
        "model_version": loudest.model_version if scored and loudest else None,
        "unknown_words": sum(unknown) / len(unknown) if scored and unknown else None,
    }
