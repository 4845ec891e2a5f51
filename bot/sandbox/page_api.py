"""The chat page's side of the sandbox: its three files, and a websocket that tells what happens and does what is asked.

The page is first sent {"event": "hello", ...} with the snapshot, then every event of `Sandbox.subscribe`. It asks with
{"id": n, "do": ..., "as": user id, ...} and is answered {"reply": n, "ok": true, "data": ...} or
{"reply": n, "ok": false, "error": sentence}. `ACTIONS` lists what it may ask.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.sandbox.errors import ApiError
from bot.sandbox.shapes import role_json
from bot.sandbox.world import Json

if TYPE_CHECKING:
    from bot.sandbox.sandbox import Sandbox
    from bot.sandbox.subscription import Subscription

log = logging.getLogger(__name__)

MOST_REQUEST_BYTES = 16 * 1024 * 1024
"""One request of the page: a 10 MiB upload in base64 fits."""
MOST_WAITING_UPLOADS = 10

_FILES = {"/": "index.html", "/app.css": "app.css", "/app.js": "app.js"}
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class BadRequest(Exception):
    """The page asked for something that cannot be understood; the message is the sentence it is told."""


@dataclass(slots=True)
class _Visitor:
    """One open page. `uploads`: files that it sent and that no message carries yet, by the token it was given."""

    sandbox: Sandbox
    socket: web.WebSocketResponse
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)

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
            await _converse(_Visitor(sandbox, socket))
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


async def _converse(visitor: _Visitor) -> None:
    # Subscribed before the snapshot is taken, so that nothing falls between the two.
    with visitor.sandbox.subscribe() as events:
        await visitor.tell({"event": "hello", **_everything(visitor.sandbox)})
        async with asyncio.TaskGroup() as tasks:
            teller = tasks.create_task(_pass_on(visitor, events))
            answers: set[asyncio.Task[None]] = set()
            async for frame in visitor.socket:
                if frame.type is WSMsgType.TEXT:
                    # Side by side: a button waits up to 3 seconds for the bot, the next message does not.
                    answer = tasks.create_task(_answer(visitor, frame.data))
                    answers.add(answer)
                    answer.add_done_callback(answers.discard)
            for task in (teller, *answers):
                task.cancel()


def _everything(sandbox: Sandbox) -> Json:
    """The snapshot, with the roles, which the page needs to show mentions of them."""
    return {**sandbox.snapshot(), "roles": [role_json(role) for role in sandbox.guild.roles.values()]}


async def _pass_on(visitor: _Visitor, events: Subscription) -> None:
    async for event in events:
        await visitor.tell({"event": event["type"], **{name: value for name, value in event.items() if name != "type"}})


async def _answer(visitor: _Visitor, text: str) -> None:
    number, wanted = None, None
    try:
        request = _parsed(text)
        number, wanted = request.get("id"), request.get("do")
        data = await _do(visitor, request)
    except BadRequest as refusal:
        await visitor.tell({"reply": number, "ok": False, "error": str(refusal)})
    except ApiError as refusal:
        await visitor.tell({"reply": number, "ok": False, "error": sentence(refusal)})
    except Exception:
        # A fault of the sandbox ends one request, not the page's connection with everything that it waits for.
        log.exception("the page's request %r failed", wanted)
        await visitor.tell({"reply": number, "ok": False, "error": "The sandbox failed at this; its log says why."})
    else:
        await visitor.tell({"reply": number, "ok": True, "data": data})


def _parsed(text: str) -> Json:
    try:
        request = json.loads(text)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise BadRequest("The page's request is no JSON object; reload the page.")
    return request


async def _do(visitor: _Visitor, request: Json) -> Any:
    action = ACTIONS.get(str(request.get("do")))
    if action is None:
        raise BadRequest(f"The page asked for {request.get('do')!r}, which the sandbox cannot do; reload the page.")
    return await action(visitor, _Fields(request))


def sentence(refusal: ApiError) -> str:
    """What a visitor reads: Discord's message, with what is wrong in which field where it says so."""
    problems = "; ".join(_leaves(refusal.errors or {}))
    return f"{refusal.message}: {problems}" if problems else refusal.message


def _leaves(tree: Mapping[str, Any], path: str = "") -> list[str]:
    found: list[str] = []
    for name, branch in tree.items():
        if name == "_errors":
            found += [f"{path}: {leaf['message']}" if path else str(leaf["message"]) for leaf in branch]
        else:
            found += _leaves(branch, f"{path}.{name}" if path else name)
    return found


