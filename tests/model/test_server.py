"""The HTTP interface around a fake classifier: answers, refusals, limits, tokens, figures."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from moderation_model import intake
from moderation_model.addresses import is_loopback
from moderation_model.contract import ModelInfo, Prediction
from moderation_model.errors import Unauthorised
from moderation_model.priority import QueueLimits
from moderation_model.server import ServerConfig, build_app
from tests.model.serving_fakes import FakeClassifier, Gate

NO_EXPLAINER = (sys.executable, "-c", "import sys; sys.stdin.read()")
"""A child that never becomes ready; the real one is tested in test_explain.py."""


@asynccontextmanager
async def serving_app(
    classifier: FakeClassifier | None = None, **config: Any
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """An application that runs in this process, and a client of it."""
    settings = ServerConfig(explainer_command=NO_EXPLAINER, **config)
    app = build_app(settings, classifier or FakeClassifier(max_tokens=64))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield app, client


@asynccontextmanager
async def serving(classifier: FakeClassifier | None = None, **config: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs in this process."""
    async with serving_app(classifier, **config) as (_, client):
        yield client


def texts_of(found: httpx.Response) -> list[Prediction]:
    assert found.status_code == 200, found.text
    return [Prediction.from_dict(item) for item in found.json()["predictions"]]


async def something_waits(client: httpx.AsyncClient) -> None:
    """Returns once the queue holds something beside the batch that runs."""
    for _ in range(10_000):
        if (await client.get("/healthz")).json()["queue_tokens"]:
            return
        await asyncio.sleep(0)
    raise AssertionError("nothing ever waited")


async def test_texts_become_predictions_in_order() -> None:
    async with serving() as client:
        body = {"texts": ["hello there", "you pathetic clown", ""], "guild_id": 123, "priority": "backfill"}
        calm, rude, empty = texts_of(await client.post("/v1/classify", json=body))
    assert calm.flagged == ()
    assert rude.flagged[0] == "toxic"
    assert set(empty.scores.values()) == {0.0}
    assert rude.model_version == "fake-1"
    assert rude.timings.total_ms >= rude.timings.model_ms > 0


async def test_no_texts_are_no_predictions() -> None:
    async with serving() as client:
        assert texts_of(await client.post("/v1/classify", json={"texts": []})) == []


@pytest.mark.parametrize("raw", [r'"a\ud800b"', r'"a\udfff\ud800b"', r'"a\u0000b"', '"a\x7fb"'])
async def test_characters_that_cannot_be_stored_are_cleaned_and_never_an_error(raw: str) -> None:
    async with serving() as client:
        found = await client.post("/v1/classify", content=b'{"texts": [' + raw.encode() + b"]}")
    assert len(texts_of(found)) == 1


async def test_surrogates_as_raw_bytes_are_cleaned_too() -> None:
    async with serving() as client:
        found = await client.post("/v1/classify", content=b'{"texts": ["a\xed\xa0\x80b"]}')
    assert len(texts_of(found)) == 1


def test_what_databases_refuse_is_gone_from_the_texts_that_are_scored_and_explained() -> None:
    body = rb'{"texts": ["a\ud800b\u0000c"], "text": "\udfffd"}'
    assert intake.read_classify(body).texts == ("abc",)
    assert intake.read_explain(body).text == "d"


async def test_an_escaped_pair_of_surrogates_stays_one_emoji() -> None:
    classifier = FakeClassifier(max_tokens=64)
    async with serving(classifier) as client:
        await client.post("/v1/classify", content=rb'{"texts": ["\ud83d\ude02"]}')
    assert "laughing" in classifier.words


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "not JSON"),
        (b"[" * 200_000, 400, "not JSON"),
        (b'{"texts": [' + b"9" * 5000 + b"]}", 400, "not JSON"),
        (b"[]", 422, "JSON object"),
        (b"{}", 422, "`texts`"),
        (b'{"texts": "hello"}', 422, "`texts`"),
        (b'{"texts": ["a", 3]}', 422, "`texts[1]`"),
        (b'{"texts": ["a"], "guild_id": "me"}', 422, "`guild_id`"),
        (b'{"texts": ["a"], "guild_id": true}', 422, "`guild_id`"),
        (b'{"texts": ["a"], "guild_id": -1}', 422, "`guild_id`"),
        (b'{"texts": ["a"], "priority": "now"}', 422, "live, edit, explain, backfill"),
        (b'{"texts": ["a"], "priority": []}', 422, "`priority`"),
        (json.dumps({"texts": ["a"] * 513}).encode(), 413, "512"),
        (json.dumps({"texts": ["a"] * 10_000}).encode(), 413, "512"),
        (json.dumps({"texts": ["a" * 16_001]}).encode(), 422, "16,000"),
        (json.dumps({"texts": ["a" * 16_000] * 80}).encode(), 413, "1 MiB"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused_with_a_sentence(body: bytes, status: int, says: str) -> None:
    async with serving() as client:
        found = await client.post("/v1/classify", content=body)
    assert found.status_code == status
    assert says in found.json()["error"]
    assert found.json()["error"].endswith(".")


async def test_a_body_without_a_length_is_cut_off_at_the_limit() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    async with serving() as client:
        assert (await client.post("/v1/classify", content=endless())).status_code == 413


async def test_a_text_of_the_longest_allowed_length_is_scored() -> None:
    async with serving() as client:
        (found,) = texts_of(await client.post("/v1/classify", json={"texts": [("so " * 5300) + "pathetic clown"]}))
    assert "toxic" in found.flagged


@pytest.mark.parametrize(
    ("body", "says"),
    [({}, "`text`"), ({"text": None}, "`text`"), ({"text": "a", "label": "rude"}, "`label`"), ({"text": ["a"]}, "`te")],
)
async def test_a_bad_request_for_an_explanation_is_refused_with_a_sentence(body: object, says: str) -> None:
    async with serving() as client:
        found = await client.post("/v1/explain", json=body)
    assert found.status_code == 422
    assert says in found.json()["error"]


async def test_scores_work_while_the_explainer_does_not() -> None:
    async with serving(explain_seconds=0.05) as client:
        found = await client.post("/v1/explain", json={"text": "you clown"})
        assert found.status_code == 503
        assert "Retry-After" not in found.headers
        assert found.json()["error"].endswith(".")
        assert texts_of(await client.post("/v1/classify", json={"texts": ["you clown"]}))
        assert (await client.get("/healthz")).json()["explainer"] == "starting"


async def test_a_full_queue_is_refused_at_once_with_the_time_to_come_back() -> None:
    gate = Gate()
    classifier = FakeClassifier(max_tokens=64, before=gate)
    async with serving(classifier, limits=QueueLimits(waiting_tokens=12)) as client:
        running = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["one"]}))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        waiting = asyncio.ensure_future(client.post("/v1/classify", json={"texts": ["a b c d e f g h"]}))
        await something_waits(client)
        refused = await client.post("/v1/classify", json={"texts": ["one two three"]})
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"].endswith(".")
        gate.open()
        assert [answer.status_code for answer in await asyncio.gather(running, waiting)] == [200, 200]


