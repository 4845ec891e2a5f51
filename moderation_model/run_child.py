"""The process of a run, as the server holds it: what it says, how it is stopped, and what it gets to see."""

from __future__ import annotations

import contextlib
import json
import os
from asyncio import timeout
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from moderation_model.errors import ModelError
from moderation_model.learning import RunState

LOG_LINES = 40
STOP_SECONDS = 5.0


async def follow(process: Process, state: RunState, hear: Callable[[RunState], None]) -> str | None:
    """Give `hear` the state that follows from each line that the process says, until it closes its output; the sentence
    that it failed with, if it says one.
    """
    assert process.stdout is not None
    sentence: str | None = None
    async for line in process.stdout:
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                sentence = said.get("error") or sentence
                state = _heard(state, said)
                hear(state)
    return sentence


async def stop(process: Process) -> None:
    """End it: first by closing its input, then for certain."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with timeout(STOP_SECONDS):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()


def environment() -> dict[str, str]:
    """Ours without settings: the token is none of the child's business."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}


def told(error: Exception) -> str:
    """One sentence for whoever looks at the run; never what an unknown error says, which may quote a text."""
    if isinstance(error, ModelError):
        return str(error)
    if isinstance(error, OSError):
        return f"The server could not read or write its files: {error.strerror or type(error).__name__}."
    return f"The server failed with {type(error).__name__}."


def _heard(state: RunState, said: dict[str, Any]) -> RunState:
    if "say" in said:
        state = replace(state, log=(*state.log, str(said["say"])[:300])[-LOG_LINES:])
    if "stage" in said:
        state = replace(state, stage=str(said["stage"]), done=int(said.get("done", 0)), every=int(said.get("every", 0)))
    return state
