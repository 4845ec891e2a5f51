"""A model that passed the gate is taken into use, at the limits that were found for it, and given up again."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.core.lessons import Run
from bot.core.retraining import OVERTAKEN, REVOKED, TRIED, limits_as_facts, limits_from_facts, with_limits
from bot.errors import NotAllowed
from bot.flow.ports import Clock, LearnService
from bot.store.guilds import GuildStore
from bot.store.runs import RunStore
from moderation_model.errors import ModelError
from moderation_model.learning import RunResult

log = structlog.get_logger(__name__)

NOT_SERVING = "This model does not serve, so there is nothing to go back from. Version {version} serves."
ANOTHER_SERVES = "Another model serves since this one was compared: train again."


class Promoting:
    """Every method raises StoreUnavailable."""

    def __init__(self, *, model: LearnService, guilds: GuildStore, runs: RunStore, clock: Clock) -> None:
        self._model = model
        self._guilds = guilds
        self._runs = runs
        self._clock = clock

    async def by_itself(self, run: Run, result: RunResult) -> bool:
        """Take it without a press; False where the model server did not do it, and the report then asks.

        It is left to people where another model serves than the one that it was compared with (`OVERTAKEN`), and where
        it learned from messages that may no longer teach (`REVOKED`).
        """
        run = await self._runs.get(run.run_id) or run
        if result.passed is None or run.decision is not None:
            return True
        if run.facts.get(REVOKED, 0):
            return True
        try:
            await self.take(run, result, result.passed, by=None)
        except NotAllowed:
            await self._runs.add_facts(run.run_id, {OVERTAKEN: 1})
            return True
        except ModelError as error:
            log.warning("not_promoted", run_id=run.run_id, why=type(error).__name__)
            return False
        await self._runs.decide(run.run_id, "auto", by=None, at=self._clock.now())
        return True

    async def take(self, run: Run, result: RunResult, challenger: str, *, by: int | None) -> None:
        """Let it serve, at the limits that were found for it. Doing it twice is doing it once.

        Raises ModelError, and NotAllowed where another model serves than the one that it was compared with: nobody
        knows which of these two is better.
        """
        serving = (await self._model.info()).version
        if serving not in (challenger, result.champion):
            raise NotAllowed(NOT_SERVING.format(version=serving) if result.limits_alone else ANOTHER_SERVES)
        if not limits_from_facts(run.facts):
            before: dict[str, float] = {TRIED: 1}
            for guild, limits in result.limits.items():
                before |= limits_as_facts(await self._guilds.get(int(guild)), sorted(limits))
            # Of all servers in one step: whoever is cut short between two would take a new limit for an old one.
            await self._runs.add_facts(run.run_id, before)
        if serving != challenger:
            await self._promote(challenger)
        for guild, limits in result.limits.items():
            await self._guilds.change(
                int(guild), lambda rules, limits=limits: with_limits(rules, limits), by=by, at=self._clock.now()
            )
        log.info("promoted", version=challenger, run_id=run.run_id, by=by)

    async def _promote(self, challenger: str) -> None:
        try:
            await self._model.promote(challenger)
        except ModelError:
            # No answer says nothing: what serves now tells whether it was done.
            if (await self._model.info()).version != challenger:
                raise

    async def go_back(self, version: str) -> str:
        """Let what served before `version` serve again; which one that is. Raises ModelError where it was not done."""
        try:
            return await self._model.rollback()
        except ModelError:
            serving = (await self._model.info()).version
            if serving == version:
                raise
            return serving

    async def serves(self, result: RunResult) -> bool:
        """Whether the run's new model serves already. Raises ModelError."""
        return not result.limits_alone and (await self._model.info()).version == result.challenger

    async def compare_again(self, run: Run, result: RunResult) -> None:
        """Note where another model serves by now than the one that the run's was compared with."""
        try:
            serving = (await self._model.info()).version
        except ModelError as error:
            log.warning("not_compared_again", run_id=run.run_id, why=type(error).__name__)
            return
        if serving not in (result.challenger or serving, result.champion):
            await self._runs.add_facts(run.run_id, {OVERTAKEN: 1})

    async def restore_limits(self, run: Run, *, by: int | None) -> None:
        """The guilds' own limits from before the run's model served."""
        for guild_id, limits in limits_from_facts(run.facts).items():
            await self._guilds.change(
                guild_id, lambda rules, limits=limits: with_limits(rules, limits), by=by, at=self._clock.now()
            )


def half_given_up(newest: Sequence[Run], serving: str) -> Run | None:
    """The run whose model was taken last, if what served before serves again and nothing says that it was given up."""
    for run in newest:
        result = run.result
        if result is None or result.limits_alone or run.decision not in ("use", "auto", "back"):
            continue
        back = run.decision != "back" and serving != result.challenger and serving == result.champion
        return run if back else None
    return None
