"""A bot whose model server can die, be replaced, or answer nonsense; Discord is the sandbox."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import House
from tests.e2e.learn_house import _spawn, kill
from tests.model.scripted import PREDICTION


@contextmanager
def process_on(sandbox: Sandbox, folder: Path, model_url: str, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """The bot as `candor run` runs it, in a process that prints what passes."""
    port, authority = sandbox.way_in
    own = {"discord_token": sandbox.token, "data_dir": str(folder), "model_url": model_url, **settings}
    given = {"settings": own, "port": port, "authority": authority, "ahead": 0, "signals": True, "tells": True}
    process = _spawn([sys.executable, "-m", "tests.e2e.bot_process"])
    assert process.stdin is not None
    process.stdin.write(json.dumps(given) + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        if process.poll() is None:
            kill(process)


async def flag_grapes(house: House) -> None:
    """A rule that needs no model."""
    options = {"pattern": "grapes", "kind": "words", "action": "flag"}
    await house.sandbox.slash("Robin", "#general", "candor rules keyword", options)


async def delete_toxic(house: House) -> None:
    """A rule that acts."""
    await house.let_out_of_shadow("toxic")
    options = {"label": "toxic", "action": "delete", "percent": 50}
    await house.sandbox.slash("Robin", "#general", "candor rules limit", options)


async def line(process: subprocess.Popen[str], wanted: str) -> str:
    """The first line from now on that holds `wanted`."""
    assert process.stdout is not None
    while found := await asyncio.to_thread(process.stdout.readline):
        if wanted in found:
            return found
    raise AssertionError(f"the bot ended before it said {wanted}")


class Pretender:
    """Something that stands where the model server should. `mode`: how it answers a question for scores."""

    def __init__(self) -> None:
        self.mode = "well"
        self.url = ""
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()

    async def classify(self, request: web.Request) -> web.StreamResponse:
        texts = (await request.json())["texts"]
        self.arrived.set()
        predictions = [PREDICTION.to_dict() for _ in texts]
        match self.mode:
            case "a page":
                return web.Response(text="<html>Welcome to nginx!</html>", content_type="text/html")
            case "not found":
                return web.Response(text="<html>404</html>", content_type="text/html", status=404)
            case "one too few":
                return web.json_response({"predictions": predictions[1:]})
            case "half an answer":
                return web.Response(body=b'{"predictions": [{"scores"', content_type="application/json")
            case "another answer":
                return web.json_response({"choices": ["toxic"]})
            case "silence":
                await self.released.wait()
            case "slow":
                await asyncio.sleep(1.5)
        return web.json_response({"predictions": predictions})

    @asynccontextmanager
    async def falls_silent(self) -> AsyncIterator[None]:
        """From now on it answers nothing; the block ends once it was asked."""
        self.mode = "silence"
        self.arrived.clear()
        yield
        await self.arrived.wait()

    async def health(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"ready": True, "unhealthy": {}})


@asynccontextmanager
async def pretender() -> AsyncIterator[Pretender]:
    """A running one."""
    found = Pretender()
    app = web.Application()
    app.router.add_post("/v1/classify", found.classify)
    app.router.add_get("/healthz", found.health)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        found.released.set()
        await runner.cleanup()
