"""`candor run`: the bot from its start to SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading

import structlog

from bot.app import App, build_app
from bot.config import Settings

log = structlog.get_logger(__name__)

LAST_RESORT = 10.0
"""Seconds after SIGTERM at which the process ends in any case, well before systemd or Docker would kill it."""


def leave_out_of_collections() -> None:
    """Have the garbage collector pass over what is there now, which stays until the process ends.

    A full collection looks at every object, the modules' own among them, and the event loop stands still meanwhile:
    about 100 ms a time with what a bot has loaded when it is ready.
    """
    gc.collect()
    gc.freeze()


async def run(settings: Settings) -> None:
    """Run the bot of these settings, as `run_app` says."""
    await run_app(build_app(settings))


async def run_app(app: App) -> None:
    """Run until SIGTERM, SIGINT or a failure; a second signal ends the process at once. Raises BotError or ModelError
    with one sentence.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if stopping.is_set():
            os._exit(128 + number)  # the model server sees its standard input close and ends, too
        stopping.set()
        log.info("stopping", signal=number)
        last_resort = threading.Timer(LAST_RESORT, os._exit, (1,))  # a thread: the event loop may stand still
        last_resort.daemon = True
        last_resort.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)

    async def work() -> None:
        await app.start()
        leave_out_of_collections()
        await app.wait()

    working = asyncio.create_task(work())
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([working, asked], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
    finally:
        for task in (working, asked):
            task.cancel()
        await asyncio.gather(working, asked, return_exceptions=True)
        await app.stop()
