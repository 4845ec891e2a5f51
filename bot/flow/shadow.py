"""The shadow stage: a model that the gate passed scores live messages beside the one that decides, behind the pass.

Nothing waits for it: what was decided goes into a bounded queue in memory, and what finds no place there is dropped and
counted. Where only one of the two models flags, moderators look first. How far it is stands in the run's own row, so
that a restart goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.core.cases import Flagger, NewCase
from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules
from bot.core.keywords import asks_for_care, hide_words
from bot.core.lessons import Run
from bot.core.policy import Decision, decide
from bot.core.retraining import with_limits
from bot.core.shadow import BOTH, CHECKED, DROPPED, ENDED, ONLY, STOPPED, ShadowRules, Stage, may_have_stage
from bot.errors import BotError
from bot.flow.gone import Gone
from bot.flow.moderate import Passed
from bot.flow.ports import Clock, LearnService
from bot.store.guilds import GuildStore
from bot.store.runs import RunStore
from bot.store.shadow import ShadowStore
from moderation_model.contract import Prediction
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

MOST_WAITING = 500
"""Messages that wait to be looked at; their texts are in memory alone."""
BATCH = 16
MOST_OPENED = 20
"""Cases that are opened a run and guild on what only the challenger flags."""
REST = timedelta(seconds=10)
"""So long nothing is asked of a model server that did not answer: the messages that decide need it more."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is being checked. `limits`: by guild and label those proposed for the challenger."""

    run_id: str
    champion: str
    challenger: str
    limits: Mapping[str, Mapping[str, float]]


