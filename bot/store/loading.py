"""Cases are read here, each with its actions, verdicts, reports and what hangs on the cases that share its card."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import Case
from bot.store import rows
from bot.store.appeals import appeals_of
from bot.store.beside import beside
from bot.store.crypto import TextKey
from bot.store.labels import votes_of
from bot.store.notes import notes_of
from bot.store.reports import reports_of
from bot.store.tables import actions, cases


async def load_cases(connection: AsyncConnection, key: TextKey, query: sa.Select[Any]) -> list[Case]:
    """The cases of `query` with what hangs on them, ten queries at most however many they are."""
    found = (await connection.execute(query)).mappings().all()
    ids = [row["id"] for row in found]
    if not ids:
        return []
    follower_actions: dict[int, list[Any]] = defaultdict(list)
    of_followers = sa.select(actions, cases.c.lead_id).join(cases, cases.c.id == actions.c.case_id)
    by_lead = of_followers.where(cases.c.lead_id.in_(ids)).order_by(actions.c.id)
    for row in (await connection.execute(by_lead)).mappings():
        follower_actions[row["lead_id"]].append(row)
    acts: dict[int, list[Any]] = defaultdict(list)
    by_case = sa.select(actions).where(actions.c.case_id.in_(ids)).order_by(actions.c.id)
    for row in (await connection.execute(by_case)).mappings():
        acts[row["case_id"]].append(row)
    others = await beside(connection, key, {row["id"]: row["text_hash"] for row in found})
    votes = await votes_of(connection, ids)
    notes = await notes_of(connection, key, ids)
    appealed = await appeals_of(connection, key, ids)
    reported = await reports_of(connection, key, ids)

    def attached(case_id: int) -> rows.Attached:
        return rows.Attached(
            actions=acts[case_id],
            follower_actions=follower_actions[case_id],
            beside=others.get(case_id, rows.Beside()),
            votes=votes[case_id],
            notes=notes[case_id],
            reports=reported[case_id],
            appeal=appealed.get(case_id),
        )

    return [rows.case(row, key, attached(row["id"])) for row in found]
