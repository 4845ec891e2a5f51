"""One connection to the model server: how answers leave, and what is left of a request that was refused."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from moderation_model import scoring
from moderation_model.contract import Prediction
from tests.model.test_doors import HEALTH, POST, TOKEN, exchange, listening


async def test_an_answer_leaves_in_one_piece() -> None:
    pieces: list[bytes] = []

    class Reader(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            pieces.append(data)

        def connection_lost(self, exc: Exception | None) -> None:
            ended.set()

    ended = asyncio.Event()
    async with listening() as port:
        transport, _ = await asyncio.get_running_loop().create_connection(Reader, "127.0.0.1", port)
        transport.write(HEALTH)
        await ended.wait()
    assert len(pieces) == 1
    assert pieces[0].startswith(b"HTTP/1.1 200 ")
    assert pieces[0].endswith(b'{"ready":true}')


def test_who_sends_no_more_while_the_answer_is_made_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    uvloop = pytest.importorskip("uvloop")  # it looks at its sockets before it sends what was written
    caller, combined = socket.socket(), scoring.combine_all

    def combine(*given: Any) -> list[Prediction]:
        caller.shutdown(socket.SHUT_WR)
        return combined(*given)

    async def play() -> bytes:
        async with listening() as port:
            await asyncio.to_thread(caller.connect, ("127.0.0.1", port))
            caller.sendall(POST % TOKEN.encode() + b'Content-Length: 16\r\n\r\n{"texts": ["a"]}')
            return await asyncio.to_thread(caller.recv, 65536)

    monkeypatch.setattr(scoring, "combine_all", combine)
    with caller:
        caller.settimeout(30)
        assert uvloop.run(play()).startswith(b"HTTP/1.1 200 ")


async def test_a_long_body_that_comes_after_its_refusal_does_not_spoil_the_next_request() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST % b"guessed" + b"Content-Length: 40000\r\n\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")
        writer.write(b"x" * 40_000)
        await exchange(port, HEALTH)  # meanwhile the body has been read
        writer.write(HEALTH)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
