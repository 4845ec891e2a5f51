"""The way of the route that every message takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Shortcut:
    """Middleware that gives POSTs to `path` to `handler` at once. Router, exit stacks and what else stands around every
    route would cost such a request a tenth of its time in the event loop. `handler` must answer every error itself.
    """

    def __init__(self, app: ASGIApp, *, path: str, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._path = path
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is meant for others."""
        if scope["type"] == "http" and scope["path"] == self._path and scope["method"] == "POST":
            response = await self._handler(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)
