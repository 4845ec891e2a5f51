"""Scores of every message, without author and text; what could not be scored; sentiment as sums by channel and hour."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage
from bot.store.database import Database
from bot.store.gathering import Gathering
from bot.store.tables import predictions, sentiment_hours
from moderation_model.contract import Prediction, Sentiment

SCRIPT_NOT_READ, LANGUAGE_NOT_READ = "script not read", "language not read"
"""Why nothing of a message was judged: most letters are of another script, or it is surely in another language."""

SCORED = ("state", "why", "scores", "reading", "model_version", "unknown_words")
"""What a later score fills in."""
HOUR = ("guild_id", "channel_id", "hour")
STARS = tuple(f"star{number}" for number in range(1, 6))
SUMMED = ("messages", *STARS)

DONE = sa.select(predictions.c.message_id, predictions.c.revision).where(
    predictions.c.message_id.in_(sa.bindparam("ids", expanding=True)), predictions.c.state != "unscored"
)

NOT_AWAITED = sa.text("SET LOCAL synchronous_commit TO off")
"""On PostgreSQL: the transaction ends without waiting for the disk, which a checkpoint can keep busy for long. A crash
may undo what was done in the last moments, so it is only for what is done again anyway.
"""


def is_unscored(db: Database, *, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """That a row waits to be scored since then or later, and that this process is to do it."""
    return predictions.c.state == "unscored", predictions.c.created_at >= since, db.mine(predictions.c.guild_id)


def unread_why(found: Sequence[Prediction]) -> str | None:
    """Why nothing of a message with these predictions, one a part, is judged; None if any part is."""
    if any(prediction.readable for prediction in found):
        return None
    return LANGUAGE_NOT_READ if any(prediction.language for prediction in found) else SCRIPT_NOT_READ


@dataclass(frozen=True, slots=True)
class _Written:
    """A row, and what its message adds to the sums of its channel's hour if it is new."""

    row: dict[str, Any]
    sums: dict[str, Any] | None

    @property
    def key(self) -> tuple[int, int]:
        return self.row["message_id"], self.row["revision"]


