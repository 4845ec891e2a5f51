"""What a limit would have hit: stored scores of a period replayed for one label, by channel, never by member."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.stats import Span
from bot.store.tables import cases, predictions, vote_labels, votes


@dataclass(frozen=True, slots=True)
class ChannelHits:
    """Messages of one channel at or over a limit: known right, known wrong, and never judged for the label."""

    channel_id: int
    right: int
    wrong: int
    unknown: int


class ReplayStore:
    """Only reads. Every method raises StoreUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def hits(self, span: Span, *, label: str, limit: float) -> list[ChannelHits]:
        """What `label` from `limit` (0 to 1) on would have hit, the channel with the most first.

        A message counts once, however often it was edited. Its verdict is what moderators said of this label: wrong
        where somebody found it wrong, right where somebody confirmed or added it, else unknown. That a message is
        fine says so only of the labels that it was flagged for.
        """
        wrong, right = _answered(label, "wrong"), _answered(label, "right", "missing")
        verdict = sa.case((wrong, "wrong"), (right, "right"), else_="unknown").label("verdict")
        where = [
            predictions.c.guild_id == span.guild_id,
            predictions.c.created_at >= span.since,
            predictions.c.created_at < span.until,
            predictions.c.state == "scored",
            predictions.c.scores[label].as_float() >= limit,
        ]
        if span.channel_id is not None:
            where.append(predictions.c.channel_id == span.channel_id)
        hit = sa.select(predictions.c.channel_id, predictions.c.message_id, verdict).where(*where).distinct().subquery()
        keys = (hit.c.channel_id, hit.c.verdict)
        found: dict[int, dict[str, int]] = {}
        async with self._db.read() as connection:
            rows = await connection.execute(sa.select(*keys, sa.func.count().label("number")).group_by(*keys))
            for row in rows:
                found.setdefault(row.channel_id, {})[row.verdict] = row.number
        hits = [
            ChannelHits(channel_id, counts.get("right", 0), counts.get("wrong", 0), counts.get("unknown", 0))
            for channel_id, counts in found.items()
        ]
        return sorted(hits, key=lambda each: (-(each.right + each.wrong + each.unknown), each.channel_id))


def _answered(label: str, *answers: str) -> sa.ColumnElement[bool]:
    return (
        sa.select(votes.c.id)
        .join(cases, cases.c.id == votes.c.case_id)
        .join(vote_labels, vote_labels.c.vote_id == votes.c.id)
        .where(
            cases.c.message_id == predictions.c.message_id,
            vote_labels.c.label == label,
            vote_labels.c.answer.in_(answers),
        )
        .exists()
    )
