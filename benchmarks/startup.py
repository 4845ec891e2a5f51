"""How soon the model server answers, and how much memory it and its explainer hold; medians of three starts.

    python -m benchmarks.startup --json

Starts the server with the weights in the box as the bot does, on loopback, and asks it over HTTP like the bot. Times
are wall clock on whatever else the machine is doing; memory is resident memory in MB (10^6 bytes) after the questions:
messages of all lengths and in another language, and explanations. The first start also reads the files from the disk.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable

from benchmarks import measuring
from benchmarks.served import LONG, served, until_explains
from bot.memory import resident_megabytes
from moderation_model.client import ModelClient

STARTS = 3
SHORT = "good game, see you all tomorrow at eight"
FOREIGN = "ich weiß wirklich nicht warum das heute schon wieder nicht funktioniert und was ich machen soll"
QUESTIONS = 200
EXPLANATIONS = 10


async def measure(url: str) -> dict[str, float]:
    """The figures of a server that has just become ready at `url`."""
    client = ModelClient(url, explain_timeout=120.0)
    started = time.perf_counter()
    try:
        first = await _milliseconds(client.classify([SHORT]))
        await until_explains(client)
        explainer_seconds = time.perf_counter() - started
        alone = [await _milliseconds(client.classify([f"{SHORT} {number}"])) for number in range(QUESTIONS)]
        foreign = await _milliseconds(client.classify([FOREIGN]))
        for length in range(10, 1400, 10):
            await client.classify([" ".join([LONG] * 10)[:length]])
        explained = [await _milliseconds(client.explain(f"{LONG} {number}")) for number in range(EXPLANATIONS)]
        health = await client.health()
        return {
            "first_answer_ms": first,
            "explained_s_after_ready": explainer_seconds,
            "one_message_p50_ms": statistics.median(alone),
            "one_message_p99_ms": measuring.percentile(alone, 0.99),
            "first_foreign_answer_ms": foreign,
            "explanation_p50_ms": statistics.median(explained),
            "server_resident_mb": resident_megabytes(health["pid"]) or 0.0,
            "explainer_resident_mb": resident_megabytes(health["explainer_pid"]) or 0.0,
        }
    finally:
        await client.aclose()


async def _milliseconds(asking: Awaitable[object]) -> float:
    started = time.perf_counter()
    await asking
    return (time.perf_counter() - started) * 1000


def start() -> dict[str, float]:
    """Starts a server, measures it and ends it."""
    with served() as server:
        return {"server_ready_s": server.seconds, **asyncio.run(measure(server.url))}


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    as_json = measuring.arguments(__doc__).parse_args().json
    starts = [start() for _ in range(STARTS)]
    figures = {name: statistics.median(each[name] for each in starts) for name in starts[0]}
    goals = [
        measuring.at_most("server_ready_s", figures["server_ready_s"], 6.0),
        measuring.at_most("server_resident_mb", figures["server_resident_mb"], 650.0),
        measuring.at_most("explainer_resident_mb", figures["explainer_resident_mb"], 500.0),
    ]
    measuring.show(figures, goals, as_json=as_json)


if __name__ == "__main__":
    main()
