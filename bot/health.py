"""A loopback server that shows how the bot is, and the watch over its event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic

import structlog
from aiohttp import web

from bot.core.states import handles_messages
from bot.errors import BadSettings
from bot.metrics import Metrics

log = structlog.get_logger(__name__)

BEAT_SECONDS = 0.05
BLOCKED_SECONDS = 0.25
"""A loop that is late by so much is worth a line in the log, one in `QUIET_SECONDS` at most: people who press a button
wait for it, and so does Discord's heartbeat."""
QUIET_SECONDS = 60.0


class HealthServer:
    """`/healthz` (the state, 200 while the process lives), `/readyz` (503 while no messages are handled), `/metrics`.

    `state` gives a word by part; `core/states.py` says which of them mean that messages are handled. The beat that
    measures the event loop runs with or without a port.
    """

    def __init__(self, metrics: Metrics, *, port: int | None, state: Callable[[], Mapping[str, object]]) -> None:
        self._metrics = metrics
        self._wanted = port
        self._state = state
        self._runner: web.AppRunner | None = None
        self._beat: asyncio.Task[None] | None = None
        self._quiet_until = 0.0
        self.port: int | None = None
        """The port it listens on; None before `start` and where none is wanted."""

    async def start(self) -> None:
        """Listen on loopback, if a port is wanted. Raises BadSettings if it is taken."""
        self._beat = asyncio.create_task(self._watch_loop(), name="loop-lag")
        if self._wanted is None:
            return
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._figures)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._wanted).start()
        except OSError:
            raise BadSettings(
                f"CANDOR_HEALTH_PORT: port {self._wanted} is taken or not allowed. Choose another, or 0 for a free one."
            ) from None
        self.port = self._runner.addresses[0][1]
        log.info("health", port=self.port)

    async def stop(self) -> None:
        """Stop listening. May be called at any time."""
        if self._beat is not None:
            self._beat.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, request: web.Request) -> web.Response:
        return _answer(HTTPStatus.OK, self._state())

    async def _readyz(self, request: web.Request) -> web.Response:
        state = self._state()
        return _answer(HTTPStatus.OK if handles_messages(state) else HTTPStatus.SERVICE_UNAVAILABLE, state)

    async def _figures(self, request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.page(), headers={"Content-Type": "text/plain; version=0.0.4"})

    @property
    def blocked(self) -> bool:
        """Whether the event loop stood still within the last minute."""
        return monotonic() < self._quiet_until

    async def _watch_loop(self) -> None:
        while True:
            due = monotonic() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            now = monotonic()
            late = max(0.0, now - due)
            self._metrics.lagged(late)
            if late >= BLOCKED_SECONDS and now >= self._quiet_until:
                log.warning("event_loop_blocked", seconds=round(late, 2))
                self._quiet_until = now + QUIET_SECONDS


def _answer(status: HTTPStatus, state: Mapping[str, object]) -> web.Response:
    return web.json_response(dict(state), status=status, dumps=json.dumps)
