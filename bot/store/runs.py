"""Training runs: when they were asked for, how they went, what the gate said and what people decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.lessons import Run, RunDecision
from bot.core.retraining import home_of
from bot.store.database import Database
from bot.store.learning_tables import runs
from moderation_model.learning import ENDED, RunResult, RunState

ERROR = 500


class RunStore:
    """Methods raise StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, run: Run) -> bool:
        """Write down that a run was asked for; False where that id is there already or another run has not ended.

        The check and the row are one transaction that writes, so that two who ask at once start one run.
        """
        going = sa.select(runs.c.run_id).where(runs.c.phase.not_in(ENDED))
        values = {
            "run_id": run.run_id,
            "guild_id": run.guild_id,
            "asked_by": run.asked_by,
            "phase": run.phase,
            "asked_at": run.asked_at,
            "facts": dict(run.facts),
        }
        insert = self._db.insert(runs).values(**values).on_conflict_do_nothing()
        async with self._db.begin() as connection:
            if not self._db.is_sqlite:
                await connection.execute(sa.text("LOCK TABLE runs IN SHARE ROW EXCLUSIVE MODE"))
            if await connection.scalar(going) is not None:
                return False
            return await connection.scalar(insert.returning(runs.c.run_id)) is not None

    async def heard(self, state: RunState, *, at: datetime) -> None:
        """What the server says of the run. A run that has ended stays as it ended."""
        values: dict[str, Any] = {
            "phase": state.phase,
            "log": list(state.log),
            "error": (state.error or "")[:ERROR] or None,
        }
        if state.ended:
            values["ended_at"] = at
        if state.result is not None:
            values["result"] = state.result.to_dict()
        update = runs.update().where(runs.c.run_id == state.run_id, runs.c.phase.not_in(ENDED)).values(**values)
        async with self._db.begin() as connection:
            await connection.execute(update)

    async def decide(self, run_id: str, decision: RunDecision, *, by: int | None, at: datetime) -> bool:
        """What became of its model. False where that was decided before: the first press counts."""
        update = (
            runs.update()
            .where(runs.c.run_id == run_id, runs.c.decision.is_(None))
            .values(decision=decision, decided_by=by, decided_at=at)
            .returning(runs.c.run_id)
        )
        async with self._db.begin() as connection:
            return await connection.scalar(update) is not None

    async def reconsider(self, run_id: str, decision: RunDecision | None, *, by: int | None, at: datetime) -> bool:
        """Another word on a run that was decided: given up again (`back`), or None for as if it had not been decided.

        False where nobody has decided it.
        """
        values = {"decision": decision, "decided_by": by, "decided_at": at if decision else None}
        update = runs.update().where(runs.c.run_id == run_id, runs.c.decision.is_not(None)).values(**values)
        async with self._db.begin() as connection:
            return await connection.scalar(update.returning(runs.c.run_id)) is not None

    async def add_facts(self, run_id: str, facts: Mapping[str, float]) -> None:
        """Put these beside the numbers that are there; one of the same name is replaced."""
        query = sa.select(runs.c.facts).where(runs.c.run_id == run_id).with_for_update()
        async with self._db.begin() as connection:
            before = await connection.scalar(query) or {}
            values = {"facts": {**before, **facts}}
            await connection.execute(runs.update().where(runs.c.run_id == run_id).values(**values))

    async def count(self, run_id: str, more: Mapping[str, int]) -> dict[str, float]:
        """Add to these numbers of the run, which begin at 0; all its numbers then."""
        query = sa.select(runs.c.facts).where(runs.c.run_id == run_id).with_for_update()
        async with self._db.begin() as connection:
            facts: dict[str, float] = dict(await connection.scalar(query) or {})
            facts |= {name: facts.get(name, 0) + number for name, number in more.items()}
            await connection.execute(runs.update().where(runs.c.run_id == run_id).values(facts=facts))
        return facts

    async def reported(self, run_id: str, *, channel_id: int, message_id: int) -> None:
        """Where its report stands."""
        values = {"report_channel_id": channel_id, "report_message_id": message_id}
        async with self._db.begin() as connection:
            await connection.execute(runs.update().where(runs.c.run_id == run_id).values(**values))

    async def get(self, run_id: str) -> Run | None:
        """The run, None where there is none of that id."""
        return next(iter(await self._read(sa.select(runs).where(runs.c.run_id == run_id))), None)

    async def going(self) -> Run | None:
        """The run that has not ended, None without one."""
        query = sa.select(runs).where(runs.c.phase.not_in(ENDED)).order_by(runs.c.asked_at).limit(1)
        return next(iter(await self._read(query)), None)

    async def newest(self, *, limit: int = 20) -> list[Run]:
        """The last runs, the newest first."""
        return await self._read(sa.select(runs).order_by(runs.c.asked_at.desc(), runs.c.run_id).limit(limit))

    async def unreported(self) -> list[Run]:
        """Runs that found a result and whose report was never posted, the oldest first; those of other shards not."""
        query = sa.select(runs).where(runs.c.phase == "done", runs.c.report_message_id.is_(None))
        found = await self._read(query.order_by(runs.c.asked_at))
        homes = [(run, home_of(run)) for run in found]
        return [run for run, home in homes if home is None or self._db.shard.serves(home)]

    async def undecided(self) -> list[Run]:
        """Runs that found a result about which nobody has said anything, the oldest first."""
        query = sa.select(runs).where(runs.c.phase == "done", runs.c.decision.is_(None))
        return await self._read(query.order_by(runs.c.asked_at))

    async def last_done(self) -> Run | None:
        """The last run that found a result."""
        query = sa.select(runs).where(runs.c.phase == "done").order_by(runs.c.asked_at.desc()).limit(1)
        return next(iter(await self._read(query)), None)

    async def _read(self, query: sa.Select[Any]) -> list[Run]:
        async with self._db.read() as connection:
            return [_run(row) for row in (await connection.execute(query)).mappings()]


def _run(row: Mapping[Any, Any]) -> Run:
    report = (row["report_channel_id"], row["report_message_id"])
    return Run(
        run_id=row["run_id"],
        phase=row["phase"],
        asked_at=row["asked_at"],
        guild_id=row["guild_id"],
        asked_by=row["asked_by"],
        ended_at=row["ended_at"],
        error=row["error"],
        log=tuple(row["log"] or ()),
        result=RunResult.from_dict(row["result"]) if row["result"] else None,
        facts=row["facts"] or {},
        decision=row["decision"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        report=report if row["report_message_id"] is not None else None,
    )
