"""The model server over HTTP: messages/s and latency by the number of clients, under load, and while it explains.

    python -m benchmarks.over_http --json

Starts the server with the weights in the box and without its memory of answers; every request holds one text, and no
text comes twice. Clients live in a process of their own on the same cores. `throughput.py` holds these figures against
those in process.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from benchmarks import load, measuring
from benchmarks.served import LONG, Server, served, until_explains
from moderation_model.client import ModelClient

CLIENTS = (1, 8, 64)
MOST_CLIENTS = CLIENTS[-1]
SECONDS, WARM_UP = 6.0, 1.0
ROUNDS = 5
"""What is held against something else is measured in turns with it, and what a moment can spoil again and again, in so
many rounds of half the seconds: the speed of a shared machine changes within minutes. The medians count.
"""
LOADED = 0.7
"""Share of the throughput of 64 clients that comes at random moments."""
BESIDE_EXPLANATIONS = 0.3
"""The same while explanations are made: they take the model too, so this is a server with something to spare."""
EXPLANATIONS = 4
TEXTS = 150_000
BESIDE_TEXTS = 4000
"""Scored in process in each round."""


def measure(
    texts: Sequence[str], *, seconds: float = SECONDS, beside: Callable[[Sequence[str]], float] | None = None
) -> dict[str, float]:
    """The figures by name; `texts` must last for all of it. Milliseconds are wall clock, seen by the client.

    `beside` scores given texts in process and says how many a second; it takes turns with the most clients, and
    `http_64_over_in_process` is the median of the rounds' ratios.
    """
    found: dict[str, float] = {}
    fresh = _Texts(texts)
    with served("--no-cache") as server:
        asyncio.run(_until_explains(server.url))
        load.finish(load.start(load.Order(server.port, fresh.take(600), clients=8)))  # warms every shape
        for clients in CLIENTS[:-1]:
            order = load.Order(server.port, fresh.rest(), clients=clients, seconds=seconds, warm_up=WARM_UP)
            found |= _figures(f"clients_{clients}", [_carried_out(order, server, fresh)])
        found |= _most_clients(server, fresh, seconds / 2, beside)
        most = found[f"clients_{MOST_CLIENTS}_messages_per_s"]
        found |= _figures("load_70", [_loaded(server, fresh, seconds / 2, LOADED * most) for _ in range(ROUNDS)])
        found |= _explaining(server, fresh, seconds / 2, BESIDE_EXPLANATIONS * most)
    return found


def _most_clients(
    server: Server, fresh: _Texts, seconds: float, beside: Callable[[Sequence[str]], float] | None
) -> dict[str, float]:
    rounds: list[_Measured] = []
    ratios: list[float] = []
    for _ in range(ROUNDS):
        alone = beside(fresh.take(BESIDE_TEXTS)) if beside is not None else None
        order = load.Order(server.port, fresh.rest(), clients=MOST_CLIENTS, seconds=seconds, warm_up=WARM_UP / 2)
        rounds.append(_carried_out(order, server, fresh))
        if alone is not None:
            ratios.append(rounds[-1].messages_per_s / alone)
    figures = _figures(f"clients_{MOST_CLIENTS}", rounds)
    return figures | ({f"http_{MOST_CLIENTS}_over_in_process": statistics.median(ratios)} if ratios else {})


def _loaded(server: Server, fresh: _Texts, seconds: float, rate: float, *, explaining: int = 0) -> _Measured:
    order = load.Order(server.port, fresh.rest(), rate=rate, seconds=seconds, warm_up=WARM_UP / 2)
    return _carried_out(order, server, fresh, explaining=explaining)


def _explaining(server: Server, fresh: _Texts, seconds: float, rate: float) -> dict[str, float]:
    """The same load without and with explanations, in turns."""
    rounds: dict[str, list[_Measured]] = {"quiet": [], "explaining": []}
    for _ in range(ROUNDS):
        for name, measured in rounds.items():
            explaining = EXPLANATIONS if name == "explaining" else 0
            measured.append(_loaded(server, fresh, seconds, rate, explaining=explaining))
    figures = _figures("quiet", rounds["quiet"]) | _figures("explaining", rounds["explaining"])
    figures["explaining_over_quiet_p99"] = figures["explaining_p99_ms"] / figures["quiet_p99_ms"]
    return figures


def goals(figures: dict[str, float]) -> list[measuring.Goal]:
    """What must be reached."""
    return [
        measuring.at_most("clients_1_p50_ms", figures["clients_1_p50_ms"], 12.0),
        measuring.at_most("load_70_p99_ms", figures["load_70_p99_ms"], 80.0),
        measuring.at_most("explaining_over_quiet_p99", figures["explaining_over_quiet_p99"], 1.5),
    ]


class _Texts:
    """Texts, none of them given out twice."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)
        self._used = 0

    def take(self, number: int) -> tuple[str, ...]:
        taken = self._texts[self._used : self._used + number]
        self._used += len(taken)
        return taken

    def rest(self) -> tuple[str, ...]:
        return self._texts[self._used :]

    def used(self, number: int) -> None:
        self._used += number


