"""What time it is on Discord, by its answers."""

from __future__ import annotations

import time
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.chat.requests import Requests

AWAKE = time.clock_gettime


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no clock that goes on meanwhile")
async def test_discords_time_goes_on_while_the_machine_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile the monotonic clock stands still."""
    requests = Requests()
    async with (
        TestServer(web.Application()) as server,
        aiohttp.ClientSession(trace_configs=[requests.trace()]) as session,
        session.get(server.make_url("/")),
    ):
        before = requests.time()
    asleep = timedelta(hours=2)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: AWAKE(clock) + asleep.total_seconds())
    after = requests.time()
    assert before is not None
    assert after is not None
    assert asleep <= after - before < asleep + timedelta(minutes=1)
