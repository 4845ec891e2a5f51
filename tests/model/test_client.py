"""The client: what each answer of a server becomes, the one retry, the deadline and the breaker."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from moderation_model import errors
from moderation_model.client import RECONNECTS, ModelClient
from moderation_model.errors import (
    BadRequest,
    ExplainerUnavailable,
    ModelError,
    ModelFailed,
    ModelOverloaded,
    ModelUnavailable,
    Unauthorised,
)
from tests.model.scripted import EXPLANATION, PREDICTION, Answer, Script, answer, client, predictions
from tests.model.serving_fakes import fake_info


async def test_predictions_come_back_as_they_were_sent_in_order() -> None:
    script = Script(predictions(2))
    found = await client(script, token="secret").classify(["a", "b"], guild_id=7, priority="backfill")
    assert found == [PREDICTION, PREDICTION]
    assert script.sent == [{"texts": ["a", "b"], "guild_id": 7, "priority": "backfill"}]
    assert script.requests[0].headers["Authorization"] == "Bearer secret"


async def test_a_token_may_hold_any_letters() -> None:
    script = Script(predictions())
    await client(script, token="schlüssel").classify(["a"])
    assert (b"Authorization", "Bearer schlüssel".encode()) in script.requests[0].headers.raw


async def test_explanations_model_and_health_come_back() -> None:
    assert await client(Script(answer(200, EXPLANATION.to_dict()))).explain("you clown") == EXPLANATION
    assert await client(Script(answer(200, fake_info().to_dict()))).info() == fake_info()
    assert await client(Script(answer(200, {"ready": True}))).health() == {"ready": True}


async def test_text_that_json_cannot_carry_is_cleaned_before_it_is_sent() -> None:
    script = Script(predictions())
    await client(script).classify(["a\ud800b\x00c 😂"])
    assert script.sent[0]["texts"] == ["abc 😂"]


MAPPING: list[tuple[Answer, type[ModelError]]] = [
    *[(answer(status, {"error": "No."}), BadRequest) for status in (400, 404, 405, 413, 422)],
    *[(answer(status, {"error": "No."}), Unauthorised) for status in (401, 403)],
    (answer(503, {"error": "Busy."}, Retry_After="60"), ModelOverloaded),
    *[(answer(status, {"error": "Gone."}), ModelUnavailable) for status in (301, 502, 503, 504)],
    (answer(500, {"error": "Broke."}), ModelFailed),
    (httpx.Response(200, content=b"<html>"), ModelUnavailable),
    (httpx.Response(200, content=b"\xff\xfe"), ModelUnavailable),
    (httpx.Response(200, content=b"[" * 100_000), ModelUnavailable),
    *[(answer(200, body), ModelUnavailable) for body in (None, [], 3, {}, {"predictions": 3}, {"predictions": [{}]})],
    (answer(200, {"predictions": []}), ModelUnavailable),
    (answer(200, {"predictions": [PREDICTION.to_dict() | {"sentiment": [1]}]}), ModelUnavailable),
    (answer(200, {"predictions": [PREDICTION.to_dict() | {"scores": None}]}), ModelUnavailable),
    (answer(200, {"predictions": [PREDICTION.to_dict() | {"timings": {"days": 1}}]}), ModelUnavailable),
    *[(httpx.Response(status, content=b"<html>"), ModelUnavailable) for status in (400, 404, 413, 500)],
    (answer(404, {"detail": "Not Found"}), ModelUnavailable),
    (httpx.Response(502, content=b"<html>"), ModelUnavailable),
    (httpx.ConnectError("no"), ModelUnavailable),
    (httpx.ReadError("no"), ModelUnavailable),
    (httpx.WriteError("no"), ModelUnavailable),
    (httpx.RemoteProtocolError("no"), ModelUnavailable),
    (httpx.ConnectTimeout("no"), ModelUnavailable),
    (httpx.ReadTimeout("no"), ModelUnavailable),
    (httpx.PoolTimeout("no"), ModelUnavailable),
    (httpx.TooManyRedirects("no"), ModelUnavailable),
    (httpx.DecodingError("no"), ModelUnavailable),
]


@pytest.mark.parametrize(("given", "expected"), MAPPING)
async def test_every_failure_becomes_an_error_of_ours_with_a_sentence(
    given: Answer, expected: type[ModelError]
) -> None:
    with pytest.raises(ModelError) as raised:
        await client(Script(given)).classify(["a"])
    assert isinstance(raised.value, expected)
    assert type(raised.value) is expected or type(raised.value).__name__.startswith("_")
    assert str(raised.value).endswith(".")


def test_the_mapping_covers_every_error_that_a_server_can_cause() -> None:
    covered = {expected for _, expected in MAPPING} | {ExplainerUnavailable}
    # The client tells a text without numbers as what it is to a caller: a model that failed. The address is none's.
    reach = set(_leaves(ModelError)) - {errors.BadModelFolder, errors.NotNumbersError, errors.BadServerAddress}
    assert covered == reach | {ModelUnavailable, ModelFailed}


def _leaves(kind: type[ModelError]) -> Iterator[type[ModelError]]:
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    if not children:
        yield kind
    for child in children:
        yield from _leaves(child)


@pytest.mark.parametrize("given", [answer(200, None), answer(200, {"label": "toxic"}), answer(200, [])])
async def test_a_broken_explanation_or_model_description_is_a_failure(given: httpx.Response) -> None:
    for call in (lambda c: c.explain("a"), lambda c: c.info()):
        with pytest.raises(ModelUnavailable):
            await call(client(Script(given)))


async def test_the_servers_own_sentence_reaches_the_caller() -> None:
    with pytest.raises(BadRequest, match=r"^Split it\.$"):
        await client(Script(answer(422, {"error": "Split it."}))).classify(["a"])


async def test_a_missing_explainer_is_told_apart_from_a_missing_server() -> None:
    with pytest.raises(ExplainerUnavailable):
        await client(Script(answer(503, {"error": "Warming up."}))).explain("a")
    with pytest.raises(ModelOverloaded):
        await client(Script(answer(503, {"error": "Busy."}, Retry_After="60"))).explain("a")


async def test_a_lost_connection_is_tried_a_few_times_more() -> None:
    script = Script(httpx.RemoteProtocolError("closed"), predictions())
    assert await client(script).classify(["a"]) == [PREDICTION]
    script = Script(httpx.ConnectError("refused"))
    with pytest.raises(ModelUnavailable):
        await client(script).classify(["a"])
    assert len(script.requests) == 1 + len(RECONNECTS)


async def test_a_busy_server_is_asked_again_after_the_time_that_it_names() -> None:
    script = Script(answer(503, {"error": "Busy."}, Retry_After="0"), predictions())
    assert await client(script).classify(["a"]) == [PREDICTION]


async def test_a_busy_server_is_not_waited_for_beyond_the_deadline() -> None:
    script = Script(answer(503, {"error": "Busy."}, Retry_After="7"), predictions())
    with pytest.raises(ModelOverloaded) as raised:
        await client(script, timeout=5.0).classify(["a"])
    assert raised.value.retry_after == 7
    assert len(script.requests) == 1


async def test_a_refused_request_is_not_sent_again() -> None:
    script = Script(answer(422, {"error": "No."}))
    with pytest.raises(BadRequest):
        await client(script).classify(["a"])
    assert len(script.requests) == 1


async def test_a_server_that_never_answers_ends_at_the_deadline() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ModelUnavailable, match=r"within 0\.05 s"):
        await client(httpx.MockTransport(never), timeout=0.05).classify(["a"])


async def test_a_missing_explainer_does_not_stop_classification() -> None:
    script = Script(*[answer(503, {"error": "Warming up."})] * 8, predictions())
    model = client(script)
    for _ in range(8):
        with pytest.raises(ExplainerUnavailable):
            await model.explain("a")
    assert await model.classify(["a"]) == [PREDICTION]


async def test_a_closed_client_says_so_with_an_error_of_ours() -> None:
    model = client(Script(predictions()))
    await model.aclose()
    with pytest.raises(ModelUnavailable):
        await model.classify(["a"])


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host", "http://", "http://host:notaport"])
def test_an_address_that_cannot_be_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ModelUnavailable, match="must look like"):
        ModelClient(url)


@pytest.mark.parametrize("url", ["http://gpu-machine:8765", "http://10.0.0.5:8765", "http://[2001:db8::1]:8765"])
async def test_messages_and_token_leave_the_machine_in_the_clear_only_if_that_is_asked_for(url: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"https:// address .* CANDOR_MODEL_PLAIN_HTTP=true"):
        ModelClient(url)
    for allowed in (ModelClient(url, plain_http=True), ModelClient(url.replace("http:", "https:"))):
        await allowed.aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765", "http://localhost:8765", "http://[::1]:8765"])
async def test_on_this_machine_no_tls_is_needed(url: str) -> None:
    await ModelClient(url).aclose()


def test_a_file_without_a_certificate_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ModelUnavailable, match=r"CANDOR_MODEL_CA"):
            ModelClient("https://model", ca=tmp_path / name)


def test_the_client_needs_no_model_packages() -> None:
    probe = (
        "import sys; sys.modules.update(dict.fromkeys(('torch','transformers','fastapi','uvicorn','shap','numpy')));"
        "import moderation_model.client"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
