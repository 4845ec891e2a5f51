"""The chat page's side of the sandbox: its three files, and a websocket that tells what happens and does what is asked.

The page is first sent {"event": "hello", ...} with the snapshot, then every event of `Sandbox.subscribe`. It asks with
{"id": n, "do": ..., "as": user id, ...} and is answered {"reply": n, "ok": true, "data": ...} or
{"reply": n, "ok": false, "error": sentence}; page_requests.py lists what it may ask.
"""

from __future__ import annotations

import asyncio
import json
import logging
from importlib import resources
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from bot.sandbox.errors import ApiError
from bot.sandbox.page_requests import BadRequest, Visitor, do, everything, sentence
from bot.sandbox.world import Json

if TYPE_CHECKING:
    from bot.sandbox.sandbox import Sandbox
    from bot.sandbox.subscription import Subscription

log = logging.getLogger(__name__)

MOST_REQUEST_BYTES = 16 * 1024 * 1024
"""One request of the page: a 10 MiB upload in base64 fits."""

_FILES = {"/": "index.html", "/app.css": "app.css", "/app.js": "app.js"}
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class _Page:
    """One open page."""

    def __init__(self, sandbox: Sandbox, socket: web.WebSocketResponse) -> None:
        self.visitor = Visitor(sandbox)
        self.socket = socket

    async def tell(self, message: Json) -> None:
        """Send; a page that has gone is told nothing."""
        try:
            await self.socket.send_str(json.dumps(message))
        except ConnectionError:
            await self.socket.close()


def add_routes(app: web.Application, sandbox: Sandbox) -> None:
    """Mount the page at /, its style and script, and its websocket at /page/ws. Attachments are served elsewhere."""
    open_sockets: set[web.WebSocketResponse] = set()

    async def page_file(request: web.Request) -> web.Response:
        name = _FILES[request.path]
        body = (resources.files("bot.sandbox") / "page" / name).read_bytes()
        kind = _TYPES[name.rpartition(".")[2]]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    async def page_socket(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MOST_REQUEST_BYTES, heartbeat=20)
        await socket.prepare(request)
        open_sockets.add(socket)
        try:
            await _converse(_Page(sandbox, socket))
        finally:
            open_sockets.discard(socket)
        return socket

    async def hang_up(_: web.Application) -> None:
        # Without this a stopping server waits a minute for every page that is still open.
        for socket in list(open_sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"The sandbox stops.")

    for path in _FILES:
        app.router.add_get(path, page_file)
    app.router.add_get("/page/ws", page_socket)
    app.on_shutdown.append(hang_up)


async def _converse(page: _Page) -> None:
    # Subscribed before the snapshot is taken, so that nothing falls between the two.
    with page.visitor.sandbox.subscribe() as events:
        await page.tell({"event": "hello", **everything(page.visitor.sandbox)})
        async with asyncio.TaskGroup() as tasks:
            teller = tasks.create_task(_pass_on(page, events))
            answers: set[asyncio.Task[None]] = set()
            async for frame in page.socket:
                if frame.type is WSMsgType.TEXT:
                    # Side by side: a button waits up to 3 seconds for the bot, the next message does not.
                    answer = tasks.create_task(_answer(page, frame.data))
                    answers.add(answer)
                    answer.add_done_callback(answers.discard)
            for task in (teller, *answers):
                task.cancel()


async def _pass_on(page: _Page, events: Subscription) -> None:
    async for event in events:
        await page.tell({"event": event["type"], **{name: value for name, value in event.items() if name != "type"}})


async def _answer(page: _Page, text: str) -> None:
    number, wanted = None, None
    try:
        request = _parsed(text)
        number, wanted = request.get("id"), request.get("do")
        data = await do(page.visitor, request)
    except BadRequest as refusal:
        await page.tell({"reply": number, "ok": False, "error": str(refusal)})
    except ApiError as refusal:
        await page.tell({"reply": number, "ok": False, "error": sentence(refusal)})
    except Exception:
        # A fault of the sandbox ends one request, not the page's connection with everything that it waits for.
        log.exception("the page's request %r failed", wanted)
        await page.tell({"reply": number, "ok": False, "error": "The sandbox failed at this; its log says why."})
    else:
        await page.tell({"reply": number, "ok": True, "data": data})


def _parsed(text: str) -> Json:
    try:
        request = json.loads(text)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise BadRequest("The page's request is no JSON object; reload the page.")
    return request
