"""What moderators' verdicts teach: closed cases whose text is still kept, as examples with their provenance.

Who wrote, where, and who judged go out as keyed hashes that say "the same" and no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.agreement import Judged
from bot.core.cases import Vote
from bot.core.grouping import same_text
from bot.core.influence import Judgement
from bot.core.teaching import Shown, judged, labels_of
from bot.errors import UndecryptableText
from bot.store import rows
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.labels import votes_of
from bot.store.learning_tables import permits
from bot.store.tables import audit_draws, cases, vote_labels, votes
from bot.store.texts import ASKED_AT, OPTED_OUT
from moderation_model.learning import Example, Source

log = structlog.get_logger(__name__)

MARK_LETTERS = 16
COMPARED = 500
"""Newest texts that something newly written is compared with, letter by letter; equal ones are found among all."""
MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Some examples. `last`: the id to go on after, None behind the last page (a page may hold few or none)."""

    examples: tuple[Example, ...]
    last: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """Where a case can be looked at: its card, else its message."""

    case_id: int
    url: str


class TeachingStore:
    """Only reads. Every method raises StoreUnavailable.

    `source`: what the messages are that this bot sees. `permitted`: the operator has recorded a permission to train on
    them, for all servers; else only a server's own permission counts.
    """

    def __init__(self, db: Database, *, source: Source = "discord_message", permitted: bool = False) -> None:
        self._db = db
        self._source: Source = source
        self._permitted = permitted or source != "discord_message"

    async def examples(
        self, *, now: datetime, without: Mapping[int, Collection[int]], after: int = 0, limit: int = 500
    ) -> Page:
        """Cases of all guilds by rising id. `without`: by guild whose verdicts do not count.

        Left out are open cases, names, texts whose time is over, messages that somebody deleted on Discord, members who
        asked to be forgotten or opted out, and cases of which no label is known.
        """
        closed = (cases.c.state == "closed", cases.c.subject == "message", ASKED_AT.is_(None), ~OPTED_OUT)
        query = sa.select(cases).where(*_kept(now), *closed, cases.c.id > after)
        query = query.where(sa.select(votes.c.id).where(votes.c.case_id == cases.c.id).exists())
        found: list[Example] = []
        async with self._db.read() as connection:
            page = (await connection.execute(query.order_by(cases.c.id).limit(limit))).mappings().all()
            ids = [row["id"] for row in page]
            said, scores = await votes_of(connection, ids), await _scores(connection, ids)
            allowed = await self._allowed(connection)
        for row in page:
            counted = [vote for vote in said[row["id"]] if vote.moderator_id not in without.get(row["guild_id"], ())]
            text, labels = _text(row, self._db.key), labels_of(counted, row["opened_why"])
            if text and labels:
                may = self._permitted or row["guild_id"] in allowed
                found.append(self._example(row, text, labels, counted, scores.get(row["id"], {}), may=may))
        return Page(tuple(found), ids[-1] if len(ids) == limit else None)

    def _example(
        self,
        row: rows.Row,
        text: str,
        labels: Mapping[str, float],
        counted: Sequence[Vote],
        scores: Mapping[str, float],
        *,
        may: bool,
    ) -> Example:
        posted: datetime = row["posted_at"]
        # A channel has no end and an hour of it is about one conversation.
        thread = f"{row['channel_id']} {posted:%Y-%m-%d %H}"
        return Example(
            example_id=row["id"],
            text=text,
            labels=labels,
            source=self._source,
            may_train=may,
            at=posted.timestamp(),
            guild=str(row["guild_id"]),
            author=mark(self._db.key, "author", row["author_id"]),
            thread=mark(self._db.key, "thread", thread),
            judges=tuple(mark(self._db.key, "judge", vote.moderator_id) for vote in counted if judged([vote])),
            inclusion_probability=row["inclusion_probability"],
            model_version=next((vote.model_version for vote in counted if vote.model_version), ""),
            scores=scores,
        )

    async def judged_since(self, since: datetime) -> set[int]:
        """Cases on which something was said after that, or that were closed after it."""
        said = sa.select(votes.c.case_id).where(votes.c.voted_at > since)
        closed = sa.select(cases.c.id).where(cases.c.closed_at > since)
        async with self._db.read() as connection:
            return set(await connection.scalars(said.union(closed)))

    def judge(self, moderator_id: int) -> str:
        """How examples name this moderator."""
        return mark(self._db.key, "judge", moderator_id)

    async def judgements(self) -> dict[int, list[Judgement]]:
        """By guild every answer right or wrong about a flag, with its score at the time.

        Of cases whose text is still there, since only they teach: years of good answers do not hide a burst of others.
        """
        query = (
            sa.select(cases.c.guild_id, votes.c.moderator_id, vote_labels)
            .join(votes, votes.c.id == vote_labels.c.vote_id)
            .join(cases, cases.c.id == votes.c.case_id)
            .where(vote_labels.c.answer.in_(("right", "wrong")), vote_labels.c.score.is_not(None))
            .where(cases.c.payload.is_not(None))
        )
        found: dict[int, list[Judgement]] = defaultdict(list)
        async with self._db.read() as connection:
            for row in await connection.execute(query):
                right = row.answer == "right"
                found[row.guild_id].append(Judgement(row.moderator_id, row.label, row.score, right))
        return dict(found)

    async def judged_together(self) -> list[Judged]:
        """The newest cases that at least two moderators judged, `COMPARED` at most."""
        several = sa.select(votes.c.case_id).group_by(votes.c.case_id).having(sa.func.count() > 1)
        several = several.order_by(votes.c.case_id.desc()).limit(COMPARED)
        async with self._db.read() as connection:
            ids = (await connection.scalars(several)).all()
            said = await votes_of(connection, ids)
        return [case for each in said.values() if len(case := judged(each)) > 1]

    async def seen_like(self, guild_id: int, text: str) -> bool:
        """Whether somebody on this server wrote nearly the same: among all cases the same words, among the newest cases
        and audits also nearly the same.
        """
        here = (cases.c.guild_id == guild_id, cases.c.payload.is_not(None))
        same = sa.select(cases.c.id).where(*here, cases.c.text_hash == self._db.key.fingerprint(text)).limit(1)
        newest = sa.select(cases.c.id, cases.c.payload).where(*here).order_by(cases.c.id.desc()).limit(COMPARED)
        drawn = sa.select(audit_draws.c.id, audit_draws.c.payload).where(
            audit_draws.c.guild_id == guild_id, audit_draws.c.payload.is_not(None)
        )
        async with self._db.read() as connection:
            if await connection.scalar(same) is not None:
                return True
            found = [*(await connection.execute(newest)).mappings()]
            found += (await connection.execute(drawn.order_by(audit_draws.c.id.desc()).limit(COMPARED))).mappings()
        return any(same_text(text, _text(row, self._db.key)) for row in found)

    async def shown(self, guild_id: int, *, since: datetime, now: datetime) -> list[Shown]:
        """The guild's cases since then whose text is kept, the newest first."""
        query = sa.select(cases).where(*_kept(now), cases.c.guild_id == guild_id, cases.c.opened_at >= since)
        async with self._db.read() as connection:
            page = (await connection.execute(query.order_by(cases.c.id.desc()).limit(MOST_SHOWN))).mappings().all()
            said = await votes_of(connection, [row["id"] for row in page])
        found: list[Shown] = []
        for row in page:
            verdicts = list(judged(said[row["id"]]).values())
            if text := _text(row, self._db.key):
                flagged = row["opened_why"] == "flagged"
                confirmed = sum(verdicts) * 2 > len(verdicts)
                found.append(Shown(text, flagged, confirmed, 1.0 / row["inclusion_probability"]))
        return found

    async def deleted(self) -> list[int]:
        """Judged cases whose messages somebody deleted on Discord, or whose authors asked to be forgotten."""
        judged_once = sa.select(votes.c.id).where(votes.c.case_id == cases.c.id).exists()
        gone = cases.c.gone_at.is_not(None) | cases.c.forgotten_at.is_not(None)
        query = sa.select(cases.c.id).where(gone, judged_once).order_by(cases.c.id)
        async with self._db.read() as connection:
            return list(await connection.scalars(query))

    @property
    def permitted(self) -> bool:
        """Whether messages of every server may be trained on, whatever the servers themselves recorded."""
        return self._permitted

    async def revoked(self) -> list[int]:
        """Judged cases of servers whose permission to train on messages was taken back and not given again."""
        if self._permitted:
            return []
        held = sa.select(permits.c.guild_id).where(permits.c.revoked_at.is_(None))
        before = sa.select(permits.c.guild_id).where(permits.c.revoked_at.is_not(None))
        judged_once = sa.select(votes.c.id).where(votes.c.case_id == cases.c.id).exists()
        query = sa.select(cases.c.id).where(cases.c.guild_id.in_(before), cases.c.guild_id.not_in(held), judged_once)
        async with self._db.read() as connection:
            return list(await connection.scalars(query.order_by(cases.c.id)))

    async def links(self, guild_id: int, case_ids: Collection[int]) -> dict[int, Link]:
        """Where those of the cases can be looked at that are this guild's."""
        query = sa.select(cases.c.id, cases.c.jump_url, cases.c.card_channel_id, cases.c.card_message_id).where(
            cases.c.guild_id == guild_id, cases.c.id.in_(case_ids)
        )
        async with self._db.read() as connection:
            found = (await connection.execute(query)).all()
        return {row.id: Link(row.id, _url(guild_id, row)) for row in found}

    async def _allowed(self, connection: AsyncConnection) -> frozenset[int]:
        held = sa.select(permits.c.guild_id).where(permits.c.revoked_at.is_(None)).distinct()
        return frozenset(await connection.scalars(held))


