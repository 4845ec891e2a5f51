"""Callers who hang up, large bodies, and texts that come again: what the server answers and what it spares."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import FastAPI

from moderation_model import intake
from tests.model.serving_fakes import FakeClassifier, Gate
from tests.model.test_server import serving, serving_app, something_waits, texts_of


async def hanging_up(app: FastAPI, text: str, hang_up: asyncio.Event) -> None:
    """A caller who sends `text` and is gone once `hang_up` is set."""
    body = json.dumps({"texts": [text]}).encode()
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        if message := next(messages, None):
            return message
        await hang_up.wait()
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        pass

    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/v1/classify", "headers": headers, "query_string": b""}
    await app(scope, receive, send)


async def test_a_caller_who_hangs_up_is_not_scored() -> None:
    gate, hang_up = Gate(), asyncio.Event()
    classifier = FakeClassifier(max_tokens=64, before=gate)
    async with serving_app(classifier) as (app, client):
        first = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["first"]}))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        given_up = asyncio.ensure_future(hanging_up(app, "given up", hang_up))
        await something_waits(client)
        hang_up.set()
        await given_up
        assert (await client.get("/healthz")).json()["queue_tokens"] == 0
        gate.open()
        assert (await first).status_code == 200
        assert 'status="499"' in (await client.get("/metrics")).text
    assert len(classifier.batches) == 1


async def test_a_caller_who_hangs_up_while_his_batch_runs_takes_nobody_along() -> None:
    gate, hang_up = Gate(), asyncio.Event()
    classifier = FakeClassifier(max_tokens=64, before=gate)
    async with serving_app(classifier) as (app, client):
        given_up = asyncio.ensure_future(hanging_up(app, "you clown", hang_up))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        twin = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["you clown"]}))
        other = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["nice friend"]}))
        await something_waits(client)
        hang_up.set()
        await given_up
        gate.open()
        assert texts_of(await twin)[0].flagged
        assert not texts_of(await other)[0].flagged
    assert len(classifier.batches) == 2


async def test_a_body_of_one_megabyte_is_answered() -> None:
    body = json.dumps({"texts": ["a" * 15_990] * 65}).encode()
    assert 1_000_000 < len(body) < intake.MAX_BODY_BYTES
    async with serving() as client:
        assert len(texts_of(await client.post("/v1/classify", content=body))) == 65


async def test_a_text_that_comes_again_is_answered_from_memory_with_its_own_form() -> None:
    classifier = FakeClassifier(max_tokens=64)
    async with serving(classifier) as client:
        (first,) = texts_of(await client.post("/v1/classify", json={"texts": ["you clown"]}))
        first_again, other = texts_of(await client.post("/v1/classify", json={"texts": ["you clown", "nice"]}))
        figures = (await client.get("/metrics")).text
    assert first_again.scores == first.scores
    assert first_again.reading == first.reading
    assert other.scores != first.scores
    assert [len(batch) for batch in classifier.batches] == [1, 1]
    assert 'candor_rows_spared_total{how="remembered"} 1.0' in figures


async def test_without_its_memory_the_server_scores_every_text() -> None:
    classifier = FakeClassifier(max_tokens=64)
    async with serving(classifier, remember=False) as client:
        for _ in range(2):
            assert texts_of(await client.post("/v1/classify", json={"texts": ["gg"]}))
    assert len(classifier.batches) == 2
