"""The report on a training run and what people decide on it: use the new model, keep the old one, go back.

The first press counts. One model serves every server of this bot, so a decision holds for all of them. Over 300 lines
because whatever changes what serves stands here, under one lock.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Literal

import structlog

from bot.core.lessons import Run
from bot.core.retraining import KEPT_AFTER, TRIED, RunReport, drift_as_facts, home_of
from bot.core.shadow import AGAINST, BY_ITSELF, SETTLED, Stage, serves_by_itself_soon, speaks_against
from bot.errors import BoardUnavailable, NotAllowed
from bot.flow.forgetting import Forgetting
from bot.flow.last_week import LastWeek
from bot.flow.nightly import drift_until
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.promoting import NOT_SERVING, Promoting, half_given_up
from bot.flow.report_cards import ReportCards
from bot.flow.shadow import Shadow
from bot.store.guilds import GuildStore
from bot.store.leases import LeaseStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from bot.store.weekly import WeeklyStore
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

Promotion = Literal["ask", "auto"]

LEASE, LEASE_SPAN = "learn_report", timedelta(minutes=5)
"""Of several processes of the bot one posts the report."""
SETTLE_LEASE = "learn_shadow"
"""And one does what follows from the end of the shadow stage."""

SETTLED_AFTER = timedelta(minutes=5)
"""What was decided and did not happen by then was given up."""
NO_RESULT = "No training run has found a result yet. `/learn runs` says how the last ones went."
NOT_NEWEST = "A newer run has ended. Please decide on its report: `/learn report`."
NOT_PASSED = "The gate did not pass this model, so it cannot be used. The report says why."
NOT_HERE = "The server that started this run decides about its model; one model serves all servers of this bot."
DECIDED = "Somebody has decided about this model already."
VERSION_USED = "Version {version} serves from now on. [Back to old] on the report takes it back."
LIMITS_USED = "These limits hold from now on. [Back to old] on the report takes them back."
KEPT = "The old model stays. Nothing has changed."
AGAIN = "Version {version} serves again."
LIMITS_GIVEN_UP = "These limits were given up before."
LIMITS_BACK = "The limits are again what they were before."


class RetrainingReports:
    """Every method raises StoreUnavailable; those that change what serves raise ModelError, too."""

    def __init__(
        self,
        *,
        model: LearnService,
        board: ReportBoard,
        guilds: GuildStore,
        runs: RunStore,
        teaching: TeachingStore,
        leases: LeaseStore,
        promoting: Promoting,
        shadow: Shadow,
        forgetting: Forgetting,
        weekly: WeeklyStore,
        clock: Clock,
        promotion: Promotion,
    ) -> None:
        self._model = model
        self._runs = runs
        self._cards = ReportCards(model=model, board=board, guilds=guilds, runs=runs, teaching=teaching)
        self._last_week = LastWeek(model=model, guilds=guilds, runs=runs, teaching=teaching, shadow=shadow, clock=clock)
        self._leases = leases
        self._promoting = promoting
        self._shadow = shadow
        self._forgetting = forgetting
        self._weekly = weekly
        self._clock = clock
        self._promotion: Promotion = promotion
        self._changing = asyncio.Lock()
        """Who changes what serves, or says what became of a run, does so alone."""

    async def newest(self, guild_id: int) -> RunReport:
        """The last report, with the flips of this guild. Raises NotAllowed where there is none."""
        run = await self._runs.last_done()
        if run is None or run.result is None:
            raise NotAllowed(NO_RESULT)
        return await self._cards.report(run, run.result, guild_id)

    async def use(self, run_id: str, *, guild_id: int, by: int) -> str:
        """Let the new model serve; the sentence for who pressed. Raises NotAllowed."""
        async with self._changing:
            run, result = await self._decidable(run_id, guild_id)
            if result.passed is None:
                raise NotAllowed(NOT_PASSED)
            # Somebody who was cut short between the two steps can press again.
            if not await self._runs.decide(run_id, "use", by=by, at=self._clock.now()) and run.decision != "use":
                raise NotAllowed(DECIDED)
            try:
                await self._promoting.take(run, result, result.passed, by=by)
            except (ModelError, NotAllowed):
                await self._runs.reconsider(run_id, None, by=None, at=self._clock.now())
                raise
            await self._shadow.end(run)
            await self._cards.refresh(run_id)
        return LIMITS_USED if result.limits_alone else VERSION_USED.format(version=result.challenger)

    async def keep(self, run_id: str, *, guild_id: int, by: int) -> str:
        """Leave the old model serving; go back where the new one serves (an answer was lost). Raises NotAllowed."""
        async with self._changing:
            run, result = await self._decidable(run_id, guild_id)
            if run.decision is not None:
                raise NotAllowed(DECIDED)
            said = KEPT
            if TRIED in run.facts and await self._promoting.serves(result):
                said = AGAIN.format(version=await self._promoting.go_back(result.challenger or ""))
                await self._promoting.restore_limits(run, by=by)
            if not await self._runs.decide(run_id, "keep", by=by, at=self._clock.now()):
                raise NotAllowed(DECIDED)
            await self._shadow.end(run)
            await self._cards.refresh(run_id)
        return said

    async def back(self, run_id: str, *, by: int) -> str:
        """Give up the new model of this run, from any server: it serves them all. Raises NotAllowed where another one
        serves, or its limits were given up before.
        """
        async with self._changing:
            run, result = await self._cards.done(run_id)
            serving = (await self._model.info()).version
            if serving != result.challenger:
                if await self._finish_going_back(serving, by=by) == run_id:
                    return AGAIN.format(version=serving)
                raise NotAllowed(NOT_SERVING.format(version=serving))
            if not result.limits_alone:
                return await self._go_back(serving, by=by)
            if run.decision == "back":
                raise NotAllowed(LIMITS_GIVEN_UP)
            await self._give_up(run, by=by)
        return LIMITS_BACK

    async def rollback(self, *, by: int) -> str:
        """Let the previous model serve again, with the limits from before; the sentence for who asked."""
        before = (await self._model.info()).version
        async with self._changing:
            serving = (await self._model.info()).version
            # Of two who ask at once one goes back.
            if serving != before or await self._finish_going_back(serving, by=by):
                return AGAIN.format(version=serving)
            return await self._go_back(serving, by=by)

    async def _go_back(self, before: str, *, by: int) -> str:
        now = await self._promoting.go_back(before)
        log.info("rolled_back", version=now, by=by)
        if last := await self._runs.last_done():
            await self._shadow.end(last)  # it was checked beside a model that no longer serves
        for run in await self._runs.newest():
            if run.decision in ("use", "auto") and run.result is not None and run.result.challenger == before:
                await self._give_up(run, by=by)
                if not run.result.limits_alone:
                    break
        return AGAIN.format(version=now)

    async def _finish_going_back(self, serving: str, *, by: int) -> str | None:
        """The run whose model was given up last without its limits: the answer was lost, or the bot was killed, after
        the model server had gone back. That is finished now. None where there is none.
        """
        run = half_given_up(await self._runs.newest(), serving)
        if run is None:
            return None
        await self._shadow.end(run)
        await self._give_up(run, by=by)
        return run.run_id

    async def _give_up(self, run: Run, *, by: int | None) -> None:
        # What is written down as given up has its limits from before.
        await self._promoting.restore_limits(run, by=by)
        await self._runs.reconsider(run.run_id, "back", by=by, at=self._clock.now())
        await self._cards.refresh(run.run_id)

    async def post_due(self) -> int:
        """Post the reports that were never posted, and take what may be taken by itself; how many were posted."""
        posted = 0
        for run in await self._runs.unreported():
            if run.result is None:
                continue
            await self._forgetting.mark(run, run.result)
            if await self._cards.channel(run) is not None:
                posted += await self._post(run, run.result)
        return posted

    async def check_beside(self) -> None:
        """Go on with the shadow stage of the newest run. Once it is over, a model that may be taken by itself is taken,
        unless moderators' verdicts speak against it (`speaks_against`), and the report says how the stage ended.
        """
        await self._shadow.watch()
        run = await self._runs.last_done()
        stage = Stage.of(run.facts) if run is not None else None
        if run is None or run.result is None or stage is None or not stage.ended:
            return
        if SETTLED in run.facts or run.report is None:
            return
        lease = await self._leases.take(
            SETTLE_LEASE, run.ended_at or run.asked_at, now=self._clock.now(), span=LEASE_SPAN
        )
        if lease is None:
            return
        await self._forgetting.mark(run, run.result)
        if stage.by_itself and not stage.stopped and stage.checked_enough:
            if speaks_against(stage, await self._shadow.judged(run.run_id)):
                await self._runs.add_facts(run.run_id, {AGAINST: 1})
            elif not await self._take_by_itself(run, run.result):
                return  # tried again when the lease is over
        await self._runs.add_facts(run.run_id, {SETTLED: 1})
        await self._cards.refresh(run.run_id)
        await self._leases.end(lease, now=self._clock.now(), outcome="done", detail=run.run_id)

    async def settle_undecided(self) -> None:
        """Where nobody pressed for a week, the old model is kept for good. Where the new one serves although nothing is
        written down (the answer to a press was lost, or the operator's command chose it), its limits are set, too; and
        they are given up where the old one serves again.
        """
        await self._settle_going_back()
        for run in await self._runs.undecided():
            if run.result is None or run.result.passed is None:
                continue
            async with self._changing:
                try:
                    await self._settle(run.run_id, run.result.passed)
                except ModelError as error:
                    log.warning("not_settled", run_id=run.run_id, why=type(error).__name__)

    async def _settle_going_back(self) -> None:
        async with self._changing:
            try:
                serving = (await self._model.info()).version
            except ModelError as error:
                log.warning("not_settled", why=type(error).__name__)
                return
            run = half_given_up(await self._runs.newest(), serving)
            # Another process may be about to promote it.
            if run is None or run.decided_at is None or self._clock.now() < run.decided_at + SETTLED_AFTER:
                return
            await self._shadow.end(run)
            await self._give_up(run, by=None)

    async def _settle(self, run_id: str, challenger: str) -> None:
        run, result = await self._cards.done(run_id)
        if run.decision is not None:
            return
        if await self._promoting.serves(result):
            await self._promoting.take(run, result, challenger, by=None)
            await self._runs.decide(
                run_id, "auto" if self._promotion == "auto" else "use", by=None, at=self._clock.now()
            )
            await self._shadow.end(run)
        elif (run.ended_at or run.asked_at) + KEPT_AFTER <= self._clock.now() and not serves_by_itself_soon(run):
            await self._runs.decide(run_id, "keep", by=None, at=self._clock.now())
        else:
            return
        await self._cards.refresh(run_id)

    async def _post(self, run: Run, result: RunResult) -> bool:
        channel_id, home = await self._cards.channel(run), home_of(run)
        slot = run.ended_at or run.asked_at
        lease = await self._leases.take(LEASE, slot, now=self._clock.now(), span=LEASE_SPAN)
        if lease is None or channel_id is None or home is None:
            return False
        await self._shadow.watch()
        if self._promotion == "auto":
            await self._take_or_wait(run, result)
        await self._promoting.compare_again(run, result)
        await self._last_week.replay(run, result, home)
        moved = await drift_until(self._weekly, guild_id=home, until=run.asked_at)
        await self._runs.add_facts(run.run_id, drift_as_facts(moved))
        try:
            card = await self._cards.show(run.run_id, guild_id=home, channel_id=channel_id)
        except BoardUnavailable as error:
            # The lease runs out and the report is posted then.
            log.warning("report_not_posted", run_id=run.run_id, why=type(error).__name__)
            return False
        await self._runs.reported(run.run_id, channel_id=card.channel_id, message_id=card.message_id)
        await self._leases.end(lease, now=self._clock.now(), outcome="done", detail=run.run_id)
        return True

    async def _take_or_wait(self, run: Run, result: RunResult) -> None:
        """With `promotion = auto`: at once where there is no shadow stage, else once that is over."""
        last = await self._runs.last_done()
        if last is None or last.run_id != run.run_id:
            return  # the newer one is the one to take
        stage = Stage.of(last.facts)
        if stage is None:
            await self._take_by_itself(run, result)
        elif not stage.ended:
            await self._runs.add_facts(run.run_id, {BY_ITSELF: 1})

    async def _take_by_itself(self, run: Run, result: RunResult) -> bool:
        async with self._changing:
            return await self._promoting.by_itself(run, result)

    async def _decidable(self, run_id: str, guild_id: int) -> tuple[Run, RunResult]:
        """Raises NotAllowed where a newer run has ended, or another server is asked."""
        run, result = await self._cards.done(run_id)
        last = await self._runs.last_done()
        if last is not None and last.run_id != run_id:
            raise NotAllowed(NOT_NEWEST)
        if home_of(run) != guild_id:
            raise NotAllowed(NOT_HERE)
        return run, result
