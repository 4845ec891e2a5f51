"""Scheduled runs of two bot processes on one PostgreSQL: `python -m benchmarks.scheduled [--json] [--runs 1000]`.

Every server has its nightly job due at once. Two processes share the runs; in the second round one of them is killed
with -9 half-way, and what it held is taken over. PostgreSQL is that of the tests (`tests/store/postgres.py`).
"""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.measuring import Goal, arguments, at_most, show
from bot.store.crypto import TextKey
from bot.store.database import Database
from tests.e2e.slot_house import Ran, run_all
from tests.store.postgres import cluster

ROUNDS = {"": False, "_with_a_kill": True}


def main() -> None:
    """Measures and prints."""
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    given = parser.parse_args()
    figures: dict[str, float] = {}
    goals: list[Goal] = []
    with cluster() as server:
        for name, kill in ROUNDS.items():
            ran = asyncio.run(_round(server, f"scheduled{name}", given.runs, kill=kill))
            figures |= {
                f"runs{name}": given.runs,
                f"done{name}": ran.done,
                f"begun{name}": ran.begun,
                f"seconds{name}": ran.seconds,
            }
            goals += [
                at_most(f"runs that were not done{name}", given.runs - ran.done, 0),
                at_most(f"runs that were done twice{name}", ran.twice, 0),
            ]
    show(figures, goals, as_json=given.json)


async def _round(server: sa.URL, name: str, runs: int, *, kill: bool) -> Ran:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    url = server.set(database=name).render_as_string(hide_password=False)
    db = Database(url, key=TextKey(Fernet.generate_key().decode()))
    await db.migrate()
    await db.close()
    return await run_all(url, guilds=runs, kill=kill)


if __name__ == "__main__":
    main()
