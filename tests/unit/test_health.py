"""Health and metrics: what an operator's monitoring sees."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.core.cases import ActionRecord
from bot.core.policy import Decision, Delete, Reason, Timeout
from bot.errors import BadSettings
from bot.flow.moderate import Passed
from bot.health import HealthServer
from bot.metrics import Metrics
from tests.builders import MODEL, SOME_CASE, message

Get = Callable[[str], Awaitable[tuple[int, str]]]

TEXT = "what a member wrote"
INSULT = Reason("insult", 0.9, 0.5, "model", "as_written", MODEL, "content")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def state() -> dict[str, object]:
    return {"discord": "ready", "model": "ready", "database": "ready", "spool": "empty"}


@pytest.fixture
async def get(metrics: Metrics, state: dict[str, object]) -> AsyncIterator[Get]:
    server = HealthServer(metrics, port=0, state=lambda: state)
    await server.start()
    async with aiohttp.ClientSession() as http:

        async def ask(path: str) -> tuple[int, str]:
            async with http.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                return answer.status, await answer.text()

        yield ask
    await server.stop()


def passed_with_case(*records: ActionRecord, withheld: tuple[Delete | Timeout, ...] = ()) -> Passed:
    said = message(TEXT)
    case = replace(SOME_CASE, text=said.text, actions=records)
    decision = Decision(opens="flagged", reasons=(INSULT,), withheld=withheld)
    return Passed(said, "decided", decision=decision, case=case, milliseconds=20.0)


async def test_messages_are_counted_by_how_their_pass_ended(metrics: Metrics, get: Get) -> None:
    for outcome in ("decided", "decided", "unscored"):
        metrics.passed(Passed(message(TEXT), outcome, milliseconds=20.0))
    _, page = await get("/metrics")
    assert 'candor_messages_total{outcome="decided"} 2.0' in page
    assert 'candor_messages_total{outcome="unscored"} 1.0' in page
    assert "candor_model_failures_total 1.0" in page
    assert "candor_pass_seconds_count 3.0" in page


async def test_cases_and_actions_are_counted_by_label_kind_and_end(metrics: Metrics, get: Get) -> None:
    metrics.passed(passed_with_case(ActionRecord(1, 1, Delete(), "refused"), withheld=(Timeout(600),)))
    _, page = await get("/metrics")
    assert 'candor_decisions_total{label="insult"} 1.0' in page
    assert 'candor_actions_total{kind="delete",state="refused"} 1.0' in page
    assert 'candor_actions_total{kind="timeout",state="withheld"} 1.0' in page


async def test_the_figures_hold_no_text_and_no_ids(metrics: Metrics, get: Get) -> None:
    metrics.passed(passed_with_case())
    _, page = await get("/metrics")
    assert TEXT not in page
    assert str(message().message_id) not in page


async def test_what_stands_is_asked_for_at_each_scrape(metrics: Metrics, get: Get) -> None:
    waiting = {(): 4.0}
    metrics.watch(lambda: {"candor_cards_waiting": waiting, "candor_gateway_latency_seconds": {(): float("nan")}})
    metrics.lagged(0.7)
    _, page = await get("/metrics")
    assert "candor_cards_waiting 4.0" in page
    assert "candor_event_loop_lag_last_seconds 0.7" in page
    waiting[()] = 2.0
    _, page = await get("/metrics")
    assert "candor_cards_waiting 2.0" in page
    assert "candor_gateway_latency_seconds" not in page  # not known before the first heartbeat


async def test_the_stages_of_a_pass_are_timed(metrics: Metrics, get: Get) -> None:
    metrics.waited(0.004)
    metrics.passed(Passed(message(TEXT), "decided", milliseconds=20.0, stages={"model": 0.015, "store": 0.005}))
    _, page = await get("/metrics")
    assert 'candor_pass_stage_seconds_bucket{le="0.005",stage="wait"} 1.0' in page
    assert 'candor_pass_stage_seconds_sum{stage="model"} 0.015' in page
    assert 'candor_pass_stage_seconds_count{stage="store"} 1.0' in page
    assert 'candor_pass_stage_seconds_count{stage="act"} 0.0' in page


async def test_a_label_that_is_none_of_ours_is_counted_as_another_one(metrics: Metrics, get: Get) -> None:
    passed = passed_with_case()
    for name in ("spam-1", "spam-2"):
        reason = replace(INSULT, label=name)
        metrics.passed(replace(passed, decision=Decision(opens="flagged", reasons=(reason,))))
    _, page = await get("/metrics")
    assert 'candor_decisions_total{label="other"} 2.0' in page
    assert "spam" not in page


class Clock:
    """The clock of the loop and of the figures."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_worst_lag_is_that_of_the_last_minute_for_every_reader() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    for seconds in (0.2, 0.7, 0.1):
        metrics.lagged(seconds)
    clock.now += 70
    metrics.lagged(0.3)
    assert [worst(metrics), worst(metrics)] == [0.7, 0.7]
    clock.now += 60
    assert worst(metrics) == 0.3
    metrics.lagged(0.9)
    clock.now += 600
    assert worst(metrics) == 0


