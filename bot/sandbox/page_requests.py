"""What the chat page may ask of the sandbox, by the request's `do`; `ACTIONS` lists it."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.errors import ApiError
from bot.sandbox.shapes import role_json
from bot.sandbox.world import Json

if TYPE_CHECKING:
    from bot.sandbox.sandbox import Sandbox

MOST_WAITING_UPLOADS = 10


class BadRequest(Exception):
    """The page asked for something that cannot be understood; the message is the sentence it is told."""


@dataclass(slots=True)
class Visitor:
    """Who has a page open. `uploads`: files that were sent and that no message carries yet, by the token given out."""

    sandbox: Sandbox
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def everything(sandbox: Sandbox) -> Json:
    """The snapshot, with the roles, which the page needs to show mentions of them."""
    return {**sandbox.snapshot(), "roles": [role_json(role) for role in sandbox.guild.roles.values()]}


async def do(visitor: Visitor, request: Json) -> Any:
    """What the sandbox answers to one request. Raises ApiError where Discord would refuse, BadRequest for nonsense."""
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


def _waiting(visitor: Visitor, token: object) -> tuple[str, bytes]:
    if token not in visitor.uploads:
        raise BadRequest("An attached file is not here any more; attach it again.")
    return visitor.uploads[str(token)]


async def _send(visitor: Visitor, asked: _Fields) -> Any:
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


async def _upload(visitor: Visitor, asked: _Fields) -> Any:
    if len(visitor.uploads) >= MOST_WAITING_UPLOADS:
        raise BadRequest("Send or remove the files that wait before you attach another.")
    try:
        data = base64.b64decode(asked.text("data"), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("The file did not arrive whole; attach it again.") from None
    token = secrets.token_hex(8)
    visitor.uploads[token] = (asked.text("name"), data)
    return {"upload": token}


async def _discard(visitor: Visitor, asked: _Fields) -> Any:
    visitor.uploads.pop(asked.text("upload"), None)


async def _edit(visitor: Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.edit(asked.text("as"), asked.text("message"), asked.text("content"))


async def _delete(visitor: Visitor, asked: _Fields) -> Any:
    await visitor.sandbox.delete(asked.text("as"), asked.text("message"))


async def _forward(visitor: Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.forward(asked.text("as"), asked.text("message"), asked.text("to"))


async def _thread(visitor: Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.create_thread(
        asked.text("as"),
        asked.text("channel"),
        asked.text("name"),
        message_id=asked.maybe_text("message"),
        content=asked.maybe_text("content"),
    )


async def _dm(visitor: Visitor, asked: _Fields) -> Any:
    return await visitor.sandbox.open_dm(asked.text("as"), asked.text("user"))


async def _slash(visitor: Visitor, asked: _Fields) -> Any:
    options = {
        name: _waiting(visitor, value.get("upload")) if isinstance(value, dict) else value
        for name, value in asked.mapping("options").items()
    }
    answer = await visitor.sandbox.slash(asked.text("as"), asked.text("channel"), asked.text("command"), options)
    return answer.to_json()


async def _context(visitor: Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.context_menu(
        asked.text("as"),
        asked.text("name"),
        message_id=asked.maybe_text("message"),
        user=asked.maybe_text("user"),
        channel=asked.text("channel"),
    )
    return answer.to_json()


async def _complete(visitor: Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.autocomplete(
        asked.text("as"), asked.text("channel"), asked.text("command"), asked.text("option"), asked.text("text")
    )
    return answer.to_json()


async def _press(visitor: Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.press(asked.text("as"), asked.text("message"), asked.text("custom_id"))
    return answer.to_json()


async def _select(visitor: Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.select(
        asked.text("as"), asked.text("message"), asked.text("custom_id"), asked.texts("values")
    )
    return answer.to_json()


async def _modal(visitor: Visitor, asked: _Fields) -> Any:
    answer = await visitor.sandbox.submit_modal(asked.text("as"), asked.text("modal"), asked.mapping("values"))
    return answer.to_json()


async def _snapshot(visitor: Visitor, asked: _Fields) -> Any:
    return everything(visitor.sandbox)


ACTIONS: Mapping[str, Callable[[Visitor, _Fields], Awaitable[Any]]] = {
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
