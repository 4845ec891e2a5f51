"""Cases that moderators judged, put into the database at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.core.cases import VerdictKind, Vote
from bot.core.feedback import answers
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.labels import LabelStore
from tests.builders import GUILD, NOON, new_case, person

AUTHORS = 10_000
"""Ids of those who wrote the messages begin here: nobody judges his own."""


async def judge(
    db: Database,
    text: str,
    number: int,
    said: Mapping[int, VerdictKind],
    *,
    guild_id: int = GUILD,
    at: datetime = NOON,
) -> int:
    """A case on message `number`, flagged as an insult, judged so by those moderators then and closed; its id."""
    store, labels = CaseStore(db), LabelStore(db)
    new = new_case(text, message_id=number, author=person(AUTHORS + number), guild_id=guild_id)
    case, _ = await store.open(new, ())
    for moderator_id, verdict in said.items():
        vote = Vote(case.case_id, moderator_id, verdict, answers(verdict, case.reasons), case.model_version, at)
        await labels.vote(vote, scores=case.scores or {})
    await store.close(case_id=case.case_id, at=at)
    return case.case_id
