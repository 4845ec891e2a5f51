"""Work for a caller ends when that caller hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")

LISTEN_AFTER = 0.1
"""Seconds after which it is worth a task to notice a caller who hangs up: most work is done by then."""


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the caller has hung up and it takes longer than `LISTEN_AFTER`.
    Raises ClientDisconnect then.
    """
    asking = asyncio.current_task()
    assert asking is not None
    gone, listening = False, None

    async def listen() -> None:
        nonlocal gone
        await _hung_up(request)
        gone = True
        asking.cancel()

    def begin() -> None:
        nonlocal listening
        listening = asyncio.create_task(listen())

    later = asyncio.get_running_loop().call_later(LISTEN_AFTER, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or asking.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        later.cancel()
        if listening is not None:
            listening.cancel()


async def _hung_up(request: Request) -> None:
    """Returns when the caller has hung up; the body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
