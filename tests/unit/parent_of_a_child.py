"""A bot that does nothing but hold a stand-in model server; killed by a test. Prints the server's process id."""

from __future__ import annotations

import asyncio
import sys

from bot.child import ModelChild
from bot.config import Settings
from bot.log import configure


async def main() -> None:
    settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
    configure(settings)
    child = ModelChild(settings, command=sys.argv[1:])
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
