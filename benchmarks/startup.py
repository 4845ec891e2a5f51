"""How soon the model server answers, how long one message and one explanation take, and how much memory it all holds.

    python benchmarks/startup.py --json

Starts the server with the weights in the box as the bot does, on loopback, and asks it over HTTP like the bot. Times
are wall clock on whatever else the machine is doing; memory is resident memory in MB (10^6 bytes) after the questions.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # not this folder: `bot` is the package, not bot.py beside this file

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass

from bot.memory import resident_megabytes
from moderation_model.client import ModelClient

SHORT = "good game, see you all tomorrow at eight"
LONG = (
    "you never help anybody on this server and everyone knows it, so please do us all a favour, shut up and leave, you "
    "worthless clown of a player"
)
QUESTIONS = 200
EXPLANATIONS = 10
GOALS = {
    "server_resident_mb": 700.0,
    "explainer_resident_mb": 500.0,
    "explanation_p50_ms": 1000.0,
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure that has a goal; `met` means at most the goal."""

    name: str
    value: float
    goal: float
    met: bool


async def measure(url: str) -> tuple[str, dict[str, float]]:
    """The version that serves, and the figures of a server that has just become ready at `url`."""
    client = ModelClient(url, explain_timeout=120.0)
    started = time.perf_counter()
    try:
        first = await _milliseconds(client.classify([SHORT]))
        alone = [await _milliseconds(client.classify([f"{SHORT} {number}"])) for number in range(QUESTIONS)]
        await client.explain(LONG)
        explainer_seconds = time.perf_counter() - started
        explained = [await _milliseconds(client.explain(f"{LONG} {number}")) for number in range(EXPLANATIONS)]
        health = await client.health()
        figures = {
            "first_answer_ms": first,
            "one_message_p50_ms": statistics.median(alone),
            "one_message_p99_ms": statistics.quantiles(alone, n=100)[98],
            "explainer_ready_s_after_server": explainer_seconds,
            "explanation_p50_ms": statistics.median(explained),
            "server_resident_mb": resident_megabytes(health["pid"]) or 0.0,
            "explainer_resident_mb": resident_megabytes(health["explainer_pid"]) or 0.0,
        }
        return (await client.info()).version, figures
    finally:
        await client.aclose()


async def _milliseconds(asking: Awaitable[object]) -> float:
    started = time.perf_counter()
    await asking
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Prints the figures as a table, or with `--json` as one object."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    as_json = arguments.parse_args().json
    command = [sys.executable, "-m", "moderation_model", "serve", "--port", "0", "--exit-on-stdin-close"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = json.loads(server.stdout.readline())["port"]
            ready = time.perf_counter() - started
            version, measured = asyncio.run(measure(f"http://127.0.0.1:{port}"))
        finally:
            server.stdin.close()
    figures = {"server_ready_s": ready, **measured}
    figures = {name: round(value, 2) for name, value in figures.items()}
    goals = [Goal(name, figures[name], goal, figures[name] <= goal) for name, goal in GOALS.items()]
    if as_json:
        found = {
            "machine": f"{platform.processor() or platform.machine()}, {platform.platform()}",
            "weights": version,
            "figures": figures,
            "goals": [asdict(goal) for goal in goals],
        }
        print(json.dumps(found))
        return
    for name, value in figures.items():
        print(f"{name:<34} {value:>10}")
    for goal in goals:
        print(f"{goal.name:<34} {'met' if goal.met else 'missed'}: {goal.value} of at most {goal.goal}")


if __name__ == "__main__":
    main()
