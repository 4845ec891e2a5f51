"""The HTTP server's routes. Errors are `{"error": sentence}`; message text is never logged."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from moderation_model import intake
from moderation_model.backends import Classifier
from moderation_model.doors import MOST_A_SECOND, MOST_CONNECTIONS, Entrance, Rate, check
from moderation_model.errors import BadRequest, ModelError, ModelOverloaded, ModelUnavailable, Unauthorised
from moderation_model.explainer_process import COMMAND
from moderation_model.hanging_up import while_connected
from moderation_model.learn_routes import Learning, LearnRoutes
from moderation_model.metrics import Metrics, standing
from moderation_model.picture_intake import read_picture
from moderation_model.priority import QueueLimits
from moderation_model.service import Service
from moderation_model.shortcut import Shortcut

Work = Callable[[Request], Awaitable[Response]]

CLIENT_GONE = 499
"""Nobody reads this status; it only marks the request in the metrics."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the server runs. Port 0 takes a free one. `limits` None: those that fit the device; `wait_ms` replaces theirs
    where it is given. `remember` False: every text is scored, also one that was scored a moment ago. `learning` None:
    it only serves. `reuse_port`: another server with it may listen at the same port at the same time. `certfile` and
    `keyfile`: PEM files, to speak TLS. `most_connections` of all other machines, `most_a_second`: requests of one.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = field(default=None, repr=False)
    limits: QueueLimits | None = None
    wait_ms: float | None = None
    remember: bool = True
    explain_seconds: float = 15.0
    explainer_command: tuple[str, ...] = COMMAND
    reuse_port: bool = False
    exit_on_stdin_close: bool = False
    certfile: Path | None = None
    keyfile: Path | None = None
    most_connections: int = MOST_CONNECTIONS
    most_a_second: float = MOST_A_SECOND
    learning: Learning | None = None

    def limits_on(self, device: str) -> QueueLimits:
        """The bounds of the queue where the model runs on `device`."""
        limits = self.limits or QueueLimits.for_device(device)
        if self.wait_ms is not None:
            limits = replace(limits, wait_ms=self.wait_ms)
        return limits if self.remember else replace(limits, answers_kept=0)


