"""Taking back what a case did, for moderators who say "It's fine" and for actions that came after they said it."""

from __future__ import annotations

from bot.core.cases import Case
from bot.flow.ports import Clock, Enforcer
from bot.store.cases import CaseStore


async def undo_actions(case: Case, *, by: str, enforcer: Enforcer, cases: CaseStore, clock: Clock) -> list[str]:
    """Undo every `done` action of the case where Discord can; sentences for the moderator. Raises StoreUnavailable."""
    sentences: list[str] = []
    for record in case.actions:
        if record.state != "done":
            continue
        outcome = await enforcer.undo(case, record.action, reason=f"Candor case {case.case_id}, undone by {by}")
        if outcome.state == "done":
            await cases.settle_action(action_id=record.action_id, state="undone", detail=outcome.detail, at=clock.now())
        if outcome.detail:
            sentences.append(outcome.detail)
    return sentences