def worst(metrics: Metrics) -> float | None:
    """What a reader of the page finds."""
    metrics.page()
    return metrics.registry.get_sample_value("candor_event_loop_lag_max_seconds")


async def test_a_blocked_loop_shows_and_is_logged_once_a_minute(
    metrics: Metrics, state: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("bot.health.monotonic", clock)
    server = HealthServer(metrics, port=None, state=lambda: state)
    with capture_logs() as logged:
        await server.start()
        for seconds, lines in ((3.0, 1), (3.0, 1), (60.0, 2)):
            await asyncio.sleep(0)  # the watchdog has looked at its clock and waits for the next beat
            before = beats(metrics)
            clock.now += seconds
            while beats(metrics) == before:  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert [line["event"] for line in logged] == ["event_loop_blocked"] * lines
        await server.stop()
    assert beats(metrics, "+Inf") - beats(metrics, "1.0") == 3


def beats(metrics: Metrics, at_most: str = "+Inf") -> float:
    """How often the watchdog looked and found the loop late by no more than so many seconds."""
    return metrics.registry.get_sample_value("candor_event_loop_lag_seconds_bucket", {"le": at_most}) or 0.0


async def test_healthz_tells_the_state_while_the_process_lives(state: dict[str, object], get: Get) -> None:
    state["discord"] = "connecting"
    status, body = await get("/healthz")
    assert status == 200
    assert json.loads(body) == state


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, 200),
        ({"model": "remote"}, 200),
        ({"discord": "connecting"}, 503),
        ({"discord": "away"}, 503),
        ({"discord": "closing"}, 503),
        # Keywords decide, and the rest is scored later.
        ({"model": "restarting"}, 200),
        ({"model": "away"}, 200),
        ({"model": "failed"}, 200),
        # What is written waits in the spool.
        ({"database": "away", "spool": "filled"}, 200),
        ({"database": "full", "spool": "empty"}, 200),
        # It is kept nowhere.
        ({"database": "away", "spool": "full"}, 503),
        ({"database": "away", "spool": "failing"}, 503),
        ({"database": "away", "spool": "closed"}, 503),
        ({"spool": "failing"}, 200),
    ],
)
async def test_readyz_says_no_while_messages_do_not_arrive_or_would_be_lost(
    state: dict[str, object], get: Get, found: dict[str, object], expected: int
) -> None:
    state.update(found)
    status, body = await get("/readyz")
    assert status == expected
    assert json.loads(body) == state


async def test_two_bots_in_one_process_keep_their_figures_apart(metrics: Metrics) -> None:
    metrics.passed(Passed(message(), "decided"))
    assert b'candor_messages_total{outcome="decided"} 0.0' in Metrics().page()


async def test_without_a_port_nothing_listens(metrics: Metrics) -> None:
    server = HealthServer(metrics, port=None, state=dict)
    await server.start()
    assert server.port is None
    await server.stop()


async def test_a_taken_port_is_one_sentence(metrics: Metrics) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = HealthServer(metrics, port=taken.getsockname()[1], state=dict)
        with pytest.raises(BadSettings, match="CANDOR_HEALTH_PORT"):
            await server.start()
        await server.stop()
