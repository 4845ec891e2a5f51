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
from bot.store.tables import actions, appeals, cases, notes, reports, votes

_IDS = sa.bindparam("ids", expanding=True)
_ON_A_CARD = reports.c.case_id.in_(_IDS) | cases.c.lead_id.in_(_IDS)
HANGING = sa.select(
    sa.exists().where(cases.c.lead_id.in_(_IDS)).label("followers"),
    sa.exists().where(votes.c.case_id.in_(_IDS)).label("votes"),
    sa.exists().where(notes.c.case_id.in_(_IDS)).label("notes"),
    sa.exists().where(appeals.c.case_id.in_(_IDS)).label("appeals"),
    sa.exists().where(cases.c.id == reports.c.case_id, _ON_A_CARD).label("reports"),
)
"""What is there at all: on a case that was just opened, and in a raid on nearly all, nothing."""


async def load_cases(connection: AsyncConnection, key: TextKey, query: sa.Select[Any]) -> list[Case]:
    """The cases of `query` with what hangs on them, ten queries at most however many they are; three for new ones."""
    found = (await connection.execute(query)).mappings().all()
    ids = [row["id"] for row in found]
    if not ids:
        return []
    hanging = (await connection.execute(HANGING, {"ids": ids})).one()
    follower_actions: dict[int, list[Any]] = defaultdict(list)
    if hanging.followers:
        of_followers = sa.select(actions, cases.c.lead_id).join(cases, cases.c.id == actions.c.case_id)
        by_lead = of_followers.where(cases.c.lead_id.in_(ids)).order_by(actions.c.id)
        for row in (await connection.execute(by_lead)).mappings():
            follower_actions[row["lead_id"]].append(row)
    acts: dict[int, list[Any]] = defaultdict(list)
    by_case = sa.select(actions).where(actions.c.case_id.in_(ids)).order_by(actions.c.id)
    for row in (await connection.execute(by_case)).mappings():
        acts[row["case_id"]].append(row)
    hashes = {row["id"]: row["text_hash"] for row in found}
    others = await beside(connection, key, hashes) if hanging.followers else {}
    judged = await votes_of(connection, ids) if hanging.votes else {}
    noted = await notes_of(connection, key, ids) if hanging.notes else {}
    appealed = await appeals_of(connection, key, ids) if hanging.appeals else {}
    reported = await reports_of(connection, key, ids) if hanging.reports else {}

    def attached(case_id: int) -> rows.Attached:
        return rows.Attached(
            actions=acts[case_id],
            follower_actions=follower_actions[case_id],
            beside=others.get(case_id, rows.Beside()),
            votes=judged.get(case_id, ()),
            notes=noted.get(case_id, ()),
            reports=reported.get(case_id, ()),
            appeal=appealed.get(case_id),
        )

    return [rows.case(row, key, attached(row["id"])) for row in found]
