"""Records for export, page by page and newest first. No query reads what members wrote or how they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.tables import actions, appeals, cases, setting_changes, vote_labels, votes

Row = Mapping[Any, Any]

CASE_COLUMNS = (
    "id", "lead_id", "jump_url", "channel_id", "message_id", "revision", "author_id", "opened_why", "state",
    "posted_at", "opened_at", "closed_at", "reasons", "scores", "sentiment", "reading", "model_version",
    "inclusion_probability",
)  # fmt: skip
"""Not what could hold a member's words: payload, hash, what withheld an action."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page: at most `limit` records of a guild since then, with ids under `below` where it is given."""

    guild_id: int
    since: datetime
    limit: int
    below: int | None = None


class ExportStore:
    """Only reads; newest first, by id. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cases(self, wanted: Wanted) -> list[dict[str, Any]]:
        """`CASE_COLUMNS` of each case, with its `actions` and `votes` (rows) and its `appeal` (a state, or None)."""
        query = sa.select(*(cases.c[name] for name in CASE_COLUMNS)).where(*_page(cases, cases.c.opened_at, wanted))
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(cases.c.id.desc()).limit(wanted.limit))).mappings().all()
            ids = [row["id"] for row in found]
            columns = (actions.c.case_id, actions.c.kind, actions.c.seconds, actions.c.state, actions.c.done_by)
            acts = await _by_case(connection, sa.select(*columns).order_by(actions.c.id), actions.c.case_id, ids)
            said = sa.select(votes.c.case_id, votes.c.verdict, votes.c.moderator_id).order_by(votes.c.voted_at)
            verdicts = await _by_case(connection, said, votes.c.case_id, ids)
            states = await _by_case(connection, sa.select(appeals.c.case_id, appeals.c.state), appeals.c.case_id, ids)
        return [
            {
                **row,
                "actions": acts[row["id"]],
                "votes": verdicts[row["id"]],
                "appeal": states[row["id"]][0]["state"] if states[row["id"]] else None,
            }
            for row in found
        ]

    async def verdicts(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Each verdict with its case's place and why it was opened, and its `labels`: rows of what it says of a label,
        without those of which it says nothing.
        """
        columns = (cases.c.channel_id, cases.c.message_id, cases.c.opened_why, cases.c.opened_at)
        where = [cases.c.guild_id == wanted.guild_id, votes.c.voted_at >= wanted.since]
        if wanted.below is not None:
            where.append(votes.c.id < wanted.below)
        query = sa.select(votes, *columns).join(cases, cases.c.id == votes.c.case_id).where(*where)
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(votes.c.id.desc()).limit(wanted.limit))).mappings().all()
            ids = [row["id"] for row in found]
            known = sa.select(vote_labels).where(vote_labels.c.vote_id.in_(ids), vote_labels.c.answer != "unknown")
            labels: dict[int, list[Row]] = defaultdict(list)
            for row in (await connection.execute(known.order_by(vote_labels.c.label))).mappings():
                labels[row["vote_id"]].append(row)
        return [{**row, "labels": labels[row["id"]]} for row in found]

    async def setting_changes(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Each change with who made it, when, and what was set before and after."""
        query = sa.select(setting_changes).where(*_page(setting_changes, setting_changes.c.changed_at, wanted))
        async with self._db.read() as connection:
            rows = await connection.execute(query.order_by(setting_changes.c.id.desc()).limit(wanted.limit))
            return [dict(row) for row in rows.mappings()]


def _page(table: sa.Table, time: sa.Column[Any], wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    where = [table.c.guild_id == wanted.guild_id, time >= wanted.since]
    return where if wanted.below is None else [*where, table.c.id < wanted.below]


async def _by_case(
    connection: AsyncConnection, query: sa.Select[*tuple[Any, ...]], case_id: sa.Column[Any], ids: Sequence[int]
) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in (await connection.execute(query.where(case_id.in_(ids)))).mappings():
        found[row["case_id"]].append(row)
    return found