class _Fields:
    """The fields of one request, checked as they are read. Raises BadRequest for what is missing or of another type."""

    def __init__(self, request: Json) -> None:
        self._request = request

    def text(self, name: str) -> str:
        """A text that must be there."""
        return self._of(name, str)

    def maybe_text(self, name: str) -> str | None:
        """A text, or None where the page left it out."""
        return None if self._request.get(name) is None else self._of(name, str)

    def mapping(self, name: str) -> Json:
        """An object, {} where the page left it out."""
        return {} if self._request.get(name) is None else self._of(name, dict)

    def texts(self, name: str) -> list[str]:
        """A list of texts, [] where the page left it out."""
        listed = [] if self._request.get(name) is None else self._of(name, list)
        if not all(isinstance(each, str) for each in listed):
            raise BadRequest(f"The page's request needs texts in {name!r}; reload the page.")
        return listed

    def _of(self, name: str, kind: type[Any]) -> Any:
        value = self._request.get(name)
        if not isinstance(value, kind):
            raise BadRequest(f"The page's request needs {name!r}; reload the page.")
        return value


def _waiting(visitor: _Visitor, token: object) -> tuple[str, bytes]:
    if token not in visitor.uploads:
        raise BadRequest("An attached file is not here any more; attach it again.")
    return visitor.uploads[str(token)]


async def _send(visitor: _Visitor, asked: _Fields) -> Any:
    tokens = asked.texts("uploads")
    files = [_waiting(visitor, token) for token in tokens]
    message = await visitor.sandbox.say(
        asked.text("as"),
        asked.text("channel"),
        asked.maybe_text("content") or "",
        reply_to=asked.maybe_text("reply_to"),
        poll=asked.mapping("poll") or None,
        files=files or None,
    )
    for token in tokens:
        del visitor.uploads[token]
    return message


async def _upload(visitor: _Visitor, asked: _Fields) -> Any:
    if len(visitor.uploads) >= MOST_WAITING_UPLOADS:
        raise BadRequest("Send or remove the files that wait before you attach another.")
    try:
        data = base64.b64decode(asked.text("data"), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("The file did not arrive whole; attach it again.") from None
    token = secrets.token_hex(8)
    visitor.uploads[token] = (asked.text("name"), data)
    return {"upload": token}


async def _discard(visitor: _Visitor, asked: _Fields) -> Any:
    visitor.uploads.pop(asked.text("upload"), None)


async def _edit(visitor: _Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.edit(asked.text("as"), asked.text("message"), asked.text("content"))


async def _delete(visitor: _Visitor, asked: _Fields) -> Any:
    await visitor.sandbox.delete(asked.text("as"), asked.text("message"))


async def _forward(visitor: _Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.forward(asked.text("as"), asked.text("message"), asked.text("to"))


async def _thread(visitor: _Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.create_thread(
        asked.text("as"),
        asked.text("channel"),
        asked.text("name"),
        message_id=asked.maybe_text("message"),
        content=asked.maybe_text("content"),
    )


async def _dm(visitor: _Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.open_dm(asked.text("as"), asked.text("user"))


async def _slash(visitor: _Visitor, asked: _Fields) -> Any:
    options = {
        name: _waiting(visitor, value.get("upload")) if isinstance(value, dict) else value
        for name, value in asked.mapping("options").items()
    }
    answer = await visitor.sandbox.slash(asked.text("as"), asked.text("channel"), asked.text("command"), options)
    return answer.to_json()


async def _context(visitor: _Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.context_menu(
        asked.text("as"),
        asked.text("name"),
        message_id=asked.maybe_text("message"),
        user=asked.maybe_text("user"),
        channel=asked.text("channel"),
    )
    return answer.to_json()


async def _complete(visitor: _Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.autocomplete(
        asked.text("as"), asked.text("channel"), asked.text("command"), asked.text("option"), asked.text("text")
    )
    return answer.to_json()


async def _press(visitor: _Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.press(asked.text("as"), asked.text("message"), asked.text("custom_id"))
    return answer.to_json()


async def _select(visitor: _Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.select(
        asked.text("as"), asked.text("message"), asked.text("custom_id"), asked.texts("values")
    )
    return answer.to_json()


async def _modal(visitor: _Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.submit_modal(asked.text("as"), asked.text("modal"), asked.mapping("values"))
    return answer.to_json()


async def _snapshot(visitor: _Visitor, asked: _Fields) -> Any:
    return _everything(visitor.sandbox)


ACTIONS: Mapping[str, Callable[[_Visitor, _Fields], Awaitable[Any]]] = {
    "send": _send,
    "upload": _upload,
    "discard": _discard,
    "edit": _edit,
    "delete": _delete,
    "forward": _forward,
    "thread": _thread,
    "dm": _dm,
    "slash": _slash,
    "context": _context,
    "complete": _complete,
    "press": _press,
    "select": _select,
    "modal": _modal,
    "snapshot": _snapshot,
}
"""What the page may ask, by the request's `do`."""
