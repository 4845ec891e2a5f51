"""The bot's own actions: what a case asks for is done, and what a crash left is finished.

Record, act, record: the rows stand as `pending` before anything is done to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import structlog

from bot.core.actions import Action, Delete
from bot.core.cases import ActionRecord, Case
from bot.flow.cards import CardDesk
from bot.flow.gone import Gone
from bot.flow.ports import Clock, Outcome
from bot.flow.telling import Deed, Telling
from bot.flow.undoing import Undoing
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore

SHADOW_SINCE = "the server went into shadow mode before it was done"

log = structlog.get_logger(__name__)


class Acting:
    """Performs what stands as `pending`, and has it told. Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        telling: Telling,
        guilds: GuildStore,
        cases: CaseStore,
        desk: CardDesk,
        gone: Gone,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._telling = telling
        self._guilds = guilds
        self._cases = cases
        self._desk = desk
        self._gone = gone
        self._clock = clock
        self._text_kept = timedelta(days=text_days)

    async def perform(self, case: Case) -> Case:
        """Do what the case plans; the case as it stands then. Where its card was decided while it was acted on, the
        verdict holds for it too.
        """
        pending = [record for record in case.actions if record.state == "pending"]
        done = [record.action for record in pending if (await self._perform(case, record)).state == "done"]
        self._telling.enqueue(Deed(case, tuple(done)))
        return await self._follow_verdict(case)

    async def settle(self, *, planned_before: datetime) -> int:
        """After a start: ask Discord what became of each action that an earlier run left `pending`; how many.

        What was not done is performed, but nothing of the bot's own where the server was paused or put into shadow mode
        meanwhile. `planned_before` is when this run started: later ones are in the pass now.
        """
        pending = await self._cases.pending(planned_before=planned_before)
        done: dict[int, list[Action]] = defaultdict(list)
        for case, record in pending:
            outcome = await self._telling.settle(case, record.action)
            if outcome is None and record.by is None:
                outcome = await self._stopped(case)
            if outcome is None:
                outcome = await self._perform(case, record)
            else:
                await self._settled(record, outcome)
            if outcome.state == "done":
                done[case.case_id].append(record.action)
        for case in {case.case_id: case for case, _ in pending}.values():
            self._telling.enqueue(Deed(case, tuple(done[case.case_id])))
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.lead_id or case.case_id)
        return len(pending)

    async def _stopped(self, case: Case) -> Outcome | None:
        """Why nothing is done by itself in the case's server now, None where nothing speaks against it."""
        rules = await self._guilds.get(case.guild_id)
        if rules.paused or rules.shadow:
            return Outcome("refused", "the server was paused before it was done" if rules.paused else SHADOW_SINCE)
        return None

    async def _perform(self, case: Case, record: ActionRecord) -> Outcome:
        labels = ", ".join(case.decision.labels) or case.opened_why
        outcome = await self._telling.perform(case, record.action, reason=f"Candor case {case.case_id}: {labels}")
        await self._settled(record, outcome)
        log.info("action", case_id=case.case_id, action=record.action.kind, state=outcome.state)
        if isinstance(record.action, Delete) and outcome.already:
            await self._gone.found(case)
        return outcome

    async def _settled(self, record: ActionRecord, outcome: Outcome) -> None:
        await self._cases.settle_action(
            action_id=record.action_id, state=outcome.state, detail=outcome.detail, at=self._clock.now()
        )

    async def _follow_verdict(self, case: Case) -> Case:
        case, lead = await self._cases.with_lead(guild_id=case.guild_id, case_id=case.case_id, lead_id=case.lead_id)
        if lead.closed_as_gone and case.gone_at is None:
            # The card closed because all its messages were gone, and here is one that is not.
            await self._cases.reopen(case_id=lead.case_id)
            return case
        if lead.state == "open" or lead.closed_as_gone:
            return case
        if any(vote.verdict == "fine" for vote in lead.votes):
            undoing = Undoing(by="a moderator", enforcer=self._telling, cases=self._cases, clock=self._clock)
            undone = await undoing.undo([case])
            self._telling.enqueue(Deed(case, undone.of(case)), undone=True)
        now = self._clock.now()
        await self._cases.close(case_id=case.case_id, at=now, text_until=now + self._text_kept)
        return await self._cases.get(guild_id=case.guild_id, case_id=case.case_id)