class PredictionStore:
    """One row a (message, revision)."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._write = Gathering(db, self._write_all)
        self._find = Gathering(db, self._find_all)
        # Built once: building them takes about as long as running them.
        insert = db.insert(predictions)
        self._upsert = insert.on_conflict_do_update(
            index_elements=["message_id", "revision"],
            set_={name: insert.excluded[name] for name in SCORED},
            where=predictions.c.state != "scored",
        ).returning(predictions.c.message_id, predictions.c.revision)
        insert = db.insert(sentiment_hours)
        self._sum_up = insert.on_conflict_do_update(
            index_elements=list(HOUR),
            set_={name: sentiment_hours.c[name] + insert.excluded[name] for name in SUMMED},
        )

    @property
    def writes_waiting(self) -> int:
        """Rows that wait for the transaction before theirs."""
        return self._write.waiting

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
        again. Rows of messages that come at the same time are written in one transaction; it is committed when this
        returns. Raises StoreUnavailable.
        """
        found = [prediction for prediction in found if prediction.readable]
        row = _row(message, found, at, unscored_why)
        if unscored_why is not None and not retry:
            row["state"] = "left"
        sums = _sums(message, found[0].sentiment) if found and unscored_why is None else None
        return await self._write(_Written(row, sums))

    async def leave(self, key: MessageKey, *, at: datetime) -> bool:
        """Keep that this revision waits to be scored; False if it was scored already. Raises StoreUnavailable."""
        ids = {"guild_id": key.guild_id, "channel_id": key.channel_id}
        ids |= {"message_id": key.message_id, "revision": key.revision}
        row = ids | {"created_at": at, "state": "unscored", "why": key.why}
        return await self._write(
            _Written(row | dict.fromkeys(("scores", "reading", "model_version", "unknown_words")), None)
        )

    async def _write_all(self, written: Sequence[_Written]) -> list[bool]:
        """Whether each is new; of two rows of one revision the first comes first."""
        fresh = [False] * len(written)
        async with self._db.begin() as connection:
            for places in _each_revision_once(written):
                rows = await connection.execute(self._upsert, [written[place].row for place in places])
                new = {(row.message_id, row.revision) for row in rows}
                for place in places:
                    fresh[place] = written[place].key in new
            sums = _together(each.sums for each, is_new in zip(written, fresh, strict=True) if is_new and each.sums)
            if sums:
                await connection.execute(self._sum_up, sums)
        return fresh

    async def seen(self, *, message_id: int, revision: int) -> bool:
        """Whether this revision needs no further look: scored, or given up. Raises StoreUnavailable."""
        return await self._find((message_id, revision))

    async def _find_all(self, keys: Sequence[tuple[int, int]]) -> list[bool]:
        ids = {"ids": sorted({message_id for message_id, _ in keys})}
        async with self._db.read() as connection:
            found = {(row.message_id, row.revision) for row in await connection.execute(DONE, ids)}
        return [key in found for key in keys]

    async def scores_of(self, *, message_id: int) -> dict[str, float] | None:
        """Score by label of the message's newest revision that was scored, None if none was."""
        scored = (predictions.c.message_id == message_id, predictions.c.state == "scored")
        query = sa.select(predictions.c.scores).where(*scored).order_by(predictions.c.revision.desc()).limit(1)
        async with self._db.read() as connection:
            return await connection.scalar(query)

    async def unscored(
        self, *, since: datetime, limit: int, without: Collection[int] = (), closed: Collection[int] = ()
    ) -> list[MessageKey]:
        """What waits to be scored, newest first: what is over an hour old can no more be acted on, so it can wait.
        Of every guild but those of `without`, of every channel but those of `closed`.
        """
        query = (
            sa.select(predictions)
            .where(
                *is_unscored(self._db, since=since),
                predictions.c.guild_id.not_in(without) if without else sa.true(),
                predictions.c.channel_id.not_in(closed) if closed else sa.true(),
            )
            .order_by(predictions.c.created_at.desc(), predictions.c.id.desc())
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
        """Delete rows from before `at`, the oldest first; how many.

        A batch is a transaction, after which others have as much time as it took: no writer waits long.
        """
        dropped, since = 0, None
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            # From where the last batch ended: what is before that was deleted, and would be gone through once more.
            old = sa.select(predictions.c.id, predictions.c.created_at).where(predictions.c.created_at < at)
            old = old if since is None else old.where(predictions.c.created_at >= since)
            async with self._db.read() as connection:
                rows = (await connection.execute(old.order_by(predictions.c.created_at).limit(batch))).all()
            if not rows:
                return dropped
            delete = predictions.delete().where(predictions.c.id.in_([row.id for row in rows]))
            async with self._db.begin() as connection:
                if not self._db.is_sqlite:
                    await connection.execute(NOT_AWAITED)
                dropped += (await connection.execute(delete)).rowcount
            since = rows[-1].created_at
            await asyncio.sleep(clock() - began)


def _each_revision_once(written: Sequence[_Written]) -> list[list[int]]:
    """The places of `written` in as few rounds as hold no revision twice: PostgreSQL updates no row twice in one
    statement. Each is in the order of its keys, so that two processes never wait for each other.
    """
    rounds: list[list[int]] = []
    turns: dict[tuple[int, int], int] = defaultdict(int)
    for place in sorted(range(len(written)), key=lambda place: written[place].key):
        key = written[place].key
        turn = turns[key]
        turns[key] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    return rounds


def _sums(message: IncomingMessage, sentiment: Sentiment) -> dict[str, Any]:
    """What one message adds to its channel's hour."""
    hour = message.created_at.replace(minute=0, second=0, microsecond=0)
    place = {"guild_id": message.guild_id, "channel_id": message.channel_id, "hour": hour}
    return place | {"messages": 1, **dict(zip(STARS, sentiment.stars, strict=True))}


def _together(sums: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a channel and hour, in the order of their keys."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in sums:
        key = tuple(each[name] for name in HOUR)
        before = found.get(key)
        found[key] = each if before is None else each | {name: before[name] + each[name] for name in SUMMED}
    return [found[key] for key in sorted(found)]


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
