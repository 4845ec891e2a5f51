"""A model server is replaced by another at the same address while requests come in."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

from moderation_model.coalescing import CoalescingClient
from moderation_model.contract import Prediction
from tests.model.test_serve_process import refused, serving

STREAMS = 8
REPLACEMENTS = 2


async def test_replacing_the_model_server_loses_no_request(tiny_model_dir: Path) -> None:
    """Streams of messages go on all the time; each waits for its answer before the next."""
    over = asyncio.Event()
    answered: list[list[Prediction]] = []
    with ExitStack() as running:
        server = running.enter_context(serving(tiny_model_dir, "--reuse-port"))
        model, port = CoalescingClient(server.url, timeout=30), str(server.ready["port"])

        async def stream(number: int) -> None:
            count = 0
            while not over.is_set():
                answered.append(await model.classify([f"line {count} of stream {number}"]))
                count += 1

        streams = [asyncio.create_task(stream(number)) for number in range(STREAMS)]
        for _ in range(REPLACEMENTS):
            following = serving(tiny_model_dir, "--reuse-port", port=port)
            next_server = await asyncio.to_thread(running.enter_context, following)
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(server.process.wait, 30) == 0
            server = next_server
        over.set()
        await asyncio.gather(*streams)  # raises what any of the requests raised
        await model.aclose()
    assert len(answered) > 100
    assert all(len(predictions) == 1 for predictions in answered)


def test_a_port_is_shared_only_by_servers_that_both_ask_for_it(tiny_model_dir: Path) -> None:
    with serving(tiny_model_dir) as alone:
        code, says = refused("--port", str(alone.ready["port"]), "--reuse-port")
    assert code == 1
    assert says.startswith("Cannot listen on 127.0.0.1")
