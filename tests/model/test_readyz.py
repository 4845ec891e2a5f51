"""/readyz and the figures of the model server: what a monitoring and a deployment ask."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from moderation_model.metrics import FIGURES
from moderation_model.priority import QueueLimits
from moderation_model.readiness import ASK_EVERY
from moderation_model.server import ServerConfig, build_app
from tests.model.serving_fakes import FakeClassifier, Gate, Sick
from tests.model.test_server import NO_EXPLAINER, serving, serving_app, something_waits


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of readiness; move it by changing its one number."""
    now = [100.0]
    monkeypatch.setattr("moderation_model.readiness.monotonic", lambda: now[0])
    return now


async def readyz(client: httpx.AsyncClient) -> tuple[int, str]:
    found = await client.get("/readyz")
    return found.status_code, found.json().get("state", "")


async def ask_of(app: FastAPI) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        return (await client.get("/readyz")).status_code


async def test_readyz_is_200_for_everybody_and_tells_no_more_than_a_word() -> None:
    async with serving(token="secret") as client:
        found = await client.get("/readyz")
    assert (found.status_code, found.json()) == (200, {"ready": True, "state": "ready"})


async def test_readyz_is_503_before_the_server_takes_texts_and_after_it_has_stopped() -> None:
    app = build_app(ServerConfig(explainer_command=NO_EXPLAINER), FakeClassifier())
    assert await ask_of(app) == 503
    async with app.router.lifespan_context(app):
        assert await ask_of(app) == 200
    assert await ask_of(app) == 503


async def test_readyz_is_503_while_what_is_under_way_ends() -> None:
    gate = Gate()
    async with serving_app(FakeClassifier(before=gate)) as (app, client):
        asked = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["hello"]}))
        await asyncio.to_thread(gate.entered.wait, 30)
        leaving = asyncio.ensure_future(app.state.service.queue.close())
        await asyncio.sleep(0)
        assert await readyz(client) == (503, "closing")
        gate.open()
        await leaving
        assert (await asked).status_code == 200


async def test_one_text_that_cannot_be_scored_takes_no_server_out_of_service() -> None:
    async with serving(Sick()) as client:
        assert (await client.post("/v1/classify", json={"texts": ["poison"]})).status_code == 500
        assert await readyz(client) == (200, "ready")


async def test_readyz_is_503_as_long_as_no_version_can_score_and_the_model_is_not_asked_each_time(
    clock: list[float],
) -> None:
    broken = Sick(always=True)
    async with serving(broken) as client:
        assert await readyz(client) == (200, "ready")  # nothing was asked of it yet
        assert (await client.post("/v1/classify", json={"texts": ["hello"]})).status_code == 500
        assert await readyz(client) == (503, "unhealthy")
        asked = len(broken.batches)
        assert await readyz(client) == (503, "unhealthy")
        assert len(broken.batches) == asked
        assert "candor_ready 0.0" in (await client.get("/metrics")).text
        broken._always = False
        clock[0] += ASK_EVERY
        assert await readyz(client) == (200, "ready")
        assert "candor_ready 1.0" in (await client.get("/metrics")).text


async def test_a_full_queue_is_no_reason_to_be_out_of_service() -> None:
    gate = Gate()
    classifier = FakeClassifier(before=gate, spoil=lambda rows: np.full_like(rows, np.nan))
    async with serving_app(classifier, limits=QueueLimits(waiting_tokens=4, batch_rows=1)) as (app, client):
        first = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["hello"]}))
        await asyncio.to_thread(gate.entered.wait, 30)
        second = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["some words that wait"]}))
        await something_waits(client)
        app.state.service.watch._doubted = True
        assert await readyz(client) == (200, "ready")
        gate.open()
        await asyncio.gather(first, second)


async def test_the_figures_show_what_waits_by_priority_and_how_long_each_step_took() -> None:
    gate = Gate()
    async with serving(FakeClassifier(max_tokens=64, before=gate), limits=QueueLimits(batch_rows=1)) as client:
        first = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["hello"]}))
        await asyncio.to_thread(gate.entered.wait, 30)
        body = {"texts": ["one", "two", "three"], "priority": "backfill"}
        second = asyncio.ensure_future(client.post("/v1/classify", json=body))
        await something_waits(client)
        page = (await client.get("/metrics")).text.splitlines()
        assert 'candor_queue_rows{priority="backfill"} 3.0' in page
        assert 'candor_queue_rows{priority="live"} 0.0' in page
        gate.open()
        await asyncio.gather(first, second)
        page = (await client.get("/metrics")).text.splitlines()
    for stage in ("tokenise", "queue", "model", "combine", "classify"):
        assert f'candor_stage_seconds_count{{stage="{stage}"}} 2.0' in page
    assert 'candor_batch_seconds_count{priority="live"} 1.0' in page
    assert 'candor_queue_rows{priority="backfill"} 0.0' in page


async def test_the_figures_name_the_version_the_explainer_and_what_was_refused() -> None:
    async with serving(token="secret") as client:
        allowed = {"Authorization": "Bearer secret"}
        await client.post("/v1/classify", json={"texts": ["hello"]})
        await client.post("/v1/classify", content=b"{", headers=allowed)
        page = (await client.get("/metrics", headers=allowed)).text.splitlines()
    assert 'candor_model_info{role="champion",version="fake-1"} 1.0' in page
    assert 'candor_explainer_state{state="starting"} 1.0' in page
    assert 'candor_explainer_state{state="ready"} 0.0' in page
    assert 'candor_errors_total{error="Unauthorised"} 1.0' in page
    assert any(line.startswith("candor_errors_total") and "Unauthorised" not in line for line in page)
    assert any(line.startswith("process_start_time_seconds") for line in page)


async def test_no_text_that_was_asked_for_stands_in_the_figures() -> None:
    async with serving() as client:
        await client.post("/v1/classify", json={"texts": ["my private words"], "guild_id": 777000777})
        page = (await client.get("/metrics")).text
    assert "private" not in page
    assert "777000777" not in page


async def test_every_figure_that_is_documented_is_on_the_page_and_no_other() -> None:
    async with serving() as client:
        await client.post("/v1/classify", content=b"{")
        page = (await client.get("/metrics")).text
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for each in text_string_to_metric_families(page):
        name = f"{each.name}_total" if each.type == "counter" else each.name
        labels = {label for sample in each.samples for label in sample.labels} - {"le"}
        if not name.startswith("process_"):
            seen.add((name, each.type, tuple(sorted(labels))))
    assert seen == {(each.name, each.kind, tuple(sorted(each.labels))) for each in FIGURES}
