"""Starts, warms, restarts and talks to the explainer process (`explain.py`)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from moderation_model.errors import ExplainerUnavailable, ModelOverloaded

COMMAND = (sys.executable, "-m", "moderation_model.explain")
MAX_LINE = 4 * 1024 * 1024
MAX_WAITING = 8
"""Explanations that may wait for the one under way."""
ATTEMPTS = 2
"""An explanation whose child dies is begun again once with the next child."""
WARM_UP_SECONDS = 120.0
DRAIN_SECONDS = 5.0
FIRST_REST = 0.5
LONGEST_REST = 30.0

State = Literal["stopped", "starting", "ready", "restarting"]
Evaluate = Callable[[list[str]], Awaitable[list[float]]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shapley:
    """One value a word; `sum(values) + base` is `logit` up to rounding. `evaluations`: variants scored."""

    values: tuple[float, ...]
    base: float
    logit: float
    evaluations: int


class _DiedError(Exception):
    """The child is gone."""


@dataclass(slots=True)
class _Child:
    """A running child. `busy`: it has not ended the last explanation; `asks`: it waits for logits from us."""

    process: Process
    busy: bool = False
    asks: bool = False

    def send(self, message: dict[str, object]) -> None:
        """Lines are short and answered one by one, so the pipe's buffer never fills."""
        assert self.process.stdin is not None
        if self.process.stdin.is_closing():
            raise _DiedError
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise _DiedError
        return json.loads(line)


class ExplainerProcess:
    """One child at a time, restarted with growing rests when it dies. Use it as an async context manager."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = tuple(command)
        self._state: State = "stopped"
        self._child: _Child | None = None
        self._ready = asyncio.Event()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._keeper: asyncio.Task[None] | None = None
        self.restarts = 0
        """How often a child ended, or could not be started, and another one was."""

    async def __aenter__(self) -> ExplainerProcess:
        self._state = "starting"
        self._keeper = asyncio.create_task(self._keep(), name="explainer-keeper")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._state = "stopped"
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    @property
    def state(self) -> State:
        """Whether explanations can be had now."""
        return self._state

    @property
    def pid(self) -> int | None:
        """The child's process id, None while none runs."""
        return self._child.process.pid if self._child is not None else None

    async def shapley(self, words: int, *, budget: int, evaluate: Evaluate) -> Shapley:
        """Explains one text of `words` words; `evaluate` scores masks such as "0110". One explanation runs at a time.

        Waits while the child is starting: put a timeout around it. May be cancelled at any moment. Raises
        ExplainerUnavailable, ModelOverloaded when too many wait, and whatever `evaluate` raises.
        """
        if self._waiting >= MAX_WAITING:
            raise ModelOverloaded("Too many explanations wait already. Try again in a few seconds.", retry_after=3.0)
        self._waiting += 1
        try:
            async with self._turn:
                for _ in range(ATTEMPTS):
                    await self._ready.wait()
                    child = self._child
                    if child is None:
                        break
                    try:
                        return await self._explain(child, words, budget, evaluate)
                    except (_DiedError, OSError):
                        self._retire(child)
            raise ExplainerUnavailable("The explainer stopped. It is being restarted; try again in a few seconds.")
        finally:
            self._waiting -= 1

    def _retire(self, child: _Child) -> None:
        """Lets nobody else use a dead child before the keeper has noticed its death."""
        if self._child is child:
            self._child, self._state = None, "restarting"
            self._ready.clear()

    async def _explain(self, child: _Child, words: int, budget: int, evaluate: Evaluate) -> Shapley:
        await self._end_last(child)
        child.send({"words": words, "budget": budget})
        child.busy = True
        while True:
            message = await child.receive()
            masks = message.get("ask")
            if masks is None:
                child.busy = False
                break
            child.asks = True
            logits = await evaluate(masks)
            child.send({"logits": logits})
            child.asks = False
        if "failed" in message:
            raise ExplainerUnavailable(f"{message['failed']} Scores are not affected.")
        return Shapley(
            values=tuple(message["values"]),
            base=message["base"],
            logit=message["logit"],
            evaluations=message["evaluations"],
        )

    async def _end_last(self, child: _Child) -> None:
        """Brings a child whose last caller gave up midway back to where it takes a new explanation."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while child.busy:
                    if child.asks:
                        child.send({"logits": None})
                        child.asks = False  # said once: a second word would be the answer to the next question
                    message = await child.receive()
                    child.asks = "ask" in message
                    child.busy = child.asks
        except TimeoutError:
            self._retire(child)
            child.process.kill()
            raise ExplainerUnavailable("The explainer hung and is being restarted. Try again in a moment.") from None

    async def _keep(self) -> None:
        """Keeps a child alive until it is cancelled."""
        rest = FIRST_REST
        while True:
            try:
                lived = await self._run_one()
            except OSError as error:
                lived = False
                logger.warning("the explainer process cannot be started: %s", error.strerror)
            self._state = "restarting"
            rest = FIRST_REST if lived else min(rest * 2, LONGEST_REST)
            await asyncio.sleep(rest)
            self.restarts += 1

    async def _run_one(self) -> bool:
        """Starts a child and stays until it ends. Whether it ever became ready."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=MAX_LINE, env=_environment()
        )
        child = _Child(process)
        try:
            lived = await self._becomes_ready(child)
            if lived:
                self._child, self._state = child, "ready"
                self._ready.set()
                await process.wait()
        finally:
            self._retire(child)
            if process.returncode is None:
                process.kill()
                await process.wait()
        logger.warning("the explainer process ended with code %s and is started again", process.returncode)
        return lived

    async def _becomes_ready(self, child: _Child) -> bool:
        try:
            async with asyncio.timeout(WARM_UP_SECONDS):
                return bool((await child.receive()).get("ready"))
        except (TimeoutError, _DiedError, ValueError):
            return False


def _environment() -> dict[str, str]:
    """Ours without settings (the token is none of the child's business), and one thread: its sums are tiny."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return kept | dict.fromkeys(threads, "1")
