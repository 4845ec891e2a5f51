"""The bot in a process of its own, so that it can be killed: `python -m tests.e2e.bot_process`, settings on its input.

Prints "run ID" for each training run that goes on, between what it logs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.app import build_app
from bot.config import load_settings
from bot.sandbox import network


class ShiftedClock:
    """The machine's clock and so much more."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


async def main(given: dict[str, Any]) -> None:
    """Runs until it is killed."""
    settings = load_settings(_env_file=None, **given["settings"])
    connector = network.connector(given["port"], network.trusting(given["authority"]))
    clock = ShiftedClock(timedelta(seconds=given["ahead"]))
    app = build_app(settings, connector=connector, source="sandbox", clock=clock)
    await app.start()
    told: set[str] = set()
    while True:
        for run in await app.flows.learn.newest():
            if run.run_id not in told and run.phase == "running":
                told.add(run.run_id)
                print(f"run {run.run_id}", flush=True)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
