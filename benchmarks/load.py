"""Sends texts to a model server over loopback, as fast as it answers or at a given rate, and times every answer.

    python -m benchmarks.load < order.json > found.json

A process of its own, without httpx: what asks must take little of the cores whose work is measured. Every connection
is kept alive and has one request under way. `Order` is what it reads, `Found` what it writes.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

MOST_CONNECTIONS = 512
"""In an open loop: what comes while all of them wait stands in line, and its time counts from when it was due."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to send: `together` texts a request, each once, in this order.

    `clients` connections, each of which sends the next request when it has its answer; with `rate` (requests/s) they
    come at random moments instead (Poisson), answered or not. Ends after `seconds` or with the last text; the first
    `warm_up` seconds do not count.
    """

    port: int
    texts: tuple[str, ...]
    clients: int = 1
    rate: float | None = None
    seconds: float = 60.0
    warm_up: float = 0.0
    priority: str = "live"
    together: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """`milliseconds` of each answer with status 200 in the order in which they came, and `moments` when (seconds of the
    system's monotonic clock, as `began`, when the first was sent). `statuses`: answers by status, 0 for a broken
    connection. `seconds`: from the first that counts to the last answer. `cpu`: seconds that this process used. `sent`:
    requests, those of the warm-up too.
    """

    milliseconds: tuple[float, ...]
    moments: tuple[float, ...]
    began: float
    statuses: dict[str, int]
    seconds: float
    cpu: float
    sent: int


class _Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way; reads no more of an answer than it must."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._read = bytearray()
        self._end: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._end is None:
            head = self._read.find(b"\r\n\r\n")
            if head < 0:
                return
            fields = bytes(self._read[:head]).lower()
            start = fields.index(b"content-length:") + len(b"content-length:")
            self._end = head + 4 + int(fields[start:].split(b"\r\n", 1)[0])
        if len(self._read) >= self._end and self._answer is not None:
            status = int(self._read[9:12])
            self._read.clear()
            self._end = None
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    async def ask(self, request: bytes) -> int:
        """The status of the answer, 0 where the connection broke."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


async def run(order: Order) -> Found:
    """Sends what the order says."""
    starts = range(0, len(order.texts), order.together)
    requests = [_request(order, order.texts[start : start + order.together]) for start in starts]
    opened = order.clients if order.rate is None else min(MOST_CONNECTIONS, len(requests))
    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(_Connection, "127.0.0.1", order.port))[1] for _ in range(opened)]
    used, started = time.process_time(), time.monotonic()
    answers: list[tuple[float, float, int]] = []
    if order.rate is None:
        source = iter(requests)
        await asyncio.gather(*(_ask_on(each, source, answers, started + order.seconds) for each in connections))
    else:
        await _ask_at(connections, requests, answers, order.rate, order)
    cpu = time.process_time() - used
    counted = [each for each in answers if each[1] >= started + order.warm_up]
    good = [each for each in counted if each[2] == 200]
    return Found(
        milliseconds=tuple(round(1000 * (end - begun), 3) for begun, end, _ in good),
        moments=tuple(round(end, 5) for _, end, _ in good),
        began=started,
        statuses={str(status): number for status, number in Counter(status for *_, status in counted).items()},
        seconds=max((end for _, end, _ in counted), default=started) - started - order.warm_up,
        cpu=cpu,
        sent=len(answers),
    )


async def _ask_on(
    connection: _Connection, source: Iterator[bytes], answers: list[tuple[float, float, int]], end: float
) -> None:
    """One client: the next request once the last one is answered."""
    for request in source:
        begun = time.monotonic()
        if begun >= end:
            return
        status = await connection.ask(request)
        answers.append((begun, time.monotonic(), status))


async def _ask_at(
    connections: Sequence[_Connection],
    requests: Sequence[bytes],
    answers: list[tuple[float, float, int]],
    rate: float,
    order: Order,
) -> None:
    """Requests at random moments; each takes a free connection, and its time counts from the moment it was due."""
    rng = random.Random(order.seed)
    free, tasks = deque(connections), set[asyncio.Task[None]]()
    returned = asyncio.Event()

    async def ask(request: bytes, due: float) -> None:
        while not free:
            returned.clear()
            await returned.wait()
        connection = free.popleft()
        status = await connection.ask(request)
        answers.append((due, time.monotonic(), status))
        free.append(connection)
        returned.set()

    due = started = time.monotonic()
    for request in requests:
        due += rng.expovariate(rate)
        if due > started + order.seconds:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(ask(request, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


def _request(order: Order, texts: Sequence[str]) -> bytes:
    body = json.dumps({"texts": texts, "guild_id": 1, "priority": order.priority}).encode()
    head = f"POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


def start(order: Order) -> subprocess.Popen[str]:
    """A process that carries the order out; `finish` waits for it."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(order)))
    process.stdin.close()
    return process


def finish(process: subprocess.Popen[str]) -> Found:
    """What the process found. Raises RuntimeError if it failed."""
    assert process.stdout is not None
    with process.stdout as out:
        said = out.read()
    if process.wait() != 0:
        raise RuntimeError("the load generator failed; its message stands above")
    found = json.loads(said)
    return Found(**{**found, "milliseconds": tuple(found["milliseconds"]), "moments": tuple(found["moments"])})


def main() -> None:
    """Reads an order, writes what was found."""
    data = json.load(sys.stdin)
    order = Order(**{**data, "texts": tuple(data["texts"])})
    try:
        import uvloop
    except ImportError:  # the system has none
        found = asyncio.run(run(order))
    else:
        found = uvloop.run(run(order))
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    main()
