"""Who may come in: how slow a request may come, how many of them in a second, and how many connections there may be.
Nobody counts what comes from this machine itself, such as from the bot or from a proxy that speaks TLS.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import socket
import ssl
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from moderation_model.addresses import is_loopback
from moderation_model.errors import ModelOverloaded, Unauthorised

MOST_CONNECTIONS = 512
"""Of all other machines, well under the 1,024 files that a process may usually open. One machine may have a quarter of
them; the bot opens 32 at most."""
MOST_A_SECOND = 1000.0
"""Requests of one other machine; one of them may hold 512 texts."""
MOST_HEAD_BYTES = 32 * 1024
"""Of the lines before a body."""
SECONDS = {"head": 10.0, "body": 120.0, "rest": 2.0}
"""How long a connection may take for its first request and for the lines before a body, for a body (a training run's
has up to 256 MiB), and for the rest of one that was answered before it had come whole."""
MOST_ADDRESSES = 10_000
SHORTEST_TOKEN = 16
"""Characters of a token that other machines may try: drawn by chance, it is not found at any rate that they may."""


def check(host: str, token: str | None) -> None:
    """Raises Unauthorised with one sentence if strangers could use a server on `host` without a token, or guess it."""
    if is_loopback(host):
        return
    if not token:
        raise Unauthorised(
            f"Without a token the server only listens on loopback: set CANDOR_MODEL_TOKEN to serve on {host}."
        )
    if len(token) < SHORTEST_TOKEN:
        raise Unauthorised(
            f"On {host} anybody may try tokens: set CANDOR_MODEL_TOKEN to one of at least {SHORTEST_TOKEN} characters, "
            "such as what openssl rand -hex 32 prints."
        )


class Rate:
    """So many requests `a_second` of each caller for long, and as many at once (the generic cell rate algorithm, ITU-T
    I.371). `now` gives seconds that never run backwards.
    """

    def __init__(self, a_second: float, now: Callable[[], float] = monotonic) -> None:
        self._each = 1 / a_second
        self._now = now
        self._paid_until: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, caller: Hashable) -> float:
        """0 where the caller's request may be answered, else the seconds until it may."""
        now = self._now()
        until = max(now, self._paid_until.get(caller, now)) + self._each
        if (early := until - now - max(1.0, self._each)) > 1e-9:
            return early
        self._paid_until[caller] = until
        self._paid_until.move_to_end(caller)
        if len(self._paid_until) > MOST_ADDRESSES:
            self._paid_until.popitem(last=False)
        return 0.0


class Entrance:
    """Who may ask the application: holders of the token, if there is one, and nobody too often."""

    def __init__(self, token: str | None, rate: Rate) -> None:
        self._expected = f"Bearer {token}".encode() if token else None
        self._rate = rate

    def knows(self, request: Request) -> bool:
        """Whether the caller has sent the token; where there is none, whether it is a program of this machine and not a
        web page, which a browser here would let ask, too (cross-site requests, DNS rebinding).
        """
        if self._expected is None:
            host = request.headers.get("Host", "").rpartition(":")[0] or request.headers.get("Host", "")
            return "Origin" not in request.headers and is_loopback(host)
        given = request.headers.get("Authorization", "").encode("latin-1")
        return hmac.compare_digest(given, self._expected)

    def admit(self, request: Request, *, everybody: bool) -> None:
        """Raises ModelOverloaded for one request too many, and Unauthorised without the token, unless `everybody` may.

        Who has the token is counted apart: strangers behind the same proxy take nothing away from them.
        """
        known, address = self.knows(request), request.client.host if request.client else ""
        if not is_loopback(address) and (wait := self._rate.wait((address, known))):
            seconds = math.ceil(wait)
            raise ModelOverloaded(f"Too many requests came from there. Try again in {seconds} s.", retry_after=seconds)
        if not (known or everybody):
            if self._expected is None:
                raise Unauthorised(
                    "Without a token only programs that ask for the server by a loopback address are answered, and no "
                    "web page. Set CANDOR_MODEL_TOKEN there and send it."
                )
            raise Unauthorised("The bearer token is missing or wrong. Send the server's CANDOR_MODEL_TOKEN.")


