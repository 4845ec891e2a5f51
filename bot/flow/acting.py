"""The bot's own actions: what a case asks for is done, and what a crash left is finished.

Record, act, record: the rows stand as `pending` before anything is done to anybody. Several processes may share the
database: each holds what it works on (`store/under_way.py`), and what nobody holds any more is settled by whoever
comes first, after a start and all the time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from bot.core.actions import Action, Delete
from bot.core.away import late, written_at
from bot.core.cases import ActionRecord, ActionState, Case
from bot.errors import BotError
from bot.flow.cards import CardDesk
from bot.flow.gone import Gone
from bot.flow.ports import Clock, Outcome
from bot.flow.telling import Deed, Telling
from bot.flow.undoing import Undoing
from bot.store.cases import CaseStore
from bot.store.guilds import GuildStore
from bot.store.under_way import CLAIM, UnderWay

STALE_AFTER = timedelta(hours=1)
"""What was written longer ago than this, and is found only now, opens a case and is not acted on by itself. Nor is
what was recorded so long ago and never done, or seems to be recorded in the future: the clock went back, and nobody
knows how old it is."""
HEARTBEAT_SECONDS = CLAIM.total_seconds() / 3

PAUSED_SINCE = "the server was paused before it was done"
SHADOW_SINCE = "the server went into shadow mode before it was done"
TOO_LATE = "I was away, and came back more than an hour later"
TOO_OLD = "I was away, and the message was too old when I came back"

log = structlog.get_logger(__name__)


class Acting:
    """Performs what stands as `pending`, and has it told. Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        telling: Telling,
        guilds: GuildStore,
        cases: CaseStore,
        under_way: UnderWay,
        desk: CardDesk,
        gone: Gone,
        clock: Clock,
        text_days: int,
    ) -> None:
        self._telling = telling
        self._guilds = guilds
        self._cases = cases
        self._under_way = under_way
        self._desk = desk
        self._gone = gone
        self._clock = clock
        self._text_kept = timedelta(days=text_days)

    async def perform(self, case: Case) -> Case:
        """Do what the case plans; the case as it stands then. Where its card was decided while it was acted on, the
        verdict holds for it too.
        """
        pending = [record for record in case.actions if record.state == "pending"]
        done: list[Action] = []
        with self._under_way.working(record.action_id for record in pending):
            for record in pending:
                stopped = await self._stopped(case)
                if stopped is not None:
                    await self._settled(record, stopped.state, stopped.detail)
                elif await self._under_way.keep(record.action_id, now=self._clock.now()):
                    done += [record.action] if await self._perform(case, record) == "done" else []
        self._telling.enqueue(Deed(case, tuple(done)))
        return await self._follow_verdict(case)

    async def run(self) -> None:
        """Hold what this process works on, and settle what nobody holds; until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._repeatedly(self._keep_all))
            both.create_task(self._repeatedly(self.settle))

    async def _keep_all(self) -> None:
        await self._under_way.keep_all(now=self._clock.now())

    async def _repeatedly(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await work()
            except BotError as error:
                log.warning("actions_not_settled", why=type(error).__name__)

    async def settle(self) -> int:
        """Ask Discord what became of each action that was left `pending` and that nobody holds any more; how many.

        What was not done is performed, but nothing that was recorded too long ago, and nothing of the bot's own where
        the server was paused or put into shadow mode meanwhile.
        """
        settled = 0
        while taken := await self._under_way.take_over(now=self._clock.now()):
            with self._under_way.working(record.action_id for _, record in taken):
                await self._settle(taken)
            settled += len(taken)
        return settled

    async def _settle(self, taken: Sequence[tuple[Case, ActionRecord]]) -> None:
        done: dict[int, list[Action]] = defaultdict(list)
        for case, record in taken:
            if await self._find_out(case, record) == "done":
                done[case.case_id].append(record.action)
        for case in {case.case_id: case for case, _ in taken}.values():
            self._telling.enqueue(Deed(case, tuple(done[case.case_id])))
            self._desk.enqueue(guild_id=case.guild_id, case_id=case.lead_id or case.case_id)

    async def _find_out(self, case: Case, record: ActionRecord) -> ActionState:
        """How the action ended, as Discord shows it or by doing it now."""
        outcome = await self._telling.settle(case, record.action)
        if not await self._under_way.keep(record.action_id, now=self._clock.now()):
            return "pending"  # Discord took so long that another process has it now
        if outcome is None and record.at is not None and abs(self._clock.now() - record.at) > STALE_AFTER:
            return await self._settled(record, "expired", TOO_LATE)
        if outcome is None and record.by is None and await self._is_late(case):
            return await self._settled(record, "expired", TOO_OLD)
        if outcome is None and record.by is None:
            outcome = await self._stopped(case)
        if outcome is not None:
            return await self._settled(record, outcome.state, outcome.detail)
        return await self._perform(case, record)

    async def _is_late(self, case: Case) -> bool:
        """Whether the case's message is too old by now for the bot to act by itself."""
        rules = await self._guilds.get(case.guild_id)
        written = written_at(case.revision if case.subject == "message" else 0, case.posted_at)
        return late(found=self._clock.now(), written=written, minutes=rules.act_within_minutes)

    async def _stopped(self, case: Case) -> Outcome | None:
        """Why nothing is done by itself in the case's server now, None where nothing speaks against it. Read anew:
        somebody may have pressed pause a moment ago, on another process.
        """
        for rules in await self._guilds.fresh([case.guild_id]):
            if rules.paused or rules.shadow:
                return Outcome("refused", PAUSED_SINCE if rules.paused else SHADOW_SINCE)
        return None

    async def _perform(self, case: Case, record: ActionRecord) -> ActionState:
        labels = ", ".join(case.decision.labels) or case.opened_why
        outcome = await self._telling.perform(case, record.action, reason=f"Candor case {case.case_id}: {labels}")
        state = await self._settled(record, outcome.state, outcome.detail)
        log.info("action", case_id=case.case_id, action=record.action.kind, state=outcome.state)
        if isinstance(record.action, Delete) and outcome.already:
            await self._gone.found(case)
        return state

    async def _settled(self, record: ActionRecord, state: ActionState, detail: str | None) -> ActionState:
        await self._cases.settle_action(action_id=record.action_id, state=state, detail=detail, at=self._clock.now())
        return state

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