def mark(key: TextKey, what: str, number: int | str) -> str:
    """A short keyed hash: the same for the same, and no way back without the key."""
    return key.fingerprint(f"{what} {number}").hex()[:MARK_LETTERS]


def _kept(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Cases whose text may still be used."""
    return cases.c.payload.is_not(None), cases.c.text_expires_at > now


def _text(row: rows.Row, key: TextKey) -> str:
    """The stored text; empty where another key wrote it, or where there is none."""
    try:
        return rows.opened(key, row["payload"]).get("text") or ""
    except UndecryptableText:
        log.error("text_of_another_key", row_id=row["id"])
        return ""


def _url(guild_id: int, row: Any) -> str:
    if row.card_message_id is None:
        return row.jump_url
    return f"https://discord.com/channels/{guild_id}/{row.card_channel_id}/{row.card_message_id}"


async def _scores(connection: AsyncConnection, case_ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """By case and label the score at the time of the verdict."""
    query = (
        sa.select(votes.c.case_id, vote_labels.c.label, vote_labels.c.score)
        .join(vote_labels, vote_labels.c.vote_id == votes.c.id)
        .where(votes.c.case_id.in_(case_ids), vote_labels.c.score.is_not(None))
        .order_by(votes.c.voted_at)
    )
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for row in await connection.execute(query):
        found[row.case_id][row.label] = row.score
    return found
