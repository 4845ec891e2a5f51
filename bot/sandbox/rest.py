"""The REST side: who calls, what the body holds, faults, and how answers and refusals are written."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.sandbox.attachments import Upload
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import FaultAnswer, Faults, answer_of
from bot.sandbox.forms import snowflake
from bot.sandbox.interactions import Interactions
from bot.sandbox.rate_limits import RateLimits
from bot.sandbox.world import World

Body = dict[str, Any] | list[Any] | None
OnBody = Callable[[str, str, Any], None]
"""Called with method, path template and JSON body of every request that has one."""

_WITH_TOKEN_IN_PATH = re.compile(r"^/(interactions|webhooks)/\d+/[^/]+")


@dataclass(frozen=True, slots=True)
class Call:
    """One REST call. `reason` is the audit reason, decoded; `uploads` the files of a multipart body."""

    world: World
    interactions: Interactions
    ids: dict[str, str]
    query: dict[str, str]
    body: Body = field(repr=False)
    uploads: tuple[Upload, ...] = ()
    reason: str | None = None

    @property
    def bot_id(self) -> int:
        """Who calls."""
        return self.world.application.bot_id

    def id(self, name: str) -> int:
        """An id of the path. Raises 50035 where it is none."""
        return snowflake(name, self.ids[name])

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number of the query, kept within its bounds."""
        text = self.query.get(name, "")
        return min(max(int(text), least), most) if text.isdigit() else default

    def flag(self, name: str) -> bool:
        """A yes or no of the query."""
        return self.query.get(name, "").lower() in ("1", "true")

    def form(self) -> dict[str, Any]:
        """The body as an object. Raises 50035 for anything else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise ApiError(400, 50035, "Invalid Form Body", {"_errors": []})
        return self.body


Handler = Callable[[Call], Any]
"""Returns what the call answers, or None for 204; may be a coroutine."""
Route = tuple[str, str, Handler]


class Rest:
    """Discord's API v10 over one World."""

    def __init__(self, world: World, interactions: Interactions, faults: Faults) -> None:
        self.on_body: OnBody | None = None
        self.limits = RateLimits()
        self._world = world
        self._interactions = interactions
        self._faults = faults

    def add_routes(self, app: web.Application, routes: Iterable[Route]) -> None:
        """Serve `routes`, whose paths are those of Discord's documentation, and 404 for the rest."""
        for method, template, handler in routes:
            app.router.add_route(method, "/api/v10" + template, self._served(template, handler))
        app.router.add_route("*", "/api/{rest:.*}", self._served("", _no_route))
        app.on_response_prepare.append(self._date)

    async def _date(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(self._world.clock.now(), usegmt=True)

    def _served(self, template: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            path = request.path.removeprefix("/api/v10")
            refusal, headers = self.limits.take(request.method, template, request.match_info)
            if refusal is not None:
                return _made_up(refusal)
            fault = self._faults.take(request.method, path)
            if fault is not None and fault.status is None:
                await _pause(fault.released, fault.delay_seconds)
            elif fault is not None and not fault.after_effect:
                return _made_up(answer_of(fault))
            try:
                call = await self._call(request, path, template)
                result = handler(call)
                if asyncio.iscoroutine(result):
                    result = await result
            except ApiError as error:
                return answered(error.body(), status=error.status, headers=headers)
            if fault is not None and fault.after_effect:
                return _made_up(answer_of(fault))
            return web.Response(status=204, headers=headers) if result is None else answered(result, headers=headers)

        return serve

    async def _call(self, request: web.Request, path: str, template: str) -> Call:
        authorised = request.headers.get("Authorization") == f"Bot {self._world.application.token}"
        if not authorised and not _WITH_TOKEN_IN_PATH.match(path):
            raise ApiError(401, 0, "401: Unauthorized")
        body, uploads = await _read(request)
        if body is not None and self.on_body is not None:
            self.on_body(request.method, template, body)
        reason = request.headers.get("X-Audit-Log-Reason")
        return Call(
            world=self._world,
            interactions=self._interactions,
            ids=dict(request.match_info),
            query=dict(request.query),
            body=body,
            uploads=tuple(uploads),
            reason=None if reason is None else unquote(reason)[:512],
        )


def answered(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response whose Content-Type names no charset: discord.py takes anything else for text."""
    kind = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=kind)


def _made_up(fault: FaultAnswer) -> web.Response:
    return answered(fault.body, status=fault.status, headers=fault.headers)


async def _pause(released: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await released.wait()
    except TimeoutError:
        return


async def _read(request: web.Request) -> tuple[Body, list[Upload]]:
    if not request.can_read_body:
        return None, []
    if request.content_type == "application/json":
        text = await request.text()
        return (_parsed(text) if text else None), []
    if request.content_type != "multipart/form-data":
        raise ApiError(400, 50109, "The request body contains invalid JSON.")
    body: Body = None
    uploads: list[Upload] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        name = getattr(part, "name", None) or ""
        data = bytes(await part.read())  # pyright: ignore[reportAttributeAccessIssue]
        if name == "payload_json":
            body = _parsed(data.decode())
        elif (key := re.fullmatch(r"files\[(\d+)\]", name)) is not None:
            uploads.append(Upload(int(key[1]), getattr(part, "filename", None) or "unknown", data))
    return body, uploads


def _parsed(text: str) -> Body:
    try:
        return json.loads(text)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


def _no_route(call: Call) -> None:
    raise ApiError(404, 0, f"404: Not Found (the sandbox does not serve /{call.ids.get('rest', '')})")
