"""The model server's HTTP, byte by byte, through uvicorn's own parser into the application."""

from __future__ import annotations

import asyncio
import json
import random
import string
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from uvicorn.server import ServerState

from moderation_model.learn_routes import Learning
from moderation_model.server import ServerConfig, build_app
from moderation_model.serving import settings
from tests.fuzz.inputs import spoiled_bytes, spoiled_value, text
from tests.fuzz.part import PATIENCE, Fault, Watch
from tests.model.model_folders import Shelf
from tests.model.serving_fakes import FakeClassifier
from tests.model.test_server import NO_EXPLAINER

TOKEN = "a token that only tests use"
ADOPTED = ("learned-1", "learned-2")
TURNS = 20
"""Turns of the event loop that a request which is not over gets before its caller hangs up."""
PICTURE = {"kind": "shap", "label": "Insult", "score": 0.9, "words": {"names": ["you", "clown"], "values": [0.5, 1.5]}}
HEAD = {"run_id": "run-1", "mode": "lora", "limits": {"1": {"insult": 0.5}}, "seed": 1}
EXAMPLE = {
    "example_id": 1,
    "text": "hello",
    "labels": {"insult": 1.0},
    "source": "sandbox",
    "may_train": True,
    "at": 1.0,
}
DRAWN = 0.01
"""So few of the pictures that can be drawn are asked for: drawing takes a hundred times as long as all else."""
Sent = tuple[bytes, ...]


def _bodies(chance: random.Random) -> tuple[str, str, Any]:
    """A request that fits: method, path, and what its body holds (bytes as they are, None for no body)."""
    version = chance.choice((*ADOPTED, "in-the-box-1", "..", "%2e%2e", "a%2Fb", "\u0130", text(chance)[:30]))
    run = chance.choice(("run-1", "..", "x" * 65, text(chance)[:30]))
    choices: tuple[tuple[int, str, str, Any], ...] = (
        (
            8,
            "POST",
            "/v1/classify",
            {"texts": [text(chance) for _ in range(chance.choice((0, 1, 1, 2, 5)))], "guild_id": 5},
        ),
        (3, "POST", "/v1/classify", {"texts": [text(chance)], "priority": "backfill", "version": version}),
        (2, "POST", "/v1/explain", {"text": text(chance), "label": chance.choice((None, "insult", "x"))}),
        (2, "POST", "/v1/picture", PICTURE),
        (
            2,
            "GET",
            chance.choice(("/v1/model", "/healthz", "/metrics", "/v1/runs", "/v1/models", "/readyz", "/")),
            None,
        ),
        (2, "POST", "/v1/runs", b"\n".join(json.dumps(each).encode() for each in (HEAD, EXAMPLE))),
        (1, "GET", f"/v1/runs/{run}", None),
        (1, "DELETE", f"/v1/runs/{run}", None),
        (1, "POST", f"/v1/runs/{run}/page", {"about": [["a", "b"]], "guild": "1"}),
        (1, "POST", f"/v1/models/{version}/shadow", {"on": chance.random() < 0.5}),
        (1, "POST", f"/v1/models/{version}/promote", {"force": True, "reason": text(chance)}),
        (1, "POST", "/v1/rollback", None),
        (1, "POST", "/v1/stale", {"example_ids": [1, 2]}),
    )
    _, method, path, body = chance.choices(choices, [each[0] for each in choices])[0]
    return method, path, body


def _request(chance: random.Random, method: str, path: str, body: bytes) -> bytes:
    headers = [b"Host: x", b"Content-Type: application/json"]
    if chance.random() < 0.95:
        headers.append(b"Authorization: Bearer " + TOKEN.encode())
    if chance.random() < 0.1:
        headers.append(b"X-Odd: " + text(chance).encode("utf-8", "surrogatepass")[:200])
    if body and chance.random() < 0.1:
        headers.append(b"Transfer-Encoding: chunked")
        body = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    else:
        headers.append(f"Content-Length: {len(body)}".encode())
    line = f"{method} ".encode() + path.encode("utf-8", "surrogatepass") + b" HTTP/1.1\r\n"
    return line + b"\r\n".join(headers) + b"\r\n\r\n" + body