class Connections:
    """Those of other machines that are open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """One more from there; whether it may stay."""
        self._open[address] += 1
        return self._open[address] <= max(1, self._most // 4) and self._open.total() <= self._most

    def leave(self, address: str) -> None:
        """One from there has ended."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class _Together:
    """A transport on which all that is written at one go leaves in one piece: uvicorn writes head and body of an answer
    apart, and each piece costs a call of the system and wakes whoever reads.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, piece: bytes) -> None:
        """It leaves as soon as the loop goes on."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(piece)

    def close(self) -> None:
        """Close it when all that was written has left."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """It leaves now, unless the other end has hung up."""
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))


class GuardedProtocol(HttpToolsProtocol):
    """One connection: uvicorn's, which hangs up on whoever is too slow, and takes no more than `connections` allow."""

    def __init__(self, connections: Connections, *, came_in: Callable[[], None] = lambda: None, **given: Any) -> None:
        """`came_in`: called before it is counted."""
        super().__init__(**given)
        self._entered = connections
        self._came_in = came_in
        self._address = ""
        self._stage = self._timed = "head"
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or say that there are too many."""
        self._came_in()
        self._together = together = _Together(transport, self.loop)
        super().connection_made(together)  # type: ignore[arg-type]
        self._address = self.client[0] if self.client else ""
        self._timer = self.loop.call_later(SECONDS["head"], together.close)
        if not is_loopback(self._address) and not self._entered.enter(self._address):
            self._refuse(503, "Too many connections are open. Try again in a few seconds.", "Retry-After: 5\r\n")

    def eof_received(self) -> None:
        """The other end sends no more; what is on its way to it still leaves, before uvloop closes."""
        self._together.flush()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if self._timer is not None:
            self._timer.cancel()
        if not is_loopback(self._address):
            self._entered.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the lines before the body have no end."""
        super().data_received(data)
        if self._stage == "none" and self.cycle.response_complete:
            # Empty lines, or the end of a body that nobody waited for: no request began.
            self._stage, self._head_bytes = "head", 0
        elif self._stage == "head":
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431, f"The lines before the body are longer than {MOST_HEAD_BYTES // 1024} KiB.")
        self._keep_time()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._stage, self._timed, self._head_bytes = "head", "", 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body follows."""
        self._stage = "body"
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is whole; uvicorn itself hangs up when no other follows."""
        self._stage = "none"
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered, perhaps before it had come whole: then its caller may read why."""
        if self._stage == "body" and not self.pipeline:
            self._stage = "rest"
            self._keep_time()
        super().on_response_complete()

    def _keep_time(self) -> None:
        """Each stage of a request has its own seconds. One that comes whole starts no timer."""
        if self._stage == self._timed:
            return
        self._timed = self._stage
        if self._timer is not None:
            self._timer.cancel()
        seconds = SECONDS.get(self._stage)
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.close)

    def _refuse(self, status: int, sentence: str, more: str = "") -> None:
        body = json.dumps({"error": sentence})
        head = f"HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if not self.transport.is_closing():
            self.transport.write(f"{head}{more}Connection: close\r\n\r\n{body}".encode())
            self.transport.close()


class TlsDoor(asyncio.Protocol):
    """A connection that has not shaken hands yet: counted, and timed like the lines before a body. asyncio itself tells
    a protocol of a connection only afterwards.
    """

    def __init__(self, connections: Connections, context: ssl.SSLContext, **given: Any) -> None:
        """`given`: what uvicorn gives its own protocols."""
        self._entered = connections
        self._context = context
        self._given = given
        self._address = ""
        self._counted = False
        self._shaking: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Shake hands, unless there are too many."""
        self._address = (transport.get_extra_info("peername") or ("",))[0]
        self._counted = not is_loopback(self._address)
        if self._counted and not self._entered.enter(self._address):
            self._leave()
        else:
            # Not start_tls: before it runs, a byte of the handshake may have been read.
            own = transport.get_extra_info("socket").dup()
            self._shaking = asyncio.get_running_loop().create_task(self._shake_hands(own))
        transport.abort()

    async def _shake_hands(self, own: socket.socket) -> None:
        own.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._inside,
                own,
                ssl=self._context,
                ssl_handshake_timeout=SECONDS["head"],
                ssl_shutdown_timeout=SECONDS["rest"],
            )
        except OSError:  # no TLS, too late, or hung up; ssl.SSLError is one, too
            own.close()
        finally:
            self._leave()

    def _inside(self) -> GuardedProtocol:
        return GuardedProtocol(self._entered, came_in=self._leave, **self._given)

    def _leave(self) -> None:
        """It counts no longer here; inside it is counted anew."""
        if self._counted:
            self._entered.leave(self._address)
        self._counted = False
