"""The bot in a process of its own, so that it can be killed: `python -m tests.e2e.bot_process`, settings on its input.

Prints "run ID" for each training run that goes on, between what it logs. With `signals` it runs as `candor run` does,
until a signal; with `tells` it prints "passed ID OUTCOME" for each message.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

import typer

from bot.__main__ import _finish
from bot.app import build_app
from bot.config import load_settings
from bot.flow.moderate import Passed
from bot.running import run_app
from bot.sandbox import network
from tests.e2e.shifted_clock import ShiftedClock


async def main(given: dict[str, Any]) -> None:
    """Runs until it is killed."""
    settings = load_settings(_env_file=None, **given["settings"])
    connector = network.connector(given["port"], network.trusting(given["authority"]))
    clock = ShiftedClock(timedelta(seconds=given["ahead"]))
    passed = _tell if given.get("tells") else lambda passed: None
    app = build_app(settings, connector=connector, source="sandbox", clock=clock, passed=passed)
    if given.get("signals"):
        await run_app(app)
        return
    await app.start()
    told: set[str] = set()
    while True:
        for run in await app.flows.learn.newest():
            if run.run_id not in told and run.phase == "running":
                told.add(run.run_id)
                print(f"run {run.run_id}", flush=True)
        await asyncio.sleep(0.1)


def _tell(passed: Passed) -> None:
    print(f"passed {passed.message.message_id} {passed.outcome}", flush=True)


if __name__ == "__main__":
    try:
        _finish(main(json.loads(sys.stdin.readline())))
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