async def test_more_tokens_than_the_queue_holds_are_refused_for_good() -> None:
    async with serving(limits=QueueLimits(waiting_tokens=50)) as client:
        found = await client.post("/v1/classify", json={"texts": ["a b c d e f"] * 10})
    assert found.status_code == 413
    assert "fewer" in found.json()["error"]


async def test_a_model_that_raises_is_an_answer_with_a_sentence_and_no_text_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    async with serving(FakeClassifier(max_tokens=64, before=fail)) as client:
        found = await client.post("/v1/classify", json={"texts": ["unmistakable"]})
    assert found.status_code == 500
    assert "RuntimeError" in found.json()["error"]
    assert "unmistakable" not in caplog.text


async def test_a_bug_anywhere_is_an_answer_and_its_message_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeClassifier):
        def encode(self, texts):  # type: ignore[no-untyped-def]
            raise KeyError(texts[0])

    async with serving(Broken()) as client:
        found = await client.post("/v1/classify", json={"texts": ["unmistakable"]})
    assert found.status_code == 500
    assert "KeyError" in found.json()["error"]
    assert "KeyError" in caplog.text
    assert "unmistakable" not in caplog.text


@pytest.mark.parametrize(
    ("given", "status"),
    [("Bearer s3cret-é", 200), ("Bearer s3cret", 401), ("bearer", 401), ("", 401), ("Basic s3cret-é", 401)],
)
@pytest.mark.parametrize("route", ["/v1/model", "/metrics"])
async def test_with_a_token_routes_ask_for_it(route: str, given: str, status: int) -> None:
    async with serving(token="s3cret-é") as client:
        found = await client.get(route, headers=[(b"Authorization", given.encode())])
    assert found.status_code == status
    if status == 401:
        assert found.json()["error"].endswith(".")


async def test_classification_asks_for_the_token_too() -> None:
    async with serving(token="s3cret") as client:
        assert (await client.post("/v1/classify", json={"texts": ["a"]})).status_code == 401
        assert (await client.post("/v1/explain", json={"text": "a"})).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "model.example.org", ""])
def test_without_a_token_the_server_refuses_to_leave_loopback(host: str) -> None:
    with pytest.raises(Unauthorised, match="CANDOR_MODEL_TOKEN"):
        build_app(ServerConfig(host=host), FakeClassifier())
    build_app(ServerConfig(host=host, token="0123456789abcdef"), FakeClassifier())


def test_where_strangers_may_try_tokens_a_short_one_is_refused() -> None:
    with pytest.raises(Unauthorised, match="at least 16 characters"):
        build_app(ServerConfig(host="0.0.0.0", token="short"), FakeClassifier())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    build_app(ServerConfig(host=host), FakeClassifier())


async def test_the_model_and_its_health_are_told() -> None:
    async with serving() as client:
        assert ModelInfo.from_dict((await client.get("/v1/model")).json()).version == "fake-1"
        health = (await client.get("/healthz")).json()
    assert health["ready"] is True
    assert (health["version"], health["queue_tokens"]) == ("fake-1", 0)


async def test_unknown_routes_and_methods_answer_like_all_others() -> None:
    async with serving() as client:
        missing, wrong = await client.get("/nothing"), await client.get("/v1/classify")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json()["error"].endswith(".")
    assert wrong.json()["error"].endswith(".")


async def test_the_figures_count_requests_by_outcome_batches_and_time_by_stage() -> None:
    async with serving() as client:
        await client.post("/v1/classify", json={"texts": ["hello", "you clown"]})
        await client.post("/v1/classify", content=b"{")
        text = (await client.get("/metrics")).text
    lines = text.splitlines()
    assert 'candor_requests_total{route="/v1/classify",status="200"} 1.0' in lines
    assert 'candor_requests_total{route="/v1/classify",status="400"} 1.0' in lines
    assert 'candor_batch_rows_count{priority="live"} 1.0' in lines
    assert "candor_queue_tokens 0.0" in lines
    for stage in ("queue", "model", "classify"):
        assert f'candor_stage_seconds_count{{stage="{stage}"}} 1.0' in lines
