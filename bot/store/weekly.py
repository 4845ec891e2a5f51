"""What the weekly report counts beyond the statistics (`stats.py`); never by member, and nothing about staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog

from bot.core.drift import EDGES, Histograms, Shares, UnknownWords
from bot.core.weekly import FEW, Carded, CaseLink, Harm, Mood, Read, Reported
from bot.core.wrong_words import Judged
from bot.errors import UndecryptableText
from bot.store.database import Database
from bot.store.rows import opened
from bot.store.stats import Span, end_of_case
from bot.store.tables import actions, appeals, cases, predictions, sentiment_hours
from moderation_model.contract import Explanation

log = structlog.get_logger(__name__)

CARDED = ("flagged", "care", "reported", "appeal")
"""Cases that get a card which waits for an answer."""
LINKS = 3
"""Cases that are named; the rest is counted."""
WORDS = 3
"""The words that a card names."""
MOST_EXPLAINED = 1000
"""The newest cards whose words are counted: they are decrypted one by one."""


class WeeklyStore:
    """Only reads. Every method raises StoreUnavailable. Spans are of whole guilds."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def cards(self, span: Span) -> tuple[Carded, ...]:
        """The cards that were opened in that time, one for all cases that share it."""
        query = sa.select(cases.c.opened_at, cases.c.channel_id, end_of_case()).where(*_carded(span))
        async with self._db.read() as connection:
            rows = await connection.execute(query.order_by(cases.c.opened_at, cases.c.id))
            return tuple(Carded(row.opened_at, row.channel_id, row.end) for row in rows)

    async def harm(self, span: Span) -> Harm:
        """What the bot did by itself in that time, what of it was taken back, and which appeals were granted."""
        own = (
            cases.c.guild_id == span.guild_id,
            actions.c.done_by.is_(None),
            actions.c.planned_at >= span.since,
            actions.c.planned_at < span.until,
        )
        done = (
            sa.select(actions.c.kind, sa.func.count().label("number"))
            .join(cases, cases.c.id == actions.c.case_id)
            .where(*own, actions.c.state.in_(("done", "undone")))
            .group_by(actions.c.kind)
        )
        undone = _links().join(actions, actions.c.case_id == cases.c.id).where(*own, actions.c.state == "undone")
        decided = (appeals.c.decided_at >= span.since, appeals.c.decided_at < span.until)
        granted = (
            _links()
            .join(appeals, appeals.c.case_id == cases.c.id)
            .where(cases.c.guild_id == span.guild_id, appeals.c.state == "overturned", *decided)
        )
        async with self._db.read() as connection:
            kinds = {row.kind: row.number for row in await connection.execute(done)}
            taken_back = (await connection.execute(undone)).all()
            overturned = (await connection.execute(granted)).all()
        return Harm(kinds, len(taken_back), _linked(taken_back), len(overturned), _linked(overturned))

    async def reported(self, span: Span) -> Reported:
        """What members reported that was not flagged, one card once."""
        inner = sa.select(end_of_case()).where(*_carded(span), cases.c.opened_why == "reported").subquery()
        confirmed = sa.func.count(sa.case((inner.c.end == "breaks_rules", 1)))
        async with self._db.read() as connection:
            row = (await connection.execute(sa.select(sa.func.count(), confirmed).select_from(inner))).one()
        return Reported(row[0], row[1])

    async def judged_words(self, span: Span) -> list[Judged]:
        """The words that the flagged and judged cards of that time named, as long as their texts are kept."""
        end = end_of_case()
        query = (
            sa.select(cases.c.id, cases.c.payload, end)
            .where(*_carded(span), cases.c.opened_why == "flagged", cases.c.payload.is_not(None))
            .where(end.element.in_(("fine", "breaks_rules")))
            .order_by(cases.c.id.desc())
            .limit(MOST_EXPLAINED)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        found: list[Judged] = []
        for row in rows:
            try:
                explanation = opened(self._db.key, row.payload).get("explanation")
            except UndecryptableText:
                log.error("text_of_another_key", case_id=row.id)
                continue
            if explanation:
                found.append(Judged(Explanation.from_dict(explanation).top(WORDS), fine=row.end == "fine"))
        return found

    async def moods(self, span: Span) -> tuple[Mood, ...]:
        """Sentiment of the channels with messages enough in that time, the busiest first."""
        hours = sentiment_hours.c
        messages = sa.func.sum(hours.messages).label("messages")
        stars = sum(number * hours[f"star{number}"] for number in range(1, 6))
        query = (
            sa.select(hours.channel_id, messages, sa.func.sum(sa.type_coerce(stars, sa.Float)).label("stars"))
            .where(hours.guild_id == span.guild_id, hours.hour >= span.since, hours.hour < span.until)
            .group_by(hours.channel_id)
            .having(sa.func.sum(hours.messages) >= FEW)
            .order_by(messages.desc(), hours.channel_id)
        )
        async with self._db.read() as connection:
            rows = await connection.execute(query)
            return tuple(Mood(row.channel_id, row.messages, row.stars / row.messages) for row in rows)

    async def read(self, span: Span) -> Read:
        """How many messages in scope there were, and how many of them were not judged."""
        unchecked = sa.func.count(sa.case((predictions.c.state != "scored", 1)))
        async with self._db.read() as connection:
            row = (await connection.execute(sa.select(sa.func.count(), unchecked).where(*_read(span)))).one()
        return Read(row[0], row[1])

    async def histograms(self, before: Span, now: Span) -> dict[str, Histograms]:
        """The scores of two times by label and bin of `EDGES`, as far as the model that scored last judged both.

        A new model has other scores, so its first weeks are compared with nothing.
        """
        scored = predictions.c.state == "scored"
        sample = sa.select(predictions.c.scores).where(*_read(now), scored).order_by(predictions.c.id.desc())
        async with self._db.read() as connection:
            version = await connection.scalar(_newest(now))
            labels: Mapping[str, float] = await connection.scalar(sample.limit(1)) or {}
            counts = {
                (label, time): await connection.execute(_binned(span, label, version))
                for label in labels
                for time, span in (("before", before), ("now", now))
            }
        filled = {key: _histogram(rows) for key, rows in counts.items()}
        return {label: Histograms(filled[label, "before"], filled[label, "now"]) for label in labels}

    async def unknown_words(self, before: Span, now: Span) -> UnknownWords | None:
        """How many words were unknown in two times, to the model that scored last; None where one of them has none."""
        share = predictions.c.unknown_words
        async with self._db.read() as connection:
            version = await connection.scalar(_newest(now))
            found: list[Shares] = []
            for span in (before, now):
                query = sa.select(sa.func.count(share), sa.func.avg(share), sa.func.avg(share * share))
                query = query.where(*_read(span), predictions.c.model_version == version)
                number, mean, square = (await connection.execute(query)).one()
                if number:
                    found.append(Shares(number, float(mean), float(square)))
        return UnknownWords(found[0], found[1]) if len(found) == 2 else None


def _carded(span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        cases.c.guild_id == span.guild_id,
        cases.c.opened_at >= span.since,
        cases.c.opened_at < span.until,
        cases.c.opened_why.in_(CARDED),
        cases.c.lead_id.is_(None),
    )


def _read(span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        predictions.c.guild_id == span.guild_id,
        predictions.c.created_at >= span.since,
        predictions.c.created_at < span.until,
    )


def _newest(span: Span) -> sa.Select[*tuple[Any, ...]]:
    """The model that scored last in that time."""
    scored = sa.select(predictions.c.model_version).where(*_read(span), predictions.c.state == "scored")
    return scored.order_by(predictions.c.id.desc()).limit(1)


def _links() -> sa.Select[*tuple[Any, ...]]:
    """The cases that are named, each once, the newest first."""
    columns = (cases.c.id, cases.c.guild_id, cases.c.jump_url, cases.c.card_channel_id, cases.c.card_message_id)
    return sa.select(*columns).select_from(cases).distinct().order_by(cases.c.id.desc())


def _linked(rows: Any) -> tuple[CaseLink, ...]:
    links: list[CaseLink] = []
    for row in rows[:LINKS]:
        card = f"https://discord.com/channels/{row.guild_id}/{row.card_channel_id}/{row.card_message_id}"
        links.append(CaseLink(row.id, card if row.card_message_id else row.jump_url))
    return tuple(links)


def _binned(span: Span, label: str, version: str | None) -> sa.Select[*tuple[Any, ...]]:
    score = predictions.c.scores[label].as_float()
    inner = (
        sa.select(score.label("score"))
        .where(*_read(span), predictions.c.state == "scored", predictions.c.model_version == version)
        .subquery()
    )
    bin_of = sa.case(*((inner.c.score < edge, number) for number, edge in enumerate(EDGES)), else_=len(EDGES))
    binned = sa.select(bin_of.label("bin")).where(inner.c.score.is_not(None)).subquery()
    return sa.select(binned.c.bin, sa.func.count().label("number")).group_by(binned.c.bin)


def _histogram(rows: Any) -> tuple[int, ...]:
    counts = {row.bin: row.number for row in rows}
    return tuple(counts.get(number, 0) for number in range(len(EDGES) + 1))
