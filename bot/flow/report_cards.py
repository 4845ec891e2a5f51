"""The card of a run's report: what it says as the run stands, and where it is shown."""

from __future__ import annotations

import structlog

from bot.core.cases import CardRef
from bot.core.lessons import Run
from bot.core.retraining import MOST_FLIPS, RunReport, ShownFlip, home_of
from bot.errors import BoardUnavailable, NotAllowed
from bot.flow.ports import LearnService, ReportBoard
from bot.flow.run_details import drawn
from bot.store.guilds import GuildStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

NO_RUN = "There is no run {run_id}."


class ReportCards:
    """Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        model: LearnService,
        board: ReportBoard,
        guilds: GuildStore,
        runs: RunStore,
        teaching: TeachingStore,
    ) -> None:
        self._model = model
        self._board = board
        self._guilds = guilds
        self._runs = runs
        self._teaching = teaching

    async def done(self, run_id: str) -> tuple[Run, RunResult]:
        """A run with the result that it found. Raises NotAllowed for any other."""
        run = await self._runs.get(run_id)
        if run is None or run.result is None:
            raise NotAllowed(NO_RUN.format(run_id=run_id))
        return run, run.result

    async def channel(self, run: Run) -> int | None:
        """Where its report goes; None without a channel for that."""
        home = home_of(run)
        if home is None:
            return None
        return (await self._guilds.get(home)).reports_to

    async def report(self, run: Run, result: RunResult, guild_id: int) -> RunReport:
        """What it says there: the flips are cases of that server."""
        links = await self._teaching.links(guild_id, {flip.example_id for flip in result.flips})
        flips: list[ShownFlip] = []
        for right in (True, False):
            ids = dict.fromkeys(flip.example_id for flip in result.flips if flip.right is right)
            known = [links[each] for each in ids if each in links][:MOST_FLIPS]
            flips += [ShownFlip(link.case_id, link.url, right) for link in known]
        last = await self._runs.last_done()
        return RunReport(run, result, newest=last is None or last.run_id == run.run_id, flips=tuple(flips))

    async def show(self, run_id: str, *, guild_id: int, channel_id: int) -> CardRef:
        """Post it, or edit it where it stands. Raises BoardUnavailable."""
        run, result = await self.done(run_id)
        report = await self.report(run, result, guild_id)
        png, words = await drawn(self._model, await self._guilds.get(guild_id), result)
        return await self._board.show_report(report, guild_id=guild_id, channel_id=channel_id, png=png, words=words)

    async def refresh(self, run_id: str) -> None:
        """Show on the posted report how it stands now."""
        run, _ = await self.done(run_id)
        home = home_of(run)
        if run.report is None or home is None:
            return
        try:
            await self.show(run_id, guild_id=home, channel_id=run.report[0])
        except BoardUnavailable as error:
            # What was decided stands; only the card is stale.
            log.warning("report_not_refreshed", run_id=run_id, why=type(error).__name__)
