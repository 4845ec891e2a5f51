"""Pictures over HTTP: what is refused, who may ask, what else goes on meanwhile, and that no word is logged."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from typing import Any

import httpx
import pytest

from moderation_model.client import ModelClient
from moderation_model.errors import BadRequest, ModelError, ModelFailed, ModelOverloaded, ModelUnavailable, Unauthorised
from moderation_model.picture_intake import read_picture
from moderation_model.pictures import (
    Bars,
    Picture,
    ShapPicture,
    to_dict,
)
from moderation_model.reports import pictures as drawing
from moderation_model.reports.pictures import draw
from moderation_model.server import ServerConfig, build_app
from moderation_model.service import MOST_PICTURES
from tests.model.serving_fakes import FakeClassifier
from tests.model.test_pictures import EMPTY, PICTURES, PREVIEW, RUN, SHAP, STATS
from tests.model.test_server import NO_EXPLAINER, serving


@pytest.mark.parametrize("picture", [*PICTURES, *EMPTY])
def test_a_picture_comes_back_from_json_as_it_was(picture: Picture) -> None:
    assert read_picture(json.dumps(to_dict(picture)).encode()) == picture


def test_long_names_are_cut_at_forty_characters_before_they_are_drawn() -> None:
    picture = read_picture(json.dumps(to_dict(replace(SHAP, words=Bars(("w" * 4000,), (1.0,))))).encode())
    assert isinstance(picture, ShapPicture)
    assert picture.words.names == ("w" * 39 + "…",)


def changed(picture: Picture, **fields: Any) -> bytes:
    return json.dumps({**to_dict(picture), **fields}).encode()


HITS = {"channel": "#a", "right": 1, "wrong": 1, "unknown": 1}
JUDGED = {"name": "a", "right": 1, "total": 2, "low": 0.1, "high": 0.9}
PART = {"hits": 1, "total": 2, "low": 0.1, "high": 0.9}
WEEK = {"channel": "#a", "monday": "2025-06-02", "messages": 5, "flags": 1, "stars": 3.0}
BAD_BODIES: list[tuple[bytes, str]] = [
    (b"", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"[]", "JSON object"),
    (b"{}", "stats, preview, shap"),
    (b'{"kind": ["stats"]}', "stats, preview, shap"),
    (b'{"kind": "stats"}', "`period`"),
    (changed(STATS, flags=[1]), "`flags`"),
    (changed(STATS, flags={"names": ["a"], "values": []}), "as many"),
    (changed(STATS, flags={"names": "a", "values": []}), "`names`"),
    (changed(STATS, flags={"names": ["a"], "values": [-1]}), "`values`"),
    (changed(STATS, flags={"names": ["a"] * 61, "values": [1] * 61}), "at most 60"),
    (changed(STATS, judged=["a"]), "`judged`"),
    (changed(STATS, judged=[JUDGED | {"right": 3}]), "`total`"),
    (changed(STATS, judged=[JUDGED | {"low": 0.95}]), "`low`"),
    (changed(STATS, judged=[JUDGED | {"high": 71}]), "`high`"),
    (changed(STATS, judged=[JUDGED | {"high": None}]), "both null"),
    (changed(STATS, response=5), "`response`"),
    (changed(STATS, missed=["few"]), "`missed`"),
    (changed(STATS, decided=[1]), "`decided`"),
    (changed(STATS, weeks=[WEEK | {"monday": "June"}]), "`monday`"),
    (changed(STATS, weeks=[WEEK | {"monday": 7}]), "`monday`"),
    (changed(STATS, weeks=[WEEK | {"stars": 0}]), "`stars`"),
    (changed(STATS, weeks=[WEEK] * 2), "twice"),
    (changed(STATS, weeks=[WEEK] * 61), "at most 60"),
    (changed(PREVIEW, channels=[HITS] * 61), "at most 60"),
    (changed(PREVIEW, channels=[HITS | {"right": 1.5}]), "`right`"),
    (changed(PREVIEW, channels=[HITS | {"wrong": True}]), "`wrong`"),
    (changed(PREVIEW, channels=[HITS | {"channel": None}]), "`channel`"),
    (changed(PREVIEW, limit=80), "`limit`"),
    (changed(PREVIEW, days="30"), "`days`"),
    (changed(PREVIEW, days=10**400), "`days`"),
    (changed(RUN, held_out=-1), "`held_out`"),
    (changed(RUN, right=[{"name": "a", "old": 1, "new": PART}]), "`old`"),
    (changed(RUN, right=[{"name": "a", "old": PART, "new": PART | {"hits": 3}}]), "`total`"),
    (changed(RUN, found=[{"name": "a", "old": PART, "new": PART | {"low": 0.95}}]), "`low`"),
    (changed(SHAP, words=None), "`words`"),
    (changed(SHAP, score=float("nan")), "`score`"),
    (changed(SHAP, words={"names": ["a"], "values": [float("inf")]}), "`values`"),
]


@pytest.mark.parametrize(("body", "says"), BAD_BODIES)
async def test_what_cannot_be_drawn_is_refused_with_a_sentence(body: bytes, says: str) -> None:
    async with serving() as client:
        found = await client.post("/v1/picture", content=body)
    assert found.status_code == 400
    assert says in found.json()["error"]
    assert found.json()["error"].endswith(".")


async def test_a_picture_needs_the_token() -> None:
    async with serving(token="s3cret") as client:
        assert (await client.post("/v1/picture", json=to_dict(PREVIEW))).status_code == 401
        headers = {"Authorization": "Bearer s3cret"}
        drawn = await client.post("/v1/picture", json=to_dict(PREVIEW), headers=headers)
    assert drawn.status_code == 200
    assert drawn.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("picture", PICTURES)
async def test_the_client_gets_the_picture_that_a_server_draws(picture: Picture) -> None:
    app = build_app(ServerConfig(explainer_command=NO_EXPLAINER, token="s3cret"), FakeClassifier())
    async with app.router.lifespan_context(app):
        model = ModelClient("http://127.0.0.1:1", token="s3cret", transport=httpx.ASGITransport(app))
        assert await model.picture(picture) == draw(picture)
        stranger = ModelClient("http://127.0.0.1:1", transport=httpx.ASGITransport(app))
        with pytest.raises(Unauthorised):
            await stranger.picture(picture)
        with pytest.raises(BadRequest, match="at most 60"):
            await model.picture(ShapPicture("Insult", 0.9, Bars(("a",) * 61, (1.0,) * 61)))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(200, content=b"<html>"), ModelUnavailable),
        (httpx.Response(500, json={"error": "Broke."}), ModelFailed),
        (httpx.Response(404, json={"error": "There is no such route."}), BadRequest),
        (httpx.Response(503, json={"error": "Busy."}, headers={"Retry-After": "60"}), ModelOverloaded),
        (httpx.Response(502, content=b"<html>"), ModelUnavailable),
    ],
)
async def test_a_picture_that_does_not_come_is_an_error_of_ours(
    answer: httpx.Response, expected: type[ModelError]
) -> None:
    model = ModelClient("http://127.0.0.1:1", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(expected):
        await model.picture(SHAP)


async def test_scores_come_while_pictures_are_drawn_and_too_many_pictures_are_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(picture: Picture) -> bytes:
        begun.set()
        assert go_on.wait(30)
        return draw(picture)

    monkeypatch.setattr(drawing, "draw", slow)
    async with serving() as client:
        waiting = [
            asyncio.ensure_future(client.post("/v1/picture", json=to_dict(PREVIEW))) for _ in range(MOST_PICTURES)
        ]
        try:
            assert await asyncio.to_thread(begun.wait, 30)
            scored = await client.post("/v1/classify", json={"texts": ["hello there"]})
            refused = await client.post("/v1/picture", json=to_dict(PREVIEW))
        finally:
            go_on.set()
        drawn = await asyncio.gather(*waiting)
    assert scored.status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert [answer.status_code for answer in drawn] == [200] * MOST_PICTURES


@pytest.mark.filterwarnings("error")
async def test_the_words_of_a_message_are_in_no_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    picture = replace(SHAP, words=Bars(("unmistakable", "💀聊"), (1.0, -1.0)))

    def broken(_: Picture) -> bytes:
        raise KeyError(picture.words.names[0])

    async with serving() as client:
        assert (await client.post("/v1/picture", json=to_dict(picture))).status_code == 200
        refused = await client.post("/v1/picture", content=changed(picture, score=7))
        monkeypatch.setattr(drawing, "draw", broken)
        failed = await client.post("/v1/picture", json=to_dict(picture))
    assert (refused.status_code, failed.status_code) == (400, 500)
    written = capfd.readouterr()
    for place in (caplog.text, written.out, written.err, refused.text, failed.text):
        assert "unmistakable" not in place
        assert "💀" not in place
