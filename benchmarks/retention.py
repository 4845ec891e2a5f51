"""A million predictions and the retention job: `python -m benchmarks.retention [--json] [--rows 1000000]`.

Most of the rows are over their time. While the job deletes them, writers record new predictions, one transaction after
the other, and what each of them waits for is measured; it is measured once more without the job. On SQLite in a file
and on PostgreSQL with its own settings (`tests/store/postgres.py` starts one, careful about the disk here).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.measuring import Goal, arguments, at_most, percentile, show
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.predictions import PredictionStore
from bot.store.tables import predictions
from moderation_model.labels import LABEL_NAMES
from tests.builders import message, prediction
from tests.store.postgres import cluster

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEPT = timedelta(days=30)
OLD_SHARE = 0.9
AT_A_TIME = 5000
WRITERS = 4
ALONE_SECONDS = 5.0
LONGEST_LOCK_MS = 200.0
RETENTION = "retention"


def main() -> None:
    """Measures and prints."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    given = parser.parse_args()
    figures: dict[str, float] = {"rows": given.rows}
    goals: list[Goal] = []
    for name in ("sqlite", "postgresql") if given.database == "both" else (given.database,):
        found = asyncio.run(_measured(name, given.rows))
        figures |= {f"{name} {what}": value for what, value in found.items()}
        goals.append(at_most(f"{name}: longest lock of the job, ms", found["longest lock ms"], LONGEST_LOCK_MS))
        goals.append(at_most(f"{name}: wait of a writer, p99, ms", found["writer p99 ms"], LONGEST_LOCK_MS))
        goals.append(at_most(f"{name}: rows left that are over their time", found["rows left over"], 0))
    show(figures, goals, as_json=given.json)


class Timed(Database):
    """`longest`: the milliseconds of the longest transaction of the task named `RETENTION`, which is how long its locks
    were held.
    """

    longest = 0.0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """As `Database.begin`."""
        task = asyncio.current_task()
        async with super().begin() as connection:
            began = time.perf_counter()
            yield connection
        if task is not None and task.get_name() == RETENTION:
            self.longest = max(self.longest, (time.perf_counter() - began) * 1000)


@asynccontextmanager
async def _database(name: str) -> AsyncIterator[Timed]:
    key = TextKey(Fernet.generate_key().decode())
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            url = f"sqlite+aiosqlite:///{Path(folder) / 'candor.db'}"
            db = Timed(url, key=key)
            yield db
            await db.close()
            return
    with cluster(careful=True) as server:
        db = Timed(server.render_as_string(hide_password=False), key=key)
        yield db
        await db.close()


async def _measured(name: str, rows: int) -> dict[str, float]:
    async with _database(name) as db:
        await db.migrate()
        store = PredictionStore(db)
        started = time.perf_counter()
        await _fill(db, rows)
        filled = time.perf_counter() - started
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(ALONE_SECONDS, stop.set)
        alone = await _written(store, stop, first=10**9)
        stop = asyncio.Event()
        writing = asyncio.create_task(_written(store, stop, first=2 * 10**9))
        started = time.perf_counter()
        dropped = await asyncio.create_task(store.drop_before(NOW - KEPT), name=RETENTION)
        took = time.perf_counter() - started
        stop.set()
        waits = await writing
        return {
            "fill seconds": filled,
            "dropped": dropped,
            "seconds": took,
            "dropped a second": dropped / took,
            "longest lock ms": db.longest,
            "rows left over": await _left_over(db),
            "writes meanwhile": len(waits),
            "writer p50 ms": percentile(waits, 0.5),
            "writer p99 ms": percentile(waits, 0.99),
            "writer max ms": max(waits),
            "writer alone p50 ms": percentile(alone, 0.5),
            "writer alone p99 ms": percentile(alone, 0.99),
            "writer alone max ms": max(alone),
            "megabytes": await _megabytes(db),
        }


async def _fill(db: Database, rows: int) -> None:
    old = round(rows * OLD_SHARE)
    scores = dict.fromkeys(LABEL_NAMES, 0.01)
    for first in range(0, rows, AT_A_TIME):
        made = [_row(number, number < old, scores) for number in range(first, min(rows, first + AT_A_TIME))]
        async with db.begin() as connection:
            await connection.execute(predictions.insert(), made)
    if not db.is_sqlite:
        async with db.begin() as connection:
            await connection.execute(sa.text("ANALYZE predictions"))


def _row(number: int, old: bool, scores: dict[str, float]) -> dict[str, Any]:
    age = timedelta(days=60) if old else timedelta(days=1)
    return {
        "guild_id": 100 + number % 7,
        "channel_id": number % 50,
        "message_id": number,
        "revision": 0,
        "created_at": NOW - age + timedelta(milliseconds=number),
        "state": "scored",
        "why": None,
        "scores": scores,
        "reading": "as_written",
        "model_version": "default-1",
        "unknown_words": 0.1,
    }


async def _written(store: PredictionStore, stop: asyncio.Event, *, first: int) -> Sequence[float]:
    """Milliseconds that each write took, of several writers until `stop`."""
    found: list[float] = []

    async def write(writer: int) -> None:
        number = first + writer
        while not stop.is_set():
            number += WRITERS
            started = time.perf_counter()
            await store.record(message(message_id=number, at=NOW), [prediction()], at=NOW)
            found.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    return found


async def _left_over(db: Database) -> int:
    query = sa.select(sa.func.count()).select_from(predictions).where(predictions.c.created_at < NOW - KEPT)
    async with db.read() as connection:
        return await connection.scalar(query) or 0


async def _megabytes(db: Database) -> float:
    """Of the table with its indexes on PostgreSQL, of the file on SQLite."""
    size = "SELECT pg_total_relation_size('predictions')"
    if db.is_sqlite:
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    async with db.read() as connection:
        return (await connection.scalar(sa.text(size)) or 0) / 1e6


if __name__ == "__main__":
    main()
