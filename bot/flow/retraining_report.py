"""The report on a training run and what people decide on it: use the new model, keep the old one, go back.

The first press counts. One model serves every server of this bot, so a decision holds for all of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import structlog

from bot.core.lessons import Run
from bot.core.retraining import (
    KEPT_AFTER,
    MOST_FLIPS,
    RunReport,
    ShownFlip,
    drift_as_facts,
    limits_as_facts,
    limits_from_facts,
    traffic_of,
    with_limits,
)
from bot.errors import BoardUnavailable, NotAllowed
from bot.flow.nightly import drift_until
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.run_details import drawn
from bot.store.guilds import GuildStore
from bot.store.leases import LeaseStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from bot.store.weekly import WeeklyStore
from moderation_model.contract import Prediction
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

Promotion = Literal["ask", "auto"]

LEASE, LEASE_SPAN = "learn_report", timedelta(minutes=5)
"""Of several processes of the bot one posts the report."""
WEEK = timedelta(days=7)
BATCH = 64

NO_RUN = "There is no run {run_id}."
NO_RESULT = "No training run has found a result yet. `/learn runs` says how the last ones went."
NOT_NEWEST = "A newer run has ended. Please decide on its report: `/learn report`."
NOT_PASSED = "The gate did not pass this model, so it cannot be used. The report says why."
NOT_HERE = "The server that started this run decides about its model; one model serves all servers of this bot."
DECIDED = "Somebody has decided about this model already."
NOT_SERVING = "This model does not serve, so there is nothing to go back from. Version {version} serves."


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
        weekly: WeeklyStore,
        clock: Clock,
        promotion: Promotion,
    ) -> None:
        self._model = model
        self._board = board
        self._guilds = guilds
        self._runs = runs
        self._teaching = teaching
        self._leases = leases
        self._weekly = weekly
        self._clock = clock
        self._promotion: Promotion = promotion

    async def newest(self, guild_id: int) -> RunReport:
        """The last report, with the flips of this guild. Raises NotAllowed where there is none."""
        run = await self._runs.last_done()
        if run is None or run.result is None:
            raise NotAllowed(NO_RESULT)
        return await self._report(run, run.result, guild_id)

    async def use(self, run_id: str, *, guild_id: int, by: int) -> str:
        """Let the new model serve; the sentence for who pressed. Raises NotAllowed."""
        run, result = await self._decidable(run_id, guild_id)
        if result.challenger is None or not result.verdict.promote:
            raise NotAllowed(NOT_PASSED)
        # Somebody who was cut short between the two steps can press again.
        if not await self._runs.decide(run_id, "use", by=by, at=self._clock.now()) and run.decision != "use":
            raise NotAllowed(DECIDED)
        try:
            await self._take(run, result, result.challenger, by=by)
        except ModelError:
            await self._runs.reconsider(run_id, None, by=None, at=self._clock.now())
            raise
        await self.refresh(run_id)
        return f"Version {result.challenger} serves from now on. [Back to old] on the report takes it back."

    async def keep(self, run_id: str, *, guild_id: int, by: int) -> str:
        """Leave the old model serving. Raises NotAllowed."""
        await self._decidable(run_id, guild_id)
        if not await self._runs.decide(run_id, "keep", by=by, at=self._clock.now()):
            raise NotAllowed(DECIDED)
        await self.refresh(run_id)
        return "The old model stays. Nothing has changed."

    async def back(self, run_id: str, *, by: int) -> str:
        """Give up the new model of this run, from any server: it serves them all. Raises NotAllowed where another one
        serves.
        """
        _, result = await self._done(run_id)
        serving = (await self._model.info()).version
        if serving != result.challenger:
            raise NotAllowed(NOT_SERVING.format(version=serving))
        return await self.rollback(by=by)

    async def rollback(self, *, by: int) -> str:
        """Let the previous model serve again, with the limits from before; the sentence for who asked."""
        before = (await self._model.info()).version
        now = await self._model.rollback()
        log.info("rolled_back", version=now, by=by)
        for run in await self._runs.newest():
            if run.decision in ("use", "auto") and run.result is not None and run.result.challenger == before:
                await self._runs.reconsider(run.run_id, "back", by=by, at=self._clock.now())
                await self._restore_limits(run, by=by)
                await self.refresh(run.run_id)
                break
        return f"Version {now} serves again."

    async def post_due(self) -> int:
        """Post the reports that were never posted, and take what may be taken by itself; how many were posted."""
        posted = 0
        for run in await self._runs.unreported():
            if run.result is not None and await self._channel(run) is not None:
                posted += await self._post(run, run.result)
        return posted

    async def keep_undecided(self) -> None:
        """Where nobody pressed for a week, the old model is kept for good."""
        for run in await self._runs.undecided():
            passed = run.result is not None and run.result.challenger is not None and run.result.verdict.promote
            if passed and run.ended_at is not None and run.ended_at + KEPT_AFTER <= self._clock.now():
                await self._runs.decide(run.run_id, "keep", by=None, at=self._clock.now())
                await self.refresh(run.run_id)

    async def refresh(self, run_id: str) -> None:
        """Show on the posted report how it stands now."""
        run, result = await self._done(run_id)
        home = home_of(run)
        if run.report is None or home is None:
            return
        report = await self._report(run, result, home)
        png, words = await drawn(self._model, await self._guilds.get(home), result)
        try:
            await self._board.show_report(report, guild_id=home, channel_id=run.report[0], png=png, words=words)
        except BoardUnavailable as error:
            # What was decided stands; only the card is stale.
            log.warning("report_not_refreshed", run_id=run_id, why=type(error).__name__)

    async def _post(self, run: Run, result: RunResult) -> bool:
        channel_id, home = await self._channel(run), home_of(run)
        slot = run.ended_at or run.asked_at
        lease = await self._leases.take(LEASE, slot, now=self._clock.now(), span=LEASE_SPAN)
        if lease is None or channel_id is None or home is None:
            return False
        if self._promotion == "auto" and run.decision is None:
            await self._take_by_itself(run, result)
        await self._replay(run, result, home)
        moved = await drift_until(self._weekly, guild_id=home, until=run.asked_at)
        await self._runs.add_facts(run.run_id, drift_as_facts(moved))
        run, result = await self._done(run.run_id)
        try:
            report = await self._report(run, result, home)
            png, words = await drawn(self._model, await self._guilds.get(home), result)
            card = await self._board.show_report(report, guild_id=home, channel_id=channel_id, png=png, words=words)
        except BoardUnavailable as error:
            # The lease runs out and the report is posted then.
            log.warning("report_not_posted", run_id=run.run_id, why=type(error).__name__)
            return False
        await self._runs.reported(run.run_id, channel_id=card.channel_id, message_id=card.message_id)
        await self._leases.end(lease, now=self._clock.now(), outcome="done", detail=run.run_id)
        return True

    async def _take_by_itself(self, run: Run, result: RunResult) -> None:
        if result.challenger is None or not result.verdict.promote:
            return
        try:
            await self._take(run, result, result.challenger, by=None)
        except ModelError as error:
            # The report then asks, as if nobody had wanted it to go by itself.
            log.warning("not_promoted", run_id=run.run_id, why=type(error).__name__)
            return
        await self._runs.decide(run.run_id, "auto", by=None, at=self._clock.now())

    async def _take(self, run: Run, result: RunResult, challenger: str, *, by: int | None) -> None:
        """Let it serve, at the limits that were found for it. Doing it twice is doing it once."""
        if not limits_from_facts(run.facts):
            for guild, limits in result.limits.items():
                rules = await self._guilds.get(int(guild))
                await self._runs.add_facts(run.run_id, limits_as_facts(rules, sorted(limits)))
        if (await self._model.info()).version != challenger:
            await self._model.promote(challenger)
        for guild, limits in result.limits.items():
            await self._guilds.change(
                int(guild), lambda rules, limits=limits: with_limits(rules, limits), by=by, at=self._clock.now()
            )
        log.info("promoted", version=challenger, run_id=run.run_id, by=by)

    async def _restore_limits(self, run: Run, *, by: int) -> None:
        for guild_id, limits in limits_from_facts(run.facts).items():
            await self._guilds.change(
                guild_id, lambda rules, limits=limits: with_limits(rules, limits), by=by, at=self._clock.now()
            )

    async def _replay(self, run: Run, result: RunResult, guild_id: int) -> None:
        """Last week's cases under the new model, kept with the run. The report does without where the model is away."""
        if result.challenger is None:
            return
        now = self._clock.now()
        shown = await self._teaching.shown(guild_id, since=now - WEEK, now=now)
        try:
            predictions = await self._scores(result.challenger, [case.text for case in shown], guild_id)
        except ModelError as error:
            log.warning("no_replay", run_id=run.run_id, why=type(error).__name__)
            return
        limits = result.limits.get(str(guild_id), {})
        traffic = traffic_of(shown, predictions, await self._guilds.get(guild_id), limits)
        await self._runs.add_facts(run.run_id, traffic.facts())

    async def _scores(self, version: str, texts: list[str], guild_id: int) -> list[Prediction]:
        serves = (await self._model.info()).version == version
        if not serves:
            await self._model.set_shadow(version, on=True)
        try:
            found: list[Prediction] = []
            for start in range(0, len(texts), BATCH):
                part = texts[start : start + BATCH]
                found += await self._model.classify(part, guild_id=guild_id, priority="backfill", version=version)
            return found
        finally:
            if not serves:
                await self._model.set_shadow(version, on=False)

    async def _report(self, run: Run, result: RunResult, guild_id: int) -> RunReport:
        links = await self._teaching.links(guild_id, {flip.example_id for flip in result.flips})
        flips: list[ShownFlip] = []
        for right in (True, False):
            ids = dict.fromkeys(flip.example_id for flip in result.flips if flip.right is right)
            known = [links[each] for each in ids if each in links][:MOST_FLIPS]
            flips += [ShownFlip(link.case_id, link.url, right) for link in known]
        last = await self._runs.last_done()
        return RunReport(run, result, newest=last is None or last.run_id == run.run_id, flips=tuple(flips))

    async def _channel(self, run: Run) -> int | None:
        home = home_of(run)
        if home is None:
            return None
        rules = await self._guilds.get(home)
        return rules.reports_channel_id or rules.review_channel_id

    async def _done(self, run_id: str) -> tuple[Run, RunResult]:
        run = await self._runs.get(run_id)
        if run is None or run.result is None:
            raise NotAllowed(NO_RUN.format(run_id=run_id))
        return run, run.result

    async def _decidable(self, run_id: str, guild_id: int) -> tuple[Run, RunResult]:
        """Raises NotAllowed where a newer run has ended, or another server is asked."""
        run, result = await self._done(run_id)
        last = await self._runs.last_done()
        if last is not None and last.run_id != run_id:
            raise NotAllowed(NOT_NEWEST)
        if home_of(run) != guild_id:
            raise NotAllowed(NOT_HERE)
        return run, result


def home_of(run: Run) -> int | None:
    """The server that reads of the run: the one that asked, else the one that taught most."""
    if run.guild_id is not None:
        return run.guild_id
    return int(run.facts["home"]) if "home" in run.facts else None
