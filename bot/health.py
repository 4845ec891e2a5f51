"""Health and metrics of the bot: counters that the pass fills, and a loopback server that shows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from time import monotonic

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.errors import BadSettings
from bot.flow.moderate import Passed

log = structlog.get_logger(__name__)

PASS_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
BEAT_SECONDS = 0.05
BLOCKED_SECONDS = 0.25
"""A loop that is late by so much is worth a line in the log, one in `QUIET_SECONDS` at most: people who press a button
wait for it, and so does Discord's heartbeat."""
QUIET_SECONDS = 60.0
WORST_SECONDS = 60.0
"""The worst lateness is shown for so long at least, and for twice as long at most."""


class Metrics:
    """The bot's figures in a registry of their own. They name outcomes, labels and kinds, never people or texts."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self.registry = CollectorRegistry()
        self._messages = self._counter("candor_messages", "Messages by how their pass ended.", "outcome")
        self._decisions = self._counter("candor_decisions", "Cases opened by the label that reached a limit.", "label")
        self._actions = self._counter("candor_actions", "Automatic actions by how they ended.", "kind", "state")
        self._unscored = self._counter("candor_model_failures", "Messages that the model could not score.")
        self._seconds = Histogram(
            "candor_pass_seconds", "Seconds of a whole pass.", buckets=PASS_BUCKETS, registry=self.registry
        )
        self._lag = Histogram(
            "candor_event_loop_lag_seconds",
            "Seconds by which the event loop was late.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self._lag_now = Gauge(
            "candor_event_loop_lag_last_seconds", "Lateness at the last beat.", registry=self.registry
        )
        self._lag_worst = Gauge(
            "candor_event_loop_lag_max_seconds",
            "Worst lateness of the last minute or two.",
            registry=self.registry,
        )
        self._worst = self._worst_before = 0.0
        self._minute = self._now()
        self._cards = Gauge("candor_cards_waiting", "Review cards that wait to be posted.", registry=self.registry)

    def passed(self, passed: Passed) -> None:
        """Count one message that went through the pass."""
        self._messages.labels(passed.outcome).inc()
        self._seconds.observe(passed.milliseconds / 1000)
        if passed.outcome == "unscored":
            self._unscored.inc()
        if passed.outcome != "decided" or passed.case is None:
            return
        for label in passed.decision.labels or (passed.decision.opens or "",):
            self._decisions.labels(label).inc()
        for record in passed.case.actions:
            self._actions.labels(record.action.kind, record.state).inc()
        for action in passed.decision.withheld:
            self._actions.labels(action.kind, "withheld").inc()

    def lagged(self, seconds: float) -> None:
        """Record by how much the event loop was late at one beat."""
        self._lag.observe(seconds)
        self._lag_now.set(seconds)
        self._forget_old()
        self._worst = max(self._worst, seconds)

    def cards_waiting(self, count: int) -> None:
        """Record the length of the queue of cards."""
        self._cards.set(count)

    def page(self) -> bytes:
        """All figures in Prometheus' text form."""
        self._forget_old()
        self._lag_worst.set(max(self._worst, self._worst_before))
        return generate_latest(self.registry)

    def _forget_old(self) -> None:
        """Keep the worst of this minute and of the one before, so that no reader takes it away from another."""
        now = self._now()
        passed = now - self._minute
        if passed >= WORST_SECONDS:
            self._worst_before = self._worst if passed < 2 * WORST_SECONDS else 0.0
            self._worst, self._minute = 0.0, now

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)


class HealthServer:
    """`/healthz` (the state, 200 while the process lives), `/readyz` (503 until messages are handled), `/metrics`.

    `state` gives a word by part. Ready means: `discord` is "ready" and `model` "ready" or "remote". The beat that
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
        ready = state.get("discord") == "ready" and state.get("model") in ("ready", "remote")
        return _answer(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, state)

    async def _figures(self, request: web.Request) -> web.Response:
        waiting = self._state().get("cards_waiting")
        if isinstance(waiting, int):
            self._metrics.cards_waiting(waiting)
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