def build_app(config: ServerConfig, classifier: Classifier) -> FastAPI:
    """The application around a loaded classifier. Raises Unauthorised on a configuration open to strangers."""
    check(config.host, config.token)
    routes = _Routes(config, classifier)
    app = FastAPI(
        title="Candor model server", lifespan=routes.lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    # Plain routes: what FastAPI does for its own (dependencies, exit stacks) costs a request 0.15 ms of 0.9.
    app.add_route("/v1/classify", routes.classify, methods=["POST"])
    app.add_route("/v1/explain", routes.explain, methods=["POST"])
    app.add_route("/v1/picture", routes.picture, methods=["POST"])
    app.add_route("/v1/model", routes.model, methods=["GET"])
    app.add_route("/healthz", routes.health, methods=["GET"])
    app.add_route("/readyz", routes.ready, methods=["GET"])
    app.add_route("/metrics", routes.figures, methods=["GET"])
    routes.learning.add_to(app)
    app.add_exception_handler(HTTPException, _no_such_route)
    app.add_middleware(Shortcut, path="/v1/classify", handler=routes.classify)
    return app


class _Routes:
    """The handlers and what they share. The service exists while the application runs."""

    def __init__(self, config: ServerConfig, classifier: Classifier) -> None:
        self._config = config
        self._classifier = classifier
        self._metrics = Metrics()
        self._entrance = Entrance(config.token, Rate(config.most_a_second))
        self._service: Service | None = None
        self.learning = LearnRoutes(config.learning, self._answer, _body)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Runs queue and explainer as long as the application."""
        config = self._config
        async with Service(
            self._classifier,
            limits=config.limits_on(self._classifier.info.device),
            explain_seconds=config.explain_seconds,
            explainer_command=config.explainer_command,
            on_batch=self._metrics.count_batch,
            on_spared=self._metrics.count_spared,
            on_step=self._metrics.took,
        ) as service:
            self._service = app.state.service = service
            async with self.learning.open(service):
                yield
            self._service = None

    async def classify(self, request: Request) -> Response:
        """POST {texts, guild_id?, priority?, version?} -> {"predictions": [...]}, one a text, same order."""
        return await self._answer(request, self._classify)

    async def explain(self, request: Request) -> Response:
        """POST {text, label?} -> the explanation."""
        return await self._answer(request, self._explain)

    async def picture(self, request: Request) -> Response:
        """POST a picture's numbers (`pictures.to_dict`) -> image/png."""
        return await self._answer(request, self._picture)

    async def model(self, request: Request) -> Response:
        """What serves now."""
        return await self._answer(request, self._model)

    async def health(self, request: Request) -> Response:
        """Whether it is ready; with the token also how explainer and queue are."""
        return await self._answer(request, self._health, everybody=True)

    async def ready(self, request: Request) -> Response:
        """200 while texts are scored, else 503; {"ready": bool, "state": word} (`readiness.py`)."""
        return await self._answer(request, self._ready, everybody=True)

    async def figures(self, request: Request) -> Response:
        """Prometheus' text form."""
        return await self._answer(request, self._figures)

    async def _classify(self, request: Request) -> Response:
        asked = intake.read_classify(await _body(request))
        classifier = self.learning.classifier(asked.version)
        work = self._running.classify(asked.texts, priority=asked.priority, classifier=classifier)
        predictions = await while_connected(request, work)
        if predictions:
            self._metrics.classified(predictions[0].timings)
        return _json(200, {"predictions": [prediction.to_dict() for prediction in predictions]})

    async def _explain(self, request: Request) -> Response:
        asked = intake.read_explain(await _body(request))
        explanation = await while_connected(request, self._running.explain(asked.text, label=asked.label))
        self._metrics.explained(explanation.milliseconds)
        return _json(200, explanation.to_dict())

    async def _picture(self, request: Request) -> Response:
        asked = read_picture(await _body(request))
        drawn = await while_connected(request, self._running.picture(asked))
        return Response(drawn, media_type="image/png")

    async def _model(self, _: Request) -> Response:
        return _json(200, self._running.info.to_dict())

    async def _health(self, request: Request) -> Response:
        found = {**self._running.health(), "unhealthy": self.learning.unhealthy}
        return _json(200, found if self._entrance.knows(request) else {"ready": found["ready"]})

    async def _ready(self, _: Request) -> Response:
        state = await self._running.watch.look()
        ready = state == "ready"
        return _json(200 if ready else 503, {"ready": ready, "state": state})

    async def _figures(self, _: Request) -> Response:
        service, learning = self._running, self.learning
        readiness = await service.watch.look()
        shadow, unhealthy = learning.shadow_version, len(learning.unhealthy)
        self._metrics.watch(lambda: standing(service, shadow=shadow, unhealthy=unhealthy, readiness=readiness))
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @property
    def _running(self) -> Service:
        if self._service is None:
            raise ModelUnavailable("The model server is not ready. Try again in a few seconds.")
        return self._service

    async def _answer(self, request: Request, work: Work, *, everybody: bool = False) -> Response:
        """The work's response, or the response that its error stands for; counted either way.

        `everybody`: it is done without the token, too.
        """
        try:
            self._entrance.admit(request, everybody=everybody)
            response = await work(request)
        except ClientDisconnect:
            response = Response(status_code=CLIENT_GONE)
        except ModelError as error:
            self._metrics.count_error(type(error).__name__)
            response = _failure(error)
        except Exception as error:
            self._metrics.count_error("unforeseen")
            # The message may quote the text, so only the place is logged.
            place = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s failed with %s at:\n%s", _path(request), type(error).__name__, place)
            response = _json(500, {"error": f"The model server failed ({type(error).__name__}). See its log."})
        self._metrics.count_request(_path(request), response.status_code)
        return response


def _path(request: Request) -> str:
    """The path as the route has it. A plain route is not named in the scope, and has no variable parts."""
    route = request.scope.get("route")
    return request.scope["path"] if route is None else route.path


async def _body(request: Request) -> bytes:
    """The whole body. Raises Refused (413) as soon as it is clear that it is too large."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > intake.MAX_BODY_BYTES:
        raise intake.too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > intake.MAX_BODY_BYTES:
            raise intake.too_large()
    return bytes(body)


def _failure(error: ModelError) -> Response:
    """The response for `error`, as errors.py says."""
    headers: dict[str, str] = {}
    match error:
        case intake.Refused():
            status = error.status
        case BadRequest():
            status = 400
        case Unauthorised():
            status, headers["WWW-Authenticate"] = 401, "Bearer"
        case ModelOverloaded():
            status, headers["Retry-After"] = 503, str(math.ceil(error.retry_after))
        case ModelUnavailable():
            status = 503
        case _:
            status = 500
    return _json(status, {"error": str(error)}, headers)


def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(content, status_code=status, headers=headers)


async def _no_such_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = "There is no such route." if error.status_code == 404 else "This route does not take this method."
    return _json(error.status_code, {"error": sentence}, dict(error.headers or {}))
