"""Training runs of the server: each a child process of low priority, one at a time, resumed after whatever killed it.

A run's folder holds the order with its texts (mode 0600) and the checkpoints while it goes on; both are removed when it
ends, only its state and its result stay. The child ends when its standard input closes, so that a killed server leaves
nothing behind; the next server finds the folder and resumes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from moderation_model.errors import BadRequest, ModelError, ModelOverloaded, ModelUnavailable
from moderation_model.learning import RunPhase, RunResult, RunState
from moderation_model.run_child import environment, follow, stop, told
from moderation_model.run_files import (
    MODEL,
    ORDER,
    RESULT,
    WORK,
    clear,
    folders,
    forgotten,
    prune,
    read_state,
    receive,
    run_id_of,
    strike,
    write_state,
)
from moderation_model.run_order import checked_run_id

COMMAND = (sys.executable, "-m", "moderation_model.run_process")
ATTEMPTS = 3
"""A run whose process dies so often fails."""
RETRY_AFTER = 60.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """A run that has not ended. `attempts`: processes started for it so far."""

    folder: Path
    state: RunState
    attempts: int = 0
    process: Process | None = None
    cancelled: bool = False


class RunKeeper:
    """Use it as an async context manager. `adopt` takes the folder of a finished model into the registry, `mark_stale`
    notes there which examples it learned from are gone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        champion: Callable[[], Path],
        adopt: Callable[[Path, RunResult], Awaitable[None]],
        mark_stale: Callable[[list[int]], Awaitable[object]],
        command: Sequence[str] = COMMAND,
        observe: Callable[[RunState], None] = lambda state: None,
    ) -> None:
        """`champion` gives the folder to start from; `observe` is called with each new state."""
        self._folder = folder
        self._champion = champion
        self._adopt = adopt
        self._mark_stale = mark_stale
        self._command = tuple(command)
        self._observe = observe
        self._current: _Run | None = None
        self._task: asyncio.Task[None] | None = None
        self._unwritten: dict[str, RunState] = {}  # how runs ended, where the disk was full

    async def __aenter__(self) -> Self:
        left = await asyncio.to_thread(self._left_over)
        if left is not None:
            logger.warning("run %s was interrupted and is resumed", left.state.run_id)
            self._begin(left)
        return self

    async def __aexit__(self, *_: object) -> None:
        """The process is stopped, its run stays resumable."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def start(self, body: AsyncIterator[bytes]) -> RunState:
        """Start the run that the streamed order asks for; a run that is known already is not started again.

        Raises BadRequest with one sentence, ModelOverloaded while another run goes on, and ModelUnavailable where the
        order cannot be kept.
        """
        arriving = self._folder / f".arriving-{os.getpid()}-{time.monotonic_ns()}"
        try:
            run = await self._received(body, arriving)
        except OSError as error:
            raise ModelUnavailable(
                f"The order of a run cannot be kept in {self._folder}: {error.strerror or error}. Make room there."
            ) from error
        finally:
            arriving.unlink(missing_ok=True)
        if isinstance(run, RunState):
            return run
        self._begin(run)
        return run.state

    async def _received(self, body: AsyncIterator[bytes], arriving: Path) -> _Run | RunState:
        """The new run in its folder, or the state of the one that has this id already."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await receive(body, arriving)
        run_id = await asyncio.to_thread(run_id_of, arriving)
        folder = self._folder / run_id
        if folder.exists():
            return self.state(run_id)
        if self._current is not None:
            raise ModelOverloaded(
                f"Run {self._current.state.run_id} goes on. One run at a time: wait for it or cancel it.",
                retry_after=RETRY_AFTER,
            )
        folder.mkdir(mode=0o700)
        run = _Run(folder, RunState(run_id=run_id, phase="queued", started_at=time.time()))
        try:
            os.replace(arriving, folder / ORDER)
            self._enter(run, run.state)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return run

    def state(self, run_id: str) -> RunState:
        """Where the run stands. Raises BadRequest for one that is not known."""
        checked_run_id(run_id)
        if self._current is not None and self._current.state.run_id == run_id:
            return self._current.state
        if run_id in self._unwritten:
            return self._unwritten[run_id]
        state = read_state(self._folder / run_id)
        if state is None:
            raise BadRequest(f"There is no run {run_id}.")
        return state[0]

    def states(self) -> list[RunState]:
        """Every run that is known, the newest first."""
        found = [read_state(folder) for folder in folders(self._folder)]
        states = [self._unwritten.get(each[0].run_id, each[0]) for each in found if each is not None]
        if self._current is not None:
            states = [self._current.state if s.run_id == self._current.state.run_id else s for s in states]
        return sorted(states, key=lambda state: state.started_at or 0.0, reverse=True)

    async def cancel(self, run_id: str) -> RunState:
        """End the run; nothing of it stays but its state. A run that has ended stays as it ended. Raises BadRequest."""
        state = self.state(run_id)
        run = self._current
        if run is None or run.state.run_id != run_id or state.ended:
            return state
        run.cancelled = True
        if run.process is not None:
            await stop(run.process)
        if self._task is not None:
            await asyncio.gather(asyncio.shield(self._task), return_exceptions=True)
        return self.state(run_id)

    async def forget(self, example_ids: Collection[int]) -> None:
        """These examples are gone: the run that goes on drops their texts. What it learned already marks its model."""
        if self._current is not None:
            await asyncio.to_thread(strike, self._current.folder, example_ids)

    def _begin(self, run: _Run) -> None:
        self._current = run
        self._task = asyncio.create_task(self._work(run), name=f"run-{run.state.run_id}")

    async def _work(self, run: _Run) -> None:
        """One process after the other until the run has ended; what goes wrong here ends it, and the next may come."""
        try:
            while not run.state.ended:
                await self._step(run)
        except Exception as error:
            sentence = told(error)
            logger.error("run %s failed: %s", run.state.run_id, sentence)
            self._end(run, "failed", sentence)
        self._current = None

    async def _step(self, run: _Run) -> None:
        if run.cancelled:
            self._end(run, "cancelled")
        elif (run.folder / RESULT).is_file():
            await self._finish(run)
        elif not (run.folder / ORDER).is_file():
            self._end(run, "failed", "Its order is gone, so it cannot go on.")
        elif run.attempts >= ATTEMPTS:
            self._end(run, "failed", f"Its process died {run.attempts} times; the server's log says more.")
        else:
            await self._attempt(run)

    async def _attempt(self, run: _Run) -> None:
        """One process, to its end."""
        run.attempts += 1
        self._enter(run, replace(run.state, phase="running"))
        try:
            run.process = await asyncio.create_subprocess_exec(
                *self._command,
                str(run.folder),
                str(await asyncio.to_thread(self._champion)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=environment(),
            )
        except OSError as error:
            self._end(run, "failed", f"The training process cannot be started: {error.strerror}.")
            return
        if run.cancelled:  # while the process was being started
            await stop(run.process)
        sentence: str | None = None
        try:
            sentence = await follow(run.process, run.state, lambda state: self._hear(run, state))
            code = await run.process.wait()
        finally:
            if run.process.returncode is None:
                await stop(run.process)
            run.process = None
        if code != 0 and not run.cancelled:
            if sentence is not None:
                self._end(run, "failed", sentence)
            else:
                self._enter(run, replace(run.state, phase="interrupted"))
                logger.warning("the process of run %s ended with code %s", run.state.run_id, code)

    async def _finish(self, run: _Run) -> None:
        """The process has written its result: take the model in, then end."""
        try:
            result = RunResult.from_dict(json.loads((run.folder / RESULT).read_text("utf-8")))
            model = run.folder / WORK / MODEL
            if result.challenger is not None and model.is_dir():
                await self._adopt(model, result)
                if gone := forgotten(run.folder):
                    await self._mark_stale(gone)
        except (ModelError, OSError, KeyError, TypeError, ValueError) as error:
            self._end(run, "failed", str(error) if isinstance(error, ModelError) else "Its result cannot be read.")
            return
        run.state = replace(run.state, result=result)
        self._end(run, "done")

    def _end(self, run: _Run, phase: RunPhase, error: str | None = None) -> None:
        """Nothing with a text in it outlives a run, and no full disk keeps it from ending."""
        ended = replace(run.state, phase=phase, error=error, ended_at=time.time())
        try:
            clear(run.folder)
            self._enter(run, ended)
            prune(self._folder)
        except OSError as problem:
            logger.error("the end of run %s cannot be written: %s", ended.run_id, problem.strerror)
            self._unwritten[ended.run_id] = ended
            self._hear(run, ended)

    def _hear(self, run: _Run, state: RunState) -> None:
        run.state = state
        self._observe(state)

    def _enter(self, run: _Run, state: RunState) -> None:
        write_state(run.folder, state, run.attempts)
        self._hear(run, state)

    def _left_over(self) -> _Run | None:
        """The newest run that an earlier server left; others fail. Removes texts that a killed server did not."""
        for leftover in self._folder.glob(".arriving-*"):
            leftover.unlink(missing_ok=True)
        left: list[_Run] = []
        for folder in folders(self._folder):
            known = read_state(folder)
            if known is None:
                shutil.rmtree(folder, ignore_errors=True)
            elif known[0].ended:
                clear(folder)
            else:
                run = _Run(folder, replace(known[0], phase="interrupted"), attempts=known[1])
                try:
                    strike(folder, forgotten(folder))
                    left.append(run)
                except (OSError, ValueError, KeyError):
                    self._end(run, "failed", "Its order cannot be read or written any more.")
        left.sort(key=lambda run: run.state.started_at or 0.0)
        for run in left[:-1]:
            self._end(run, "failed", "The server ended while it waited.")
        return left[-1] if left else None
