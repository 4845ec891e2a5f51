"""Taking back what a case did, for moderators who say "It's fine" and for actions that came after they said it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.actions import Action
from bot.core.cases import Case
from bot.flow.ports import Clock, Enforcer
from bot.store.cases import CaseStore


@dataclass(frozen=True, slots=True)
class Undone:
    """How it went: what was taken back, and sentences for the moderator."""

    actions: tuple[Action, ...]
    sentences: tuple[str, ...]


async def undo_actions(case: Case, *, by: str, enforcer: Enforcer, cases: CaseStore, clock: Clock) -> Undone:
    """Undo every `done` action of the case where Discord can. Raises StoreUnavailable."""
    actions: list[Action] = []
    sentences: list[str] = []
    for record in case.actions:
        if record.state != "done":
            continue
        outcome = await enforcer.undo(case, record.action, reason=f"Candor case {case.case_id}, undone by {by}")
        if outcome.state == "done":
            await cases.settle_action(action_id=record.action_id, state="undone", detail=outcome.detail, at=clock.now())
            actions.append(record.action)
        if outcome.detail:
            sentences.append(outcome.detail)
    return Undone(tuple(actions), tuple(sentences))
