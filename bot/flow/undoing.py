"""Taking back what cases did, for moderators who say "It's fine" and for actions that came after they said it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.actions import Action, Timeout
from bot.core.cases import MAX_TIMEOUT_SECONDS, ActionRecord, Case, ends_at
from bot.core.history import standing_timeouts
from bot.flow.ports import Clock, Enforcer, Outcome
from bot.store.cases import CaseStore

STANDS_AGAIN = "The timeout of case {case_id} stands again."
LOST = "The timeout of case {case_id} ended with it and cannot be set again: {why}"
LIFTED_TOO = "replaced by a longer timeout, which was lifted"


@dataclass(frozen=True, slots=True)
class Undone:
    """How it went: what was taken back by case, and sentences for the moderator."""

    by_case: dict[int, tuple[Action, ...]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)

    def of(self, case: Case) -> tuple[Action, ...]:
        """What of this case was taken back."""
        return self.by_case.get(case.case_id, ())

    def add(self, case: Case, record: ActionRecord) -> None:
        """Note that the action was taken back; of several timeouts of a case the last one noted stands for all."""
        others = tuple(each for each in self.of(case) if not _same_kind(each, record.action))
        self.by_case[case.case_id] = (*others, record.action)


class Undoing:
    """Undoes what stands. `by` goes into Discord's audit log. Methods raise StoreUnavailable."""

    def __init__(self, *, by: str, enforcer: Enforcer, cases: CaseStore, clock: Clock) -> None:
        self._by = by
        self._enforcer = enforcer
        self._cases = cases
        self._clock = clock
        self._undone = Undone()

    async def undo(self, group: Sequence[Case]) -> Undone:
        """Undo every `done` action of these cases where Discord can. An author's timeouts are lifted once: Discord
        knows only the one that ends last.
        """
        for case in group:
            for record in case.actions:
                if record.state == "done" and not isinstance(record.action, Timeout):
                    await self._take_back(case, record)
        for timeout in standing_timeouts(group):
            lifted = await self._take_back(timeout.case, timeout.record)
            for case, record in timeout.earlier if lifted.state == "done" else ():
                await self._settle(case, record, LIFTED_TOO)
            if lifted.state == "done":
                self._undone.add(timeout.case, timeout.record)
                if not lifted.already:
                    await self._set_again(timeout.case)
        return self._undone

    async def _set_again(self, case: Case) -> None:
        """Discord knows one timeout of a member, so that of another case went with this one's: it gets its end back."""
        now = self._clock.now()
        since = now - timedelta(seconds=MAX_TIMEOUT_SECONDS)
        others = await self._cases.timed_out(guild_id=case.guild_id, author_id=case.author_id, since=since)
        for other in standing_timeouts(others):
            action = other.record.action
            if isinstance(action, Timeout) and ends_at(other.case, action) > now:
                reason = f"Candor case {other.case.case_id}, which still stands"
                outcome = await self._enforcer.perform(other.case, action, reason=reason)
                sentence = STANDS_AGAIN if outcome.state == "done" or outcome.already else LOST
                self._undone.sentences.append(
                    sentence.format(case_id=other.case.case_id, why=outcome.detail or outcome.state)
                )

    async def _take_back(self, case: Case, record: ActionRecord) -> Outcome:
        reason = f"Candor case {case.case_id}, undone by {self._by}"
        outcome = await self._enforcer.undo(case, record.action, reason=reason)
        if outcome.state == "done":
            await self._settle(case, record, outcome.detail)
        if outcome.detail:
            self._undone.sentences.append(outcome.detail)
        return outcome

    async def _settle(self, case: Case, record: ActionRecord, detail: str | None) -> None:
        await self._cases.settle_action(action_id=record.action_id, state="undone", detail=detail, at=self._clock.now())
        self._undone.add(case, record)


def _same_kind(one: Action, other: Action) -> bool:
    return one.kind == other.kind
