"""Where two moderators answer differently about the same label, the case waits for a third one's opinion."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.cases import Case
from bot.core.events import Person
from bot.core.feedback import resolve_votes
from bot.store.cases import CaseStore
from bot.store.labels import LabelStore

DISPUTED = "Another moderator sees it otherwise, so the case waits for a third opinion; `/queue next` shows it."

PAIR = 2
"""Two that differ: with a third there is a majority, or nobody knows."""


async def close_or_ask(
    case: Case,
    moderator: Person,
    *,
    final: bool,
    cases: CaseStore,
    labels: LabelStore,
    at: datetime,
    kept: timedelta,
) -> list[str]:
    """Close the case on which `moderator` has just voted, or leave it open for another where the votes are even.

    Where two differ a third decides, by the majority; their own second presses do not. Who was asked for a second
    opinion decides at once, and labels on which that one and the first differ stay unknown. `final`: it
    closes whatever others said. `case` is as it was before the vote. `kept`: how long its text stays once it is closed.
    Sentences for the moderator.
    """
    votes = await labels.votes(case.case_id)
    asked = case.second_opinion_by is not None and not resolve_votes(case.votes).disputed
    if final or asked or len(votes) > PAIR or not resolve_votes(votes).disputed:
        await cases.close(case_id=case.case_id, at=at, text_until=at + kept)
        return []
    await cases.reopen(case_id=case.case_id)
    await cases.ask_second_opinion(case_id=case.case_id, by=moderator.user_id)
    return [DISPUTED]
