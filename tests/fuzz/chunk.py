"""A chunk of inputs in one process: made, fed, and what they did wrong."""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from bot.config import Settings
from bot.log import configure
from tests.fuzz import files, listener, presses, server, texts
from tests.fuzz.inputs import chance_of
from tests.fuzz.part import Part

PARTS: dict[str, ModuleType] = {
    "server": server,
    "texts": texts,
    "listener": listener,
    "presses": presses,
    "files": files,
}
SHARES = {"server": 0.40, "texts": 0.25, "listener": 0.17, "presses": 0.13, "files": 0.05}
"""Of all inputs. A part gets more where an input costs less."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Inputs `first` to `first + count - 1` of a part, or `count` of Hypothesis' (`drawn`)."""

    part: str
    seed: int
    first: int
    count: int
    drawn: bool = False


@dataclass(slots=True)
class Found:
    """`faults`: number of the input (None for Hypothesis', which prints its own) and what it did. `slowest`: seconds of
    the slowest, with those fed together with it, and its number.
    """

    chunk: Chunk
    fed: int = 0
    faults: list[tuple[int | None, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)


def run(chunk: Chunk) -> Found:
    """Feeds the chunk. What is logged meanwhile goes nowhere: it is looked at as it is written."""
    configure(Settings(_env_file=None), stream=io.StringIO())  # pyright: ignore[reportCallIssue]
    return feed_chunk(chunk, PARTS[chunk.part].opened)


def feed_chunk(chunk: Chunk, opened: Callable[[int], Any]) -> Found:
    """Feeds the chunk to what `opened` opens."""
    found = Found(chunk)
    with asyncio.Runner() as runner:
        context = opened(chunk.seed)
        part: Part = runner.run(context.__aenter__())
        try:
            (_drawn if chunk.drawn else _made)(runner, part, found)
        finally:
            runner.run(context.__aexit__(None, None, None))
    return found


def _made(runner: asyncio.Runner, part: Part, found: Found) -> None:
    chunk = found.chunk
    numbers = range(chunk.first, chunk.first + chunk.count)
    for start in range(0, chunk.count, part.together):
        some = numbers[start : start + part.together]
        began = time.perf_counter()
        problem = _problem(runner, part, chunk, some)
        found.slowest = max(found.slowest, (time.perf_counter() - began, some[0]))
        found.fed += len(some)
        if problem is not None:
            alone = [(number, _problem(runner, part, chunk, [number])) for number in some] if len(some) > 1 else []
            guilty = [(number, sentence) for number, sentence in alone if sentence is not None]
            found.faults += guilty or [(some[0], problem)]


def _problem(runner: asyncio.Runner, part: Part, chunk: Chunk, numbers: Sequence[int]) -> str | None:
    """What the inputs did wrong, None where nothing."""
    try:
        runner.run(part.feed([part.make(chance_of(chunk.part, chunk.seed, number)) for number in numbers]))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _drawn(runner: asyncio.Runner, part: Part, found: Found) -> None:
    """Inputs of Hypothesis, which makes a failing one as small as it can and prints it."""
    quick = settings(
        max_examples=found.chunk.count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )

    @seed(found.chunk.seed * 1_000_003 + found.chunk.first)
    @quick
    @given(part.strategy())
    def each(value: Any) -> None:
        found.fed += 1
        runner.run(part.feed([value]))

    try:
        each()
    except Exception as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        found.faults.append((None, f"{type(error).__name__}: {error} {notes}"))
        print(ascii(found.faults[-1][1]), file=sys.stderr)
