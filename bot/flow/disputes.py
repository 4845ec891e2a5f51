"""Where two moderators answer differently about the same label, the case waits for a third one's opinion."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.cases import Case
from bot.core.events import Person
from bot.core.feedback import resolve_votes
from bot.store.cases import CaseStore
from bot.store.labels import LabelStore

DISPUTED = "Another moderator sees it otherwise, so the case waits for a third opinion; `/queue next` shows it."


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

    Who was asked for a second opinion decides: then it closes, and its labels stay unknown. `final`: it closes whatever
    others said. `kept`: how long its text stays then. Sentences for the moderator.
    """
    if final or case.second_opinion_by is not None or not resolve_votes(await labels.votes(case.case_id)).disputed:
        await cases.close(case_id=case.case_id, at=at, text_until=at + kept)
        return []
    await cases.reopen(case_id=case.case_id)
    await cases.ask_second_opinion(case_id=case.case_id, by=moderator.user_id)
    return [DISPUTED]
