"""The sandbox's rate limits, once they are on: Discord's headers, refusals and counts."""

from __future__ import annotations

import aiohttp

from bot.sandbox.rate_limits import GLOBAL, ROUTE, ROUTE_SECONDS, RateLimits
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe

HISTORY = "/channels/{channel_id}/messages"


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_nothing_is_limited_until_the_limits_are_on(sandbox: Sandbox, bot: Probe) -> None:
    for number in range(ROUTE + 3):
        await bot.text("general").send(str(number))
    assert not sandbox.limits.requests


async def test_a_route_of_a_channel_takes_so_many_requests_and_then_refuses_as_discord_does(sandbox: Sandbox) -> None:
    sandbox.limits.on = True
    url = f"https://discord.com/api/v10/channels/{sandbox.channel('general').id}/messages"
    headers = {"Authorization": f"Bot {sandbox.token}"}
    async with aiohttp.ClientSession(connector=sandbox.connector(), headers=headers) as session:
        left = []
        for _ in range(ROUTE):
            async with session.get(url) as response:
                assert response.status == 200
                left.append(int(response.headers["X-RateLimit-Remaining"]))
        assert left == list(reversed(range(ROUTE)))
        async with session.get(url) as response:
            assert response.status == 429
            body = await response.json()
            assert (body["global"], response.headers["X-RateLimit-Scope"]) == (False, "user")
            assert 0 < body["retry_after"] <= ROUTE_SECONDS
            assert float(response.headers["X-RateLimit-Reset-After"]) == body["retry_after"]
        async with session.get(url.replace("messages", "")) as response:
            assert response.status != 429
    assert sandbox.limits.refused == {f"GET {HISTORY}": 1}


def test_another_channel_has_its_own_limit_and_each_is_free_again_after_its_time() -> None:
    seconds = Seconds()
    limits = RateLimits(seconds)
    limits.on = True
    for channel in ("1", "2"):
        for _ in range(ROUTE):
            assert limits.take("GET", HISTORY, {"channel_id": channel})[0] is None
    assert limits.take("GET", HISTORY, {"channel_id": "1"})[0] is not None
    seconds.now += ROUTE_SECONDS
    assert limits.take("GET", HISTORY, {"channel_id": "1"})[0] is None


def test_over_all_routes_there_is_one_limit_a_second() -> None:
    seconds = Seconds()
    limits = RateLimits(seconds)
    limits.on = True
    for number in range(GLOBAL):
        assert limits.take("GET", HISTORY, {"channel_id": str(number)})[0] is None
    refusal, _ = limits.take("GET", HISTORY, {"channel_id": "another"})
    assert refusal is not None
    assert refusal.body["global"]
    assert limits.take("POST", "/interactions/{interaction_id}/{token}/callback", {})[0] is None
    seconds.now += 1.0
    assert limits.take("GET", HISTORY, {"channel_id": "another"})[0] is None
    assert limits.busiest == GLOBAL


async def test_a_client_that_is_refused_waits_and_gets_through(sandbox: Sandbox, bot: Probe) -> None:
    sandbox.limits.on = True
    for number in range(GLOBAL):
        sandbox.limits.take("GET", HISTORY, {"channel_id": str(number)})
    sent = await bot.text("general").send("through at last")
    assert sandbox.limits.refused
    assert sent.id in sandbox.channel("general").messages
