"""Moderators' verdicts, one a moderator and case, with the answer about every label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.cases import Answer, Vote
from bot.store.database import Database
from bot.store.tables import cases, vote_labels, votes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What moderators said of one label: on all its flags, and on those whose score reached a limit."""

    right: int = 0
    wrong: int = 0
    right_at_limit: int = 0
    wrong_at_limit: int = 0

    @property
    def verdicts(self) -> int:
        """How often somebody said right or wrong."""
        return self.right + self.wrong


class LabelStore:
    """What the model got right and wrong, as people say."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def vote(self, vote: Vote, *, scores: Mapping[str, float]) -> None:
        """Keep the verdict; an earlier one of that moderator on that case is replaced. Raises StoreUnavailable."""
        values = {"verdict": vote.verdict, "voted_at": vote.at}
        insert = self._db.insert(votes).values(case_id=vote.case_id, moderator_id=vote.moderator_id, **values)
        upsert = insert.on_conflict_do_update(index_elements=["case_id", "moderator_id"], set_=values)
        upsert = upsert.returning(votes.c.id)
        async with self._db.begin() as connection:
            # An upsert, not delete and insert: a double click may bring the same vote twice at once.
            vote_id = await connection.scalar(upsert)
            await connection.execute(vote_labels.delete().where(vote_labels.c.vote_id == vote_id))
            rows = [
                {
                    "vote_id": vote_id,
                    "label": label,
                    "answer": answer,
                    "score": scores.get(label),
                    "model_version": vote.model_version,
                }
                for label, answer in vote.labels.items()
            ]
            if rows:
                await connection.execute(vote_labels.insert(), rows)

    async def withdraw(self, *, case_id: int, moderator_id: int) -> None:
        """Take a verdict back as if it had not been given."""
        mine = sa.select(votes.c.id).where(votes.c.case_id == case_id, votes.c.moderator_id == moderator_id)
        async with self._db.begin() as connection:
            await connection.execute(vote_labels.delete().where(vote_labels.c.vote_id.in_(mine)))
            await connection.execute(votes.delete().where(votes.c.id.in_(mine)))

    async def votes(self, case_id: int) -> tuple[Vote, ...]:
        """The verdicts on a case, oldest first."""
        async with self._db.read() as connection:
            return (await votes_of(connection, [case_id]))[case_id]

    async def counts(self, guild_id: int) -> dict[str, dict[Answer, int]]:
        """By label, how often moderators said right, wrong and missing."""
        query = (
            sa.select(vote_labels.c.label, vote_labels.c.answer, sa.func.count())
            .join(votes, votes.c.id == vote_labels.c.vote_id)
            .join(cases, cases.c.id == votes.c.case_id)
            .where(cases.c.guild_id == guild_id, vote_labels.c.answer != "unknown")
            .group_by(vote_labels.c.label, vote_labels.c.answer)
        )
        counted: dict[str, dict[Answer, int]] = defaultdict(dict)
        async with self._db.read() as connection:
            for label, answer, number in await connection.execute(query):
                counted[label][answer] = number
        return dict(counted)

    async def evidence(self, guild_id: int, label: str, *, limit: float) -> Evidence:
        """How often moderators said right and wrong of `label`, each card once; one on which they differ is wrong.

        A press on a card that stands for fifty copies is one judgement.
        """
        worst = sa.func.max(sa.case((vote_labels.c.answer == "wrong", 1), else_=0)).label("wrong")
        query = (
            sa.select(worst, sa.func.max(vote_labels.c.score).label("score"))
            .join(votes, votes.c.id == vote_labels.c.vote_id)
            .join(cases, cases.c.id == votes.c.case_id)
            .where(
                cases.c.guild_id == guild_id,
                vote_labels.c.label == label,
                vote_labels.c.answer.in_(("right", "wrong")),
            )
            .group_by(sa.func.coalesce(cases.c.lead_id, cases.c.id))
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        reached = [row for row in rows if row.score is not None and row.score >= limit]
        return Evidence(
            right=sum(not row.wrong for row in rows),
            wrong=sum(row.wrong for row in rows),
            right_at_limit=sum(not row.wrong for row in reached),
            wrong_at_limit=sum(row.wrong for row in reached),
        )


async def votes_of(connection: AsyncConnection, case_ids: Sequence[int]) -> dict[int, tuple[Vote, ...]]:
    """The verdicts on each of `case_ids`, oldest first; an empty tuple where there is none."""
    query = (
        sa.select(votes, vote_labels.c.label, vote_labels.c.answer, vote_labels.c.model_version)
        .outerjoin(vote_labels, vote_labels.c.vote_id == votes.c.id)
        .where(votes.c.case_id.in_(case_ids))
        .order_by(votes.c.voted_at, votes.c.id)
    )
    rows = (await connection.execute(query)).all()
    labels: dict[int, dict[str, Answer]] = defaultdict(dict)
    for row in rows:
        if row.label is not None:
            labels[row.id][row.label] = row.answer
    found: dict[int, dict[int, Vote]] = defaultdict(dict)
    for row in rows:
        found[row.case_id][row.id] = Vote(
            case_id=row.case_id,
            moderator_id=row.moderator_id,
            verdict=row.verdict,
            labels=labels[row.id],
            model_version=row.model_version,
            at=row.voted_at,
        )
    return {case_id: tuple(found[case_id].values()) for case_id in case_ids}
