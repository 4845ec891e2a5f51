"""`candor run`: the bot from its start to SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import signal

from bot.app import build_app
from bot.config import Settings


def leave_out_of_collections() -> None:
    """Have the garbage collector pass over what is there now, which stays until the process ends.

    A full collection looks at every object, the modules' own among them, and the event loop stands still meanwhile:
    about 100 ms a time with what a bot has loaded when it is ready.
    """
    gc.collect()
    gc.freeze()


async def run(settings: Settings) -> None:
    """Run until SIGTERM, SIGINT or a failure. Raises BotError or ModelError with one sentence."""
    app = build_app(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

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