class Shadow:
    """One stage at a time, that of the newest run. Every method but `consider` and `run` raises StoreUnavailable."""

    def __init__(
        self,
        *,
        model: LearnService,
        guilds: GuildStore,
        runs: RunStore,
        shadow: ShadowStore,
        gone: Gone,
        clock: Clock,
        rules: ShadowRules,
        text_days: int,
    ) -> None:
        self._model = model
        self._guilds = guilds
        self._runs = runs
        self._store = shadow
        self._gone = gone
        self._clock = clock
        self._rules = rules
        self._text_kept = timedelta(days=text_days)
        self._trial: _Trial | None = None
        self._waiting: asyncio.Queue[Passed] = asyncio.Queue(MOST_WAITING)
        self._dropped = 0
        self._rests_until: datetime | None = None
        self._left_on: str | None = None

    def consider(self, passed: Passed) -> None:
        """A message was decided: look at it soon, where a stage goes on. Never waits and never raises."""
        trial = self._trial
        if trial is None or passed.outcome != "decided" or not passed.predictions or passed.message.trial:
            return
        if any(prediction.model_version != trial.champion for prediction in passed.predictions):
            return
        try:
            self._waiting.put_nowait(passed)
        except asyncio.QueueFull:
            self._dropped += 1

    async def run(self) -> None:
        """Work off what waits, until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._look_at(batch)
            except BotError as error:
                # These messages are not counted; the next ones are.
                log.warning("not_checked", messages=len(batch), why=type(error).__name__)
            except Exception:
                log.exception("not_checked", messages=len(batch))
            finally:
                for _ in batch:
                    self._waiting.task_done()

    async def drain(self) -> None:
        """Wait until everything that waits was looked at."""
        await self._waiting.join()

    async def watch(self) -> None:
        """What the clock asks for: begin the stage of the newest run, go on with it after a restart of the bot or of
        the model server, and end it when it has seen enough or its time is over.
        """
        run = await self._runs.last_done()
        if self._trial is not None and (run is None or run.run_id != self._trial.run_id or not may_have_stage(run)):
            before = await self._runs.get(self._trial.run_id)
            self._trial = None
            if before is not None:
                await self.end(before)
        if run is None or run.result is None or run.result.challenger is None or not may_have_stage(run):
            await self._switch_off(self._left_on)
            return
        stage = Stage.of(run.facts)
        if stage is None and not self._rules.on:
            return
        if stage is None:
            await self._runs.add_facts(run.run_id, self._rules.begun(self._clock.now()))
            log.info("shadow_begins", run_id=run.run_id, version=run.result.challenger)
        trial = _Trial(run.run_id, run.result.champion, run.result.challenger, run.result.limits)
        if stage is not None and stage.over(self._clock.now(), self._rules):
            await self._finish(trial)
            return
        self._trial = trial
        if run.result.limits_alone:
            return  # the model that serves scores them
        try:
            # Each time: a model server that was restarted has forgotten it, and one that was not does nothing.
            await self._model.set_shadow(trial.challenger, on=True)
        except ModelError as error:
            log.warning("no_shadow", version=trial.challenger, why=type(error).__name__)

    async def end(self, run: Run) -> None:
        """People decided about the run's model, or a newer run has ended: its stage is over, and nothing follows."""
        if self._trial is not None and self._trial.run_id == run.run_id:
            self._trial = None
        stage = Stage.of(run.facts)
        if stage is None or stage.ended:
            return
        await self._runs.add_facts(run.run_id, {ENDED: self._clock.now().timestamp(), STOPPED: 1})
        await self._switch_off(run.result.challenger if run.result and not run.result.limits_alone else None)

    async def judged(self, run_id: str) -> list[tuple[Flagger, bool]]:
        """What moderators said of the run's disagreements (`ShadowStore.judged`)."""
        return await self._store.judged(run_id)

    @asynccontextmanager
    async def at_hand(self, version: str) -> AsyncIterator[None]:
        """`version` can be asked for meanwhile: it serves, it is being checked, or it is loaded for this alone.

        Raises ModelError.
        """
        checked = self._trial is not None and self._trial.challenger == version
        if checked or (await self._model.info()).version == version:
            yield
            return
        await self._model.set_shadow(version, on=True)
        try:
            yield
        finally:
            await self._model.set_shadow(version, on=False)

    async def _finish(self, trial: _Trial) -> None:
        """It has seen enough, or its time is over."""
        self._trial = None
        await self._runs.add_facts(trial.run_id, {ENDED: self._clock.now().timestamp()})
        log.info("shadow_ended", run_id=trial.run_id)
        await self._switch_off(None if trial.challenger == trial.champion else trial.challenger)

    async def _switch_off(self, version: str | None) -> None:
        if version is None:
            return
        self._left_on = None
        try:
            await self._model.set_shadow(version, on=False)
        except ModelError as error:
            # It only takes memory there; the next `watch` tries again.
            self._left_on = version
            log.warning("shadow_left_on", version=version, why=type(error).__name__)

    async def _look_at(self, batch: Sequence[Passed]) -> None:
        trial = self._trial
        if trial is None:
            return
        found: Counter[str] = Counter({DROPPED: self._dropped})
        self._dropped = 0
        asked = [each for passed in batch if (each := await self._asked(passed))]
        predictions = await self._scores(trial, [text for each in asked for text in each.texts])
        if predictions is None:
            found[DROPPED] += len(batch)
        else:
            for each in asked:
                part, predictions = predictions[: len(each.texts)], predictions[len(each.texts) :]
                found[CHECKED] += 1
                found[await self._compare(trial, each, part)] += 1
        del found[""]
        facts = await self._runs.count(trial.run_id, found)
        stage = Stage.of(facts)
        if stage is not None and not stage.ended and stage.over(self._clock.now(), self._rules):
            await self._finish(trial)

    async def _asked(self, passed: Passed) -> _Asked | None:
        """What is asked of the challenger: what the champion was asked, in its form."""
        rules, message = await self._guilds.get(passed.message.guild_id), passed.message
        if not rules.read_titles:
            message = replace(message, parts=tuple(part for part in message.parts if part.kind != "title"))
        if len(message.parts) != len(passed.predictions):
            return None  # the setting was changed since
        texts = [hide_words(part.text, rules.fine_words) for part in message.parts]
        return _Asked(message, rules, passed.predictions, texts)

    async def _scores(self, trial: _Trial, texts: Sequence[str]) -> list[Prediction] | None:
        """None while the model server is away, or does not have the challenger at hand."""
        now = self._clock.now()
        if self._rests_until is not None and now < self._rests_until:
            return None
        try:
            return await self._model.classify(texts, priority="backfill", version=trial.challenger) if texts else []
        except ModelError as error:
            self._rests_until = now + REST
            log.warning("not_checked", messages=len(texts), why=type(error).__name__)
            return None

    async def _compare(self, trial: _Trial, asked: _Asked, predictions: Sequence[Prediction]) -> str:
        """Look at one message with both models; the number that it adds to, empty where neither flags it."""
        message, guild = asked.message, str(asked.rules.guild_id)
        old = _flagged(message, asked.predictions, asked.rules)
        new = _flagged(message, predictions, with_limits(asked.rules, trial.limits.get(guild, {})))
        if old is not None and new is not None:
            return BOTH
        if old is not None:
            await self._store.mark(
                message_id=message.message_id, revision=message.revision, run_id=trial.run_id, by="champion"
            )
            return ONLY["champion"]
        if new is not None:
            await self._open(trial, asked, new)
            return ONLY["challenger"]
        return ""

    async def _open(self, trial: _Trial, asked: _Asked, decision: Decision) -> None:
        """A case that says what the new model found; the scores on it stay those of the model that decides."""
        now = self._clock.now()
        shown = Decision(opens="challenger", reasons=decision.reasons)
        new = NewCase.of(asked.message, asked.predictions, shown, opened_at=now, text_expires_at=now + self._text_kept)
        case = await self._store.open(new, run_id=trial.run_id, most=MOST_OPENED)
        if case is not None:
            await self._gone.after_opening(case)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message with what the champion made of its parts, and their texts as models get them."""

    message: IncomingMessage
    rules: GuildRules
    predictions: Sequence[Prediction]
    texts: Sequence[str]


def _flagged(message: IncomingMessage, predictions: Sequence[Prediction], rules: GuildRules) -> Decision | None:
    """What the model alone makes of the message under these rules, None where it flags nothing."""
    decision = decide(message, predictions, rules, asks_for_care=asks_for_care(message.text))
    return decision if decision.opens == "flagged" else None
