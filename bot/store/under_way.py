"""Actions that are recorded and not done yet: whose work each is, so that no two processes do one, and none is lost.

Whoever records an action holds it for `CLAIM` and prolongs that while it works on it. What nobody holds any more, any
process may take over. Holders may be on several hosts, whose clocks differ: `Database.moment` says whose counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.core.cases import ActionRecord, Case
from bot.store.database import Database
from bot.store.loading import load_cases
from bot.store.tables import actions, cases

CLAIM = timedelta(seconds=15)
"""Three heartbeats. What a killed process was about to do is taken over after so long."""

AT_A_TIME = 20


def held(db: Database, at: datetime) -> dict[str, Any]:
    """The columns of an action that this process records then."""
    return {"holder": db.holder, "held_until": db.moment(at, later=CLAIM)}


class UnderWay:
    """One for the whole process. Methods raise StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._working: set[int] = set()

    @contextmanager
    def working(self, action_ids: Iterable[int]) -> Iterator[None]:
        """Meanwhile `keep_all` prolongs them, and `take_over` leaves them alone."""
        ids = set(action_ids) - self._working
        self._working |= ids
        try:
            yield
        finally:
            self._working -= ids

    async def keep(self, action_id: int, *, now: datetime) -> bool:
        """Whether the action is still this process's to do; then it is for another `CLAIM`."""
        return bool(await self._keep({action_id}, now))

    async def keep_all(self, *, now: datetime) -> None:
        """The heartbeat of everything that is worked on."""
        if self._working:
            await self._keep(self._working, now)

    async def _keep(self, ids: set[int], now: datetime) -> list[int]:
        ours = (actions.c.id.in_(sorted(ids)), actions.c.state == "pending", actions.c.holder == self._db.holder)
        update = actions.update().where(*ours).values(**held(self._db, now)).returning(actions.c.id)
        async with self._db.begin() as connection:
            return list(await connection.scalars(update))

    async def take_over(self, *, now: datetime) -> list[tuple[Case, ActionRecord]]:
        """Some of the pending actions that nobody holds any more, oldest first, with their cases: they are this
        process's now. Empty once there are none.
        """
        # An older version of the bot, which may still run, writes no holder.
        old = actions.c.held_until.is_(None) & (actions.c.planned_at <= self._db.moment(now, later=-CLAIM))
        over = actions.c.held_until <= self._db.moment(now)
        # So far ahead nobody holds anything: the clock was wrong when it was written.
        wrong = actions.c.held_until > self._db.moment(now, later=2 * CLAIM)
        free = (
            actions.c.state == "pending",
            over | wrong | old,
            actions.c.id.not_in(sorted(self._working)),
        )
        first = (
            sa.select(actions.c.id)
            .join(cases, cases.c.id == actions.c.case_id)
            .where(*free, self._db.mine(cases.c.guild_id))
            .order_by(actions.c.id)
            .limit(AT_A_TIME)
        )
        # `free` twice: whoever waited for another process's transaction finds the action taken.
        take = actions.update().where(actions.c.id.in_(first), *free).values(**held(self._db, now))
        async with self._db.read() as connection:
            if (await connection.execute(first)).first() is None:
                return []  # by far the most frequent, and it needs no turn among the writers
        async with self._db.begin() as connection:
            rows = await connection.execute(take.returning(actions.c.id, actions.c.case_id))
            taken = {row.id: row.case_id for row in rows}
            mine = sa.select(cases).where(cases.c.id.in_(set(taken.values()))).order_by(cases.c.id)
            found = await load_cases(connection, self._db.key, mine)
        return [(case, record) for case in found for record in case.actions if record.action_id in taken]
