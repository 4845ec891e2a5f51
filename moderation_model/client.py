"""The model over HTTP: pool, deadline, retries, circuit breaker. Needs neither torch nor FastAPI.

Every method raises a `ModelError` and nothing else (cancellation apart):

    answer                                        raises
    400, 413, 422, any other 4xx                  BadRequest
    401, 403                                      Unauthorised
    429, 503 with Retry-After                     ModelOverloaded
    503 without it from /v1/explain               ExplainerUnavailable
    500                                           ModelFailed
    any other 5xx, 3xx, no connection, deadline   ModelUnavailable
    an answer that is none of ours, 4xx and 500   ModelUnavailable: something else stands at that address (a proxy's
    without our sentence among them               page, another program), or a version that speaks otherwise
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from moderation_model.addresses import is_loopback
from moderation_model.breaker import Breaker, BreakerState
from moderation_model.cleaning import clean
from moderation_model.client_answers import EXPLAIN, read_object, read_page, read_png, refusal
from moderation_model.contract import Explanation, ModelInfo, Prediction
from moderation_model.errors import (
    BadServerAddress,
    ExplainerUnavailable,
    ModelError,
    ModelOverloaded,
    ModelUnavailable,
)
from moderation_model.learning import RunOrder, RunState, VersionInfo
from moderation_model.pictures import Picture, to_dict
from moderation_model.run_order import checked_run_id, order_lines

T = TypeVar("T")

CLASSIFY, PICTURE = "/v1/classify", "/v1/picture"
MODEL, HEALTH = "/v1/model", "/healthz"
RUNS, MODELS, ROLLBACK, STALE = "/v1/runs", "/v1/models", "/v1/rollback", "/v1/stale"
START_SECONDS = 120.0
"""Deadline of what sends many examples or loads a model."""
RECONNECTS = (0.0, 0.05, 0.25)
"""Pauses in seconds before a call whose connection was refused or broke is tried again. A server that is replaced by
another on the same port drops connections that it had not accepted, and the pool may hold several dead ones."""
NO_ANSWER = "The model server gave no answer. Check that it runs and that its address is right."
IN_THE_CLEAR = (
    "Messages and the token would cross the network in the clear: give the model server an https:// address (see "
    "docs/security.md), or set CANDOR_MODEL_PLAIN_HTTP=true if nobody else can listen on the way there."
)
NONSENSE = "The model server sent something that is no answer of ours. Check its address and its version."


class ModelClient:
    """A `ModelService`. `timeout` is the deadline of a whole call in seconds, its retry included; `explain_timeout`
    that of an explanation or a picture; what trains or loads a model has `START_SECONDS`. `plain_http`: the address may
    be that of another machine without TLS. `ca`: a PEM file with who vouches for the server, instead of the usual ones.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        plain_http: bool = False,
        ca: Path | None = None,
        timeout: float = 10.0,
        explain_timeout: float = 20.0,
        transport: httpx.AsyncBaseTransport | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        """Opens no connection. Raises BadServerAddress if `url` is no http or https address, or one that all on the way
        there could read, and if `ca` holds no certificate.
        """
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in {"http", "https"} or not address.host:
            raise BadServerAddress("The model server's address must look like http://host:port.")
        if address.scheme == "http" and not plain_http and not is_loopback(address.host):
            raise BadServerAddress(IN_THE_CLEAR)
        self._timeout = timeout
        self._explain_timeout = explain_timeout
        self._breaker = breaker or Breaker()
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={b"Authorization": f"Bearer {token}".encode()} if token else None,
            verify=_trusting(ca) if ca else True,
            timeout=httpx.Timeout(max(timeout, explain_timeout), connect=min(timeout, 3.0)),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
            transport=transport,
            trust_env=False,  # messages must not take a detour over a proxy that the environment names
        )

    @property
    def breaker_state(self) -> BreakerState:
        """Whether calls go out."""
        return self._breaker.state

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live", version: str | None = None
    ) -> list[Prediction]:
        """One prediction a text, same order. `priority`: live, edit, explain or backfill. `version`: the champion, or
        the shadow by its name; BadRequest for one that is not loaded.
        """
        body: dict[str, Any] = {"texts": [clean(text) for text in texts], "guild_id": guild_id, "priority": priority}
        body |= {"version": version} if version is not None else {}

        def read(data: Any) -> list[Prediction]:
            predictions = [Prediction.from_dict(item) for item in data["predictions"]]
            if len(predictions) != len(texts):
                raise ValueError("not one prediction a text")
            return predictions

        return await self._call("POST", CLASSIFY, body, read)

    async def explain(self, text: str, *, label: str | None = None) -> Explanation:
        """The words that carried `label`, by default the label that the text is flagged for most."""
        return await self._call("POST", EXPLAIN, {"text": clean(text), "label": label}, Explanation.from_dict)

    async def picture(self, picture: Picture) -> bytes:
        """The picture as PNG; what it says in words is `pictures.alt`."""
        return await self._call("POST", PICTURE, to_dict(picture), read_png)

    async def info(self) -> ModelInfo:
        """What serves now."""
        return await self._call("GET", MODEL, None, ModelInfo.from_dict)

    async def health(self) -> dict[str, Any]:
        """The server's own account: ready, version, explainer, queue_tokens. Asks even while the breaker is open."""
        return await self._within(self._timeout, "GET", HEALTH, None, read_object)

    async def start_run(self, order: RunOrder) -> RunState:
        """Sends the examples, line by line, and starts the run. The same order again gives the same run.

        Raises ModelOverloaded while another run goes on. One attempt: what is streamed cannot be sent again.
        """

        async def lines() -> AsyncIterator[bytes]:
            for line in order_lines(order):
                yield line

        async with _deadline(START_SECONDS):
            return await self._once("POST", RUNS, None, RunState.from_dict, content=lines())

    async def run_state(self, run_id: str) -> RunState:
        """Where the run stands. Raises BadRequest for one that the server does not know."""
        return await self._call("GET", f"{RUNS}/{checked_run_id(run_id)}", None, RunState.from_dict)

    async def cancel_run(self, run_id: str) -> RunState:
        """Ends the run; one that has ended stays as it ended."""
        return await self._call("DELETE", f"{RUNS}/{checked_run_id(run_id)}", None, RunState.from_dict)

    async def run_page(self, run_id: str, *, about: Sequence[tuple[str, str]] = (), guild: int | None = None) -> bytes:
        """What the run found as one HTML page that needs nothing else, with these rows (what, value) that the caller
        knows of it, and of that server's limits alone. Raises BadRequest where it found nothing.
        """
        asked = {"about": list(about), "guild": None if guild is None else str(guild)}
        return await self._slow(f"{RUNS}/{checked_run_id(run_id)}/page", asked, read_page)

    async def versions(self) -> list[VersionInfo]:
        """Every model version that the server has, newest first."""
        return await self._call("GET", MODELS, None, lambda data: [VersionInfo(**each) for each in data["models"]])

    async def set_shadow(self, version: str, *, on: bool) -> str | None:
        """Let the version score beside the champion, or no longer; which one does now."""
        path = f"{MODELS}/{quote(version, safe='')}/shadow"
        return await self._slow(path, {"on": on}, lambda data: data["shadow"])

    async def promote(self, version: str, *, force: bool = False, reason: str = "") -> str:
        """Make it the champion; the version that serves now. Raises BadRequest where the gate did not pass it, unless
        it is forced with a reason.
        """
        path = f"{MODELS}/{quote(version, safe='')}/promote"
        return await self._slow(path, {"force": force, "reason": reason}, lambda data: str(data["champion"]))

    async def rollback(self) -> str:
        """Make the previous champion serve again; its version. Raises BadRequest where there is none."""
        return await self._slow(ROLLBACK, {}, lambda data: str(data["champion"]))

    async def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        """Note that these examples were withdrawn or deleted; the versions that were trained on one of them."""
        return await self._slow(STALE, {"example_ids": list(example_ids)}, lambda data: list(data["versions"]))

    async def _slow(self, path: str, body: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """What takes its time: a change that loads a model first, a page with many plots. Sent once: whoever waited in
        vain asks what serves.
        """
        async with _deadline(START_SECONDS):
            return await self._once("POST", path, body, read)

    async def aclose(self) -> None:
        """Closes the pool; calls after this raise ModelUnavailable."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[Any], T]) -> T:
        if not self._breaker.admits():
            raise ModelUnavailable("The model server has not answered for a while. It is asked again in a moment.")
        seconds = self._explain_timeout if path in {EXPLAIN, PICTURE} else self._timeout
        try:
            answer = await self._within(seconds, method, path, body, read)
        except ExplainerUnavailable:
            self._breaker.succeeded()  # the server is there: scores must go on
            raise
        except ModelUnavailable:
            self._breaker.failed()
            raise
        except ModelError:
            self._breaker.succeeded()
            raise
        except BaseException:
            self._breaker.cancelled()
            raise
        self._breaker.succeeded()
        return answer

    async def _within(
        self, seconds: float, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[Any], T]
    ) -> T:
        """The call with its retries, all within `seconds`: one after an overload, a few after lost connections."""
        deadline = asyncio.get_running_loop().time() + seconds
        reconnects, waited = iter(RECONNECTS), False
        async with _deadline(seconds):
            while True:
                try:
                    return await self._once(method, path, body, read)
                except ModelOverloaded as busy:
                    if waited or asyncio.get_running_loop().time() + busy.retry_after >= deadline:
                        raise
                    waited, pause = True, busy.retry_after
                except _ConnectionLostError:
                    pause = next(reconnects, None)
                    if pause is None:
                        raise
                await asyncio.sleep(pause)

    async def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        read: Callable[[Any], T],
        content: AsyncIterator[bytes] | None = None,
    ) -> T:
        try:
            response = await self._http.request(method, path, json=body, content=content)
        except httpx.TimeoutException:
            raise ModelUnavailable("The model server gave no answer in time.") from None
        except httpx.DecodingError:
            raise ModelUnavailable(NONSENSE) from None
        except httpx.TransportError:
            raise _ConnectionLostError(NO_ANSWER) from None
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: httpx says so of a closed client
            raise ModelUnavailable(NO_ANSWER) from None
        if response.status_code != httpx.codes.OK:
            raise refusal(response, path)
        try:
            return read(response.content if path == PICTURE or path.endswith("/page") else response.json())
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise ModelUnavailable(NONSENSE) from None


def _trusting(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError:  # ssl.SSLError is one
        raise BadServerAddress(f"{ca} holds no certificate in PEM form. Mend CANDOR_MODEL_CA.") from None


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    """Raises ModelUnavailable once `seconds` have passed."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ModelUnavailable(f"The model server gave no answer within {seconds:g} s.") from None


class _ConnectionLostError(ModelUnavailable):
    """No connection, or one that broke: worth another try."""
