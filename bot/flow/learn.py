"""A training run from asking for it to its end: examples go to the model server, and how far it is comes back.

Record, act, record: the run's row exists before the server hears of it, and whoever starts after a crash goes on
watching. The server runs one at a time; a run that it no longer knows has failed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.core.lessons import Run
from bot.core.retraining import PROGRESS_CHANNEL, PROGRESS_MESSAGE, RunProgress, home_of, progress_card
from bot.errors import BoardUnavailable, BotError, StoreUnavailable
from bot.flow.claiming import Claiming
from bot.flow.collecting import Collected, Collecting
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.retraining_report import RetrainingReports
from bot.flow.turns import Turn
from bot.store.guilds import GuildStore
from bot.store.runs import RunStore
from moderation_model.errors import BadRequest, ModelError, ModelUnavailable
from moderation_model.learning import Mode, RunOrder, RunState

log = structlog.get_logger(__name__)

LEAST_LABELS = 180
"""Of these the newest 60 or so are held out, which is what the gate needs."""
LEAST_TRAINABLE = 40
"""With fewer the model stays, and only its limits are chosen anew: scores and verdicts may always be learned from."""
LEAST_NEW = 50
"""A scheduled run needs so many labels that were given since the last one was asked for."""
POLL_SECONDS = 5.0
EDITED_EVERY = timedelta(seconds=5)
STARTING = timedelta(minutes=3)
"""So long a run may be written down here and unknown to the server: its examples are on their way."""

GOING_ON = "A training run goes on already. `/learn runs` says how far it is."
NOT_ENOUGH = "There are {number} labels to learn from; about {more} more are needed."
NOT_NEW = "There are {number} new labels since the last run; {least} are needed."
LOST = "The model server no longer knows this run; nothing has changed. Start another."
NOTHING_FROM_HERE = "Nobody on this server has taught anything yet, so it starts no training."
NO_GOING = "No training run goes on."


class Learn:
    """Starts runs and follows them. `pause` waits between two looks at a run.

    Every method raises StoreUnavailable.
    """

    def __init__(
        self,
        *,
        model: LearnService,
        board: ReportBoard,
        guilds: GuildStore,
        runs: RunStore,
        collecting: Collecting,
        reports: RetrainingReports,
        claiming: Claiming,
        clock: Clock,
        mode: Mode,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._board = board
        self._guilds = guilds
        self._runs = runs
        self._collecting = collecting
        self._reports = reports
        self._claiming = claiming
        self._clock = clock
        self._mode: Mode = mode
        self._pause = pause
        self._begun = asyncio.Event()
        self._looking = asyncio.Lock()
        self._sending: set[str] = set()
        self._edited: dict[str, tuple[datetime, int]] = {}

    async def start(self, *, guild_id: int | None, by: int | None, least_new: int = 0) -> Run:
        """Begin a run; as it was written down. `least_new`: labels that must have come since the last one.

        Raises BotError with one sentence where one goes on or the labels do not suffice, and ModelError.
        """
        if await self._runs.going() is not None:
            raise BotError(GOING_ON)
        collected = await self._collecting.collect()
        await self._check(collected, least_new)
        if guild_id is not None and all(example.guild != str(guild_id) for example in collected.examples):
            raise BotError(NOTHING_FROM_HERE)  # who taught nothing does not decide for those who did
        now = self._clock.now()
        facts = {**collected.facts, "home": int(guild_id or busiest(collected))}
        run = Run(f"run-{now:%Y%m%d-%H%M%S}", "queued", now, guild_id=guild_id, asked_by=by, facts=facts)
        order = RunOrder(
            run.run_id, collected.examples, limits=collected.limits, goals=collected.goals, mode=self._mode
        )
        self._sending.add(run.run_id)
        try:
            if not await self._runs.open(run):
                raise BotError(GOING_ON)
            log.info("run_asked", run_id=run.run_id, examples=len(order.examples), by=by)
            await self._send(order)
        finally:
            self._sending.discard(run.run_id)
        self._begun.set()
        return run

    async def scheduled(self, turn: Turn) -> str:
        """A guild's turn to train has come; one line on what came of it. Raises ModelError, to be tried again."""
        await turn.confirm()
        try:
            run = await self.start(guild_id=turn.guild_id, by=None, least_new=LEAST_NEW)
        except StoreUnavailable:
            raise
        except BotError as error:
            return str(error)
        return f"{run.run_id} has begun"

    async def cancel(self, run_id: str) -> str:
        """End a run that goes on; the sentence for who asked. Raises ModelError."""
        run = await self._runs.get(run_id)
        if run is None or run.ended_at is not None:
            raise BotError(NO_GOING)
        async with self._looking:
            try:
                state = await self._model.cancel_run(run_id)
            except BadRequest:
                state = RunState(run_id, "failed", error=LOST)
            await self._heard(run, state)
        return "The run is cancelled. Nothing has changed." if state.phase == "cancelled" else "The run has ended."

    async def newest(self) -> list[Run]:
        """The last runs, the newest first."""
        return await self._runs.newest(limit=10)

    async def run(self) -> None:
        """Follow every run closely that begins; until cancelled."""
        while True:
            await self._begun.wait()
            self._begun.clear()
            while await self._followed():
                await self._pause(POLL_SECONDS)

    async def watch(self) -> None:
        """What the clock asks for: go on with a run that an earlier process began, post reports that lack, go on with
        the shadow stage of a model that passed, and keep the old model where nobody pressed.
        """
        if await self.look():
            self._begun.set()
        await self._reports.post_due()
        await self._reports.check_beside()
        await self._reports.settle_undecided()

    async def look(self) -> bool:
        """Ask the server how far the run is and show it; whether one goes on still."""
        async with self._looking:
            run = await self._runs.going()
            if run is None:
                return False
            if run.run_id in self._sending:
                return True
            try:
                state = await self._model.run_state(run.run_id)
            except BadRequest:
                if run.phase == "queued" and self._clock.now() < run.asked_at + STARTING:
                    return True  # another process may be sending its examples
                state = RunState(run.run_id, "failed", error=LOST)
            except ModelError as error:
                log.warning("run_unknown", run_id=run.run_id, why=type(error).__name__)
                return True
            await self._heard(run, state)
        if state.phase == "done":
            await self._reports.post_due()
        return not state.ended

    async def _followed(self) -> bool:
        """`look`, and try again where the database is away: a run is not forgotten for that."""
        try:
            return await self.look()
        except BotError as error:
            log.warning("run_not_followed", why=type(error).__name__)
            return True
        except Exception:
            # The clock's next `watch` takes it up again.
            log.exception("run_not_followed")
            return False

    async def _check(self, collected: Collected, least_new: int) -> None:
        number = len(collected.examples)
        if number < LEAST_LABELS:
            raise BotError(NOT_ENOUGH.format(number=number, more=LEAST_LABELS - number))
        last = await self._runs.last_done()
        new = await self._collecting.new(collected, last.asked_at) if last and least_new else number
        if new < least_new:
            raise BotError(NOT_NEW.format(number=new, least=least_new))

    async def _send(self, order: RunOrder) -> None:
        """Give the order to the server. What it refuses ends the run."""
        try:
            state = await self._model.start_run(order)
        except ModelUnavailable as error:
            # No answer says nothing: the examples may have arrived.
            state = await self._arrived(order.run_id)
            if state is None:
                await self._refused(order.run_id, error)
                raise
        except ModelError as error:
            await self._refused(order.run_id, error)
            raise
        await self._runs.heard(state, at=self._clock.now())

    async def _arrived(self, run_id: str) -> RunState | None:
        try:
            return await self._model.run_state(run_id)
        except ModelError:
            return None

    async def _refused(self, run_id: str, error: ModelError) -> None:
        await self._runs.heard(RunState(run_id, "failed", error=str(error)), at=self._clock.now())

    async def _heard(self, run: Run, state: RunState) -> None:
        await self._runs.heard(state, at=self._clock.now())
        if state.ended:
            log.info("run_ended", run_id=run.run_id, phase=state.phase)
        await self._show(await self._runs.get(run.run_id) or run, state)

    async def _show(self, run: Run, state: RunState) -> None:
        """The progress card, edited at most every 5 s and only where it says something new."""
        home = home_of(run)
        rules = await self._guilds.get(home) if home is not None else None
        channel_id = rules.reports_to if rules else None
        progress = RunProgress(run, state.phase, state.stage, state.done, state.every, progress_card(run.facts))
        if home is None or channel_id is None or not self._guilds.serves(home) or not self._due(progress):
            return
        try:
            async with self._claiming.alone(f"progress:{run.run_id}"):
                known = await self._runs.get(run.run_id) or run  # another process may have posted the card just now
                progress = replace(progress, card=progress_card(known.facts))
                card = await self._board.show_progress(progress, guild_id=home, channel_id=channel_id)
                if card != progress.card:
                    facts = {PROGRESS_CHANNEL: card.channel_id, PROGRESS_MESSAGE: card.message_id}
                    await self._runs.add_facts(run.run_id, facts)
        except BoardUnavailable as error:
            log.warning("progress_not_shown", run_id=run.run_id, why=type(error).__name__)

    def _due(self, progress: RunProgress) -> bool:
        now, run_id = self._clock.now(), progress.run.run_id
        if progress.run.ended_at is not None:
            self._edited.pop(run_id, None)
            return True
        last = self._edited.get(run_id)
        if last is not None and (now < last[0] + EDITED_EVERY or last[1] == progress.percent):
            return False
        self._edited[run_id] = (now, progress.percent)
        return True


def busiest(collected: Collected) -> str:
    """The server that taught most."""
    return Counter(example.guild for example in collected.examples).most_common(1)[0][0]