@dataclass(frozen=True, slots=True)
class _Measured:
    """One order carried out: `server_cpu` in seconds a message."""

    found: load.Found
    server_cpu: float
    explanations: int

    @property
    def messages_per_s(self) -> float:
        return len(self.found.milliseconds) / self.found.seconds


def _carried_out(order: load.Order, server: Server, fresh: _Texts, *, explaining: int = 0) -> _Measured:
    """The order's outcome. Raises RuntimeError if a request was not answered well, or the texts ran out."""
    before = server.cpu()
    process = load.start(order)
    found, explanations = (
        asyncio.run(_explain(server, process, explaining)) if explaining else (load.finish(process), 0)
    )
    if set(found.statuses) != {"200"}:
        raise RuntimeError(f"not every request was answered: {found.statuses}")
    fresh.used(found.sent)
    if found.sent == len(order.texts):
        raise RuntimeError("the texts ran out; give more")
    return _Measured(found, (server.cpu() - before) / found.sent, explanations)


def _figures(name: str, rounds: Sequence[_Measured]) -> dict[str, float]:
    """The medians over the rounds."""

    def median(figure: Callable[[_Measured], float]) -> float:
        return statistics.median(map(figure, rounds))

    figures = {f"{name}_messages_per_s": median(lambda each: each.messages_per_s)}
    for share in (50, 95, 99):
        figures[f"{name}_p{share}_ms"] = median(
            lambda each, share=share: measuring.percentile(each.found.milliseconds, share / 100)
        )
    figures[f"{name}_server_cpu_ms_per_message"] = median(lambda each: 1000 * each.server_cpu)
    if explanations := sum(each.explanations for each in rounds):
        figures[f"{name}_explanations"] = explanations
    return figures


async def _until_explains(url: str) -> None:
    client = ModelClient(url, explain_timeout=60.0)
    try:
        await until_explains(client)
    finally:
        await client.aclose()


async def _explain(server: Server, process: subprocess.Popen[str], number: int) -> tuple[load.Found, int]:
    """What `process` finds while `number` explanations of different texts are under way, and how many were made."""
    client = ModelClient(server.url, explain_timeout=60.0)
    numbers, made = count(), 0

    async def explain_on() -> None:
        nonlocal made
        while True:
            await client.explain(f"{LONG} {next(numbers)}")
            made += 1

    tasks = [asyncio.create_task(explain_on()) for _ in range(number)]
    found = await asyncio.to_thread(load.finish, process)
    failed = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.aclose()
    if failed:
        raise RuntimeError("an explanation failed") from failed[0].exception()
    return found, made


def main() -> None:
    """Prints the figures."""
    given = measuring.arguments(__doc__).parse_args()
    figures = measure(measuring.texts(TEXTS))
    measuring.show(figures, goals(figures), as_json=given.json)


if __name__ == "__main__":
    main()