class Server:
    """A third of the requests fit, a third have damaged JSON, a third damaged bytes; some come in pieces."""

    together = 8

    def __init__(self, config: Any, watch: Watch) -> None:
        self._config = config
        self._watch = watch

    def make(self, chance: random.Random) -> Sent:
        """What comes over one connection, piece by piece."""
        raw = self._one(chance)
        if chance.random() < 0.1:
            raw += self._one(chance)
        if chance.random() < 0.2:
            cut = chance.randrange(len(raw) + 1)
            return raw[:cut], raw[cut:]
        return (raw,)

    def strategy(self) -> SearchStrategy[Sent]:
        """Any JSON as the body of any route, and any bytes."""
        inner = st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=()))
        )
        names = st.sampled_from(
            ["texts", "text", "label", "guild_id", "priority", "version", "kind", "on", "about", "run_id"]
        )
        values = st.recursive(inner, lambda each: st.lists(each) | st.dictionaries(names, each), max_leaves=8)
        routes = st.sampled_from(
            ["classify", "explain", "picture", "runs", "stale", "models/learned-1/shadow", "rollback"]
        )
        whole = st.builds(_posted, routes, st.dictionaries(names, values))
        return st.one_of(whole, st.binary(max_size=300).map(lambda raw: (raw,)))

    def _one(self, chance: random.Random) -> bytes:
        method, path, content = _bodies(chance)
        kind = chance.random()
        if content is PICTURE and chance.random() >= DRAWN:
            content = spoiled_value(chance, content, changes=3) | {"kind": "shap", "score": 2.0}
        elif kind < 0.33 and content is not None and not isinstance(content, bytes):
            content = spoiled_value(chance, content)
        body = b"" if content is None else content if isinstance(content, bytes) else _json(content)
        if 0.33 <= kind < 0.5:
            body = spoiled_bytes(chance, body)
        if chance.random() < 0.05:
            method = chance.choice(
                ("PUT", "HEAD", "OPTIONS", "CONNECT", "PATCH", "TRACE", "".join(chance.sample(string.ascii_letters, 5)))
            )
        raw = _request(chance, method, path, body)
        return spoiled_bytes(chance, raw) if kind >= 0.67 else raw

    async def feed(self, given: Sequence[Sent]) -> None:
        """Raises Fault for an answer with status 500, and for what the log calls an error."""
        await asyncio.gather(*map(self._feed, given))
        self._watch.check()

    async def _feed(self, given: Sent) -> None:
        state, wire = ServerState(), _Wire()
        connection = self._config.http_protocol_class(config=self._config, server_state=state, app_state={})
        connection.connection_made(wire)
        for piece in given:
            if not wire.closed:
                connection.data_received(piece)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if connection.cycle is not None and connection.cycle.more_body:
            connection.connection_lost(None)
        if state.tasks:
            _, hanging = await asyncio.wait(set(state.tasks), timeout=PATIENCE)
            if hanging:
                raise Fault(f"no answer after {PATIENCE:g} s")
        connection.connection_lost(None)
        if b"HTTP/1.1 500" in wire.written:
            raise Fault("status 500")


class _Wire(asyncio.Transport):
    """The server's end of a connection, without a network."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 8765), "peername": ("127.0.0.1", 5000)})
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Everything has come already."""

    def resume_reading(self) -> None:
        """Everything has come already."""


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _posted(route: str, content: Any) -> Sent:
    return (_request(random.Random(1), "POST", f"/v1/{route}", _json(content)),)


@asynccontextmanager
async def opened(seed: int = 0) -> AsyncIterator[Server]:
    """An application with a stand-in for the model, a real registry of versions, and runs that end at once."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        for version in ADOPTED:
            shelf.adopt(version)
        learning = Learning(shelf.store, lambda path: FakeClassifier(path.name), shelf.models / "runs", ("/bin/true",))
        config = ServerConfig(token=TOKEN, explainer_command=NO_EXPLAINER, explain_seconds=0.01, learning=learning)
        app = build_app(config, FakeClassifier(max_tokens=64))
        async with app.router.lifespan_context(app):
            spoken = settings(app, config)
            spoken.load()
            with Watch().watching() as watch:
                yield Server(spoken, watch)
