"""Counts for statistics: by label, day, channel and week, never by member. `core/numbers.py` says what they carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from bot.core.cases import Answer, VerdictKind
from bot.core.numbers import Audits
from bot.store.database import Database
from bot.store.tables import actions, audit_draws, cases, sentiment_hours, vote_labels, votes

DAY, WEEK = timedelta(days=1), timedelta(days=7)

REVIEWED = ("flagged", "care", "reported", "staff", "appeal")
"""Cases that somebody waits for. What people open themselves, or answer in a batch, has no response time."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is counted: a guild, or one channel of it, from `since` to before `until`."""

    guild_id: int
    since: datetime
    until: datetime
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelWeek:
    """One channel's week from Monday, 0:00 UTC. `stars`: mean sentiment, 1 to 5, None without a scored message."""

    channel_id: int
    monday: datetime
    messages: int = 0
    flags: int = 0
    stars: float | None = None


End = VerdictKind | Literal["open", "unanswered"]
"""How a case ended: by a verdict, not yet, or without any (the message was already gone)."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """How often one kind of action was done: in all, by the bot itself, and how many of all were taken back."""

    done: int = 0
    by_bot: int = 0
    undone: int = 0


class StatsStore:
    """Only reads. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def verdicts(self, span: Span) -> dict[str, dict[Answer, int]]:
        """By label, on how many flagged cases moderators said right and wrong; where they differ it is wrong.

        Messages that share a card count once: thirty copies of one line are one judgement.
        """
        wrong = sa.func.max(sa.case((vote_labels.c.answer == "wrong", 1), else_=0)).label("wrong")
        by_case = (
            sa.select(vote_labels.c.label, wrong)
            .join(votes, votes.c.id == vote_labels.c.vote_id)
            .join(cases, cases.c.id == votes.c.case_id)
            .where(*_opened(span, "flagged"), cases.c.lead_id.is_(None), vote_labels.c.answer.in_(("right", "wrong")))
            .group_by(cases.c.id, vote_labels.c.label)
            .subquery()
        )
        query = sa.select(by_case.c.label, by_case.c.wrong, sa.func.count()).group_by(by_case.c.label, by_case.c.wrong)
        found: dict[str, dict[Answer, int]] = defaultdict(dict)
        async with self._db.read() as connection:
            for label, was_wrong, number in await connection.execute(query):
                found[label]["wrong" if was_wrong else "right"] = number
        return dict(found)

    async def ends(self, span: Span) -> dict[End, int]:
        """How the cases that wait for somebody ended; cases that share a card once. Where moderators differ it is fine.

        A case that was opened again (undone, appealed) is open, whatever was said before.
        """
        inner = sa.select(end_of_case()).where(*_opened(span, *REVIEWED), cases.c.lead_id.is_(None)).subquery()
        query = sa.select(inner.c.end, sa.func.count()).group_by(inner.c.end)
        async with self._db.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def deeds(self, span: Span) -> dict[str, Deeds]:
        """What was done to messages and members in that time, by kind of action."""
        counts = (
            sa.func.count().label("done"),
            sa.func.sum(sa.case((actions.c.done_by.is_(None), 1), else_=0)).label("by_bot"),
            sa.func.sum(sa.case((actions.c.state == "undone", 1), else_=0)).label("undone"),
        )
        query = (
            sa.select(actions.c.kind, *counts)
            .join(cases, cases.c.id == actions.c.case_id)
            .where(*_within(actions.c.planned_at, cases, span), actions.c.state.in_(("done", "undone")))
            .group_by(actions.c.kind)
        )
        async with self._db.read() as connection:
            return {row.kind: Deeds(row.done, row.by_bot, row.undone) for row in await connection.execute(query)}

    async def waits(self, span: Span) -> list[timedelta]:
        """How long each answered case waited for its first verdict; cases that share a card once."""
        query = (
            sa.select(cases.c.opened_at, sa.func.min(votes.c.voted_at).label("answered_at"))
            .join(votes, votes.c.case_id == cases.c.id)
            .where(*_opened(span, *REVIEWED), cases.c.lead_id.is_(None))
            .group_by(cases.c.id, cases.c.opened_at)
        )
        async with self._db.read() as connection:
            return [row.answered_at - row.opened_at for row in await connection.execute(query)]

    async def audits(self, span: Span) -> Audits:
        """What recall is made of: the draws with their misses, and the flagged messages with their verdicts."""
        judged = sa.or_(_said("breaks_rules"), _said("fine"))
        confirmed = _said("breaks_rules") & ~_said("fine")
        draws = (
            sa.select(
                audit_draws.c.inclusion_probability,
                audit_draws.c.case_id.is_not(None).label("answered"),
                sa.and_(cases.c.id.is_not(None), confirmed).label("missed"),
            )
            .outerjoin(cases, cases.c.id == audit_draws.c.case_id)
            .where(*_within(audit_draws.c.drawn_at, audit_draws, span))
        )
        flagged = sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((judged, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((confirmed, 1), else_=0)), 0),
        ).where(*_opened(span, "flagged"))
        async with self._db.read() as connection:
            drawn = (await connection.execute(draws)).all()
            counted = (await connection.execute(flagged)).one()
        return Audits(
            misses=tuple(row.inclusion_probability for row in drawn if row.missed),
            answered=sum(row.answered for row in drawn),
            drawn=len(drawn),
            flagged=counted[0],
            judged=counted[1],
            confirmed=counted[2],
        )

    async def flags_a_day(self, span: Span) -> tuple[int, ...]:
        """How many messages were flagged on each day of 24 hours from `since` on, days without one included."""
        edges = _edges(span.since, span.until, DAY)
        counted = await self._counted(cases.c.opened_at, edges, _opened(span, "flagged"))
        by_day = {row["bucket"]: row["number"] for row in counted}
        return tuple(by_day.get(day, 0) for day in range(len(edges) - 1))

    async def weeks(self, span: Span) -> list[ChannelWeek]:
        """Messages, flags and sentiment by channel and week, oldest week first, the busiest channel of each first.

        Whole weeks: the first begins on the Monday before `since`.
        """
        monday = span.since.replace(hour=0, minute=0, second=0, microsecond=0) - span.since.weekday() * DAY
        whole = Span(span.guild_id, monday, span.until, span.channel_id)
        edges = _edges(monday, span.until, WEEK)
        hour, channel = sentiment_hours.c.hour, sentiment_hours.c.channel_id
        stars = sum(number * sentiment_hours.c[f"star{number}"] for number in range(1, 6))
        sums = (sentiment_hours.c.messages.label("messages"), sa.type_coerce(stars, sa.Float).label("stars"))
        written = await self._counted(hour, edges, _within(hour, sentiment_hours, whole), channel, *sums)
        flagged = await self._counted(cases.c.opened_at, edges, _opened(whole, "flagged"), cases.c.channel_id)
        flags = {(row["bucket"], row["channel_id"]): row["number"] for row in flagged}
        said = {(row["bucket"], row["channel_id"]): row for row in written}
        found = [
            ChannelWeek(
                channel_id=channel_id,
                monday=edges[week],
                messages=said[week, channel_id]["messages"] if (week, channel_id) in said else 0,
                flags=flags.get((week, channel_id), 0),
                stars=_mean(said.get((week, channel_id))),
            )
            for week, channel_id in {*flags, *said}
        ]
        return sorted(found, key=lambda each: (each.monday, -each.messages, each.channel_id))

    async def _counted(
        self,
        time: sa.Column[Any],
        edges: Sequence[datetime],
        where: Sequence[sa.ColumnElement[bool]],
        channel: sa.Column[Any] | None = None,
        *sums: sa.Label[Any],
    ) -> Sequence[sa.RowMapping]:
        """Rows of `bucket` (the index of the edge before `time`), `number`, the channel if asked for, and `sums`."""
        bucket = sa.case(*((time < edge, index) for index, edge in enumerate(edges[1:]))).label("bucket")
        by = [bucket] if channel is None else [bucket, channel.label("channel_id")]
        # A subquery: PostgreSQL does not see that two expressions with parameters are the same one.
        inner = sa.select(*by, *sums).where(*where).subquery()
        keys = [inner.c[each.name] for each in by]
        totals = [sa.func.sum(inner.c[each.name]).label(each.name) for each in sums]
        query = sa.select(*keys, sa.func.count().label("number"), *totals).group_by(*keys)
        async with self._db.read() as connection:
            return (await connection.execute(query)).mappings().all()


def end_of_case() -> sa.Label[str]:
    """The column `end`: how a case ended, an `End`."""
    said = ((_said(verdict), verdict) for verdict in ("fine", "breaks_rules", "other_reason", "skip"))
    return sa.case((cases.c.state == "open", "open"), *said, else_="unanswered").label("end")


def _within(time: sa.Column[Any], table: sa.Table, span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    where = (table.c.guild_id == span.guild_id, time >= span.since, time < span.until)
    return where if span.channel_id is None else (*where, table.c.channel_id == span.channel_id)


def _opened(span: Span, *why: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_within(cases.c.opened_at, cases, span), cases.c.opened_why.in_(why))


def _said(verdict: VerdictKind) -> sa.ColumnElement[bool]:
    """Whether somebody gave the case that verdict."""
    return sa.select(votes.c.id).where(votes.c.case_id == cases.c.id, votes.c.verdict == verdict).exists()


def _edges(since: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """`since` and on in steps, up to the first edge that is not before `until`."""
    steps = max(1, -((since - until) // step))
    return [since + number * step for number in range(steps + 1)]


def _mean(row: sa.RowMapping | None) -> float | None:
    return row["stars"] / row["messages"] if row is not None and row["messages"] else None
