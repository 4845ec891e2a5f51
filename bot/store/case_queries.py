"""Pieces of queries on cases, apart from the transactions that use them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import NewCase
from bot.core.policy import Action
from bot.store import rows
from bot.store.tables import actions, cases, votes


def confirmed_cases(guild_id: int, author_id: int, since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of the member's cases since then that a moderator confirmed and none called fine; none is open.

    Cases about staff are for administrators alone and count nowhere else.
    """

    def said(verdict: str) -> sa.ColumnElement[bool]:
        return sa.select(votes.c.id).where(votes.c.case_id == cases.c.id, votes.c.verdict == verdict).exists()

    mine = (cases.c.guild_id == guild_id, cases.c.author_id == author_id, cases.c.opened_at >= since)
    mine = (*mine, cases.c.opened_why != "staff")
    return (*mine, cases.c.state == "closed", said("breaks_rules"), ~said("fine"))


def taken_over(new: NewCase, values: dict[str, Any]) -> sa.UpdateBase:
    """Turns a case that only a report opened into `new`, or one that a keyword opened while the model was away, now
    that it has scores; gives its id, or nothing if there is none such.
    """
    decided = sa.select(actions.c.id).where(actions.c.case_id == cases.c.id).exists()
    judged = sa.select(votes.c.id).where(votes.c.case_id == cases.c.id).exists()
    unscored = cases.c.scores.is_(None) & cases.c.opened_why.in_(("flagged", "care"))
    scored_now = unscored & ~judged if new.scores is not None else sa.false()
    return (
        cases.update()
        .where(
            cases.c.message_id == new.message_id,
            cases.c.revision == new.revision,
            (cases.c.opened_why == "reported") | scored_now,
            cases.c.state == "open",
            ~decided,
        )
        .values({**values, "lead_id": None})
        .returning(cases.c.id)
    )


def planned_row(case_id: int, message_id: int, revision: int, action: Action, at: datetime) -> dict[str, Any]:
    """The row of an action before it is done."""
    return {
        "case_id": case_id,
        "message_id": message_id,
        "revision": revision,
        **rows.action_values(action),
        "state": "pending",
        "detail": None,
        "done_by": None,
        "planned_at": at,
        "settled_at": None,
    }


async def hand_on(connection: AsyncConnection, followers: sa.ColumnElement[bool]) -> int | None:
    """The cases that `followers` names leave their card and go on under the first of them: its id, None if none is."""
    heir = await connection.scalar(sa.select(sa.func.min(cases.c.id)).where(followers))
    if heir is not None:
        await connection.execute(cases.update().where(followers, cases.c.id != heir).values(lead_id=heir))
        await connection.execute(cases.update().where(cases.c.id == heir).values(lead_id=None))
    return heir
