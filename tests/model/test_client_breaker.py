"""The client's circuit breaker: whom it shuts out, and how it lets the server in again."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from moderation_model.breaker import Breaker
from moderation_model.errors import ModelError, ModelUnavailable
from tests.model.scripted import PREDICTION, Script, answer, client, predictions


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_after_five_failures_calls_end_at_once_until_a_trial_call_gets_an_answer() -> None:
    clock, script = Clock(), Script(*[answer(502)] * 6, predictions())
    model = client(script, breaker=Breaker(clock=clock))
    for _ in range(5):
        with pytest.raises(ModelUnavailable):
            await model.classify(["a"])
    with pytest.raises(ModelUnavailable, match="has not answered for a while"):
        await model.classify(["a"])
    assert len(script.requests) == 5
    clock.now += 2.0
    with pytest.raises(ModelUnavailable, match="502"):
        await model.classify(["a"])
    with pytest.raises(ModelUnavailable, match="has not answered for a while"):
        await model.classify(["a"])
    clock.now += 2.0
    assert await model.classify(["a"]) == [PREDICTION]
    assert await model.classify(["a"]) == [PREDICTION]


@pytest.mark.parametrize(
    "nonsense", [httpx.Response(200, content=b"<html>"), answer(200, {"predictions": []}), httpx.Response(404)]
)
async def test_a_server_that_answers_nonsense_is_asked_no_more_for_a_while(nonsense: httpx.Response) -> None:
    clock, script = Clock(), Script(*[nonsense] * 5, predictions())
    model = client(script, breaker=Breaker(clock=clock))
    for _ in range(8):
        with pytest.raises(ModelUnavailable):
            await model.classify(["a"])
    assert len(script.requests) == 5
    clock.now += 2.0
    assert await model.classify(["a"]) == [PREDICTION]


async def test_only_one_caller_at_a_time_makes_the_trial_call() -> None:
    clock = Clock()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        arrived.set()
        await go_on.wait()
        return predictions()

    breaker = Breaker(failures=1, clock=clock)
    breaker.failed()
    clock.now += 2.0
    model = client(httpx.MockTransport(slow), breaker=breaker)
    trial = asyncio.ensure_future(model.classify(["a"]))
    await arrived.wait()
    with pytest.raises(ModelUnavailable):
        await model.classify(["b"])
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    go_on.set()
    assert await model.classify(["c"]) == [PREDICTION]


@pytest.mark.parametrize(
    "given",
    [answer(422, {"error": "No."}), answer(500, {"error": "No."}), answer(503, {}, Retry_After="60"), answer(401, {})],
)
async def test_a_server_that_answers_is_never_shut_out(given: httpx.Response) -> None:
    script = Script(given)
    model = client(script)
    for _ in range(8):
        with pytest.raises(ModelError):
            await model.classify(["a"])
    assert len(script.requests) == 8
