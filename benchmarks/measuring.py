"""What all benchmarks share: the machine, the weights, the texts, alternating rounds, and how figures are printed.

Texts are lines of `../shared/data/irc_messages.csv` as far as that file goes, and generated lines of the same lengths.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import math
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from moderation_model import registry
from moderation_model.checks.templates import generate, replay_folder

IRC = Path(__file__).parents[1].parent / "shared" / "data" / "irc_messages.csv"
TOKENS_FOR_TOKENS = 1.25
"""Our words are plainer: 1.2 tokens each, where a word of those lines has 1.5."""
WORDS_IN_A_LINE = (1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 10, 11, 13, 15, 17, 20, 26, 94)
"""Words in a line of those 60,000: the smallest number, then every twentieth part of the lines, then the largest."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure that has a goal. `value` and `met` are None where it could not be measured."""

    name: str
    value: float | None
    goal: float
    met: bool | None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Medians over the rounds of one contender."""

    wall: float
    cpu: float


def at_least(name: str, value: float | None, goal: float) -> Goal:
    """The goal that `value` is `goal` or more."""
    return Goal(name, _rounded(value), goal, None if value is None else value >= goal)


def at_most(name: str, value: float | None, goal: float) -> Goal:
    """The goal that `value` is `goal` or less."""
    return Goal(name, _rounded(value), goal, None if value is None else value <= goal)


def machine() -> str:
    """Processor, cores that this process may use, operating system."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {platform.platform()}"


def weights(folder: Path | None = None) -> str:
    """Version and the start of the digest of the weights in `folder`, by default those in the box."""
    folder = folder or registry.default_folder()
    digest = registry.file_digest(folder / "model.safetensors")
    return f"{registry.read_manifest(folder)['version']} sha256:{digest[:16]}"


def texts(count: int, *, seed: int = 1, source: Path = IRC) -> list[str]:
    """`count` different chat lines, drawn at random and the same every time; where `source` holds fewer, all of them
    and generated ones behind them.
    """
    lines: list[str] = []
    if source.is_file():
        with source.open(encoding="utf-8", newline="") as handle:
            lines = list(dict.fromkeys(row["text"] for row in csv.DictReader(handle) if row["text"].strip()))
    drawn = random.Random(seed).sample(lines, min(count, len(lines)))
    if len(drawn) == count:
        return drawn
    return list(dict.fromkeys([*drawn, *generated(count, seed=seed)]))[:count]


def generated(count: int, *, seed: int = 1) -> list[str]:
    """`count` different lines of words in the order of our own templates, cut to the lengths in tokens of IRC lines."""
    rng = random.Random(seed)
    words = _endless_words(rng)
    found: dict[str, None] = {}
    while len(found) < count:
        part = rng.randrange(len(WORDS_IN_A_LINE) - 1)
        shortest, longest = WORDS_IN_A_LINE[part : part + 2]
        # The longest lines are rare within their twentieth: a power keeps their mean (37 words) and not their middle.
        length = shortest + round((longest - shortest) * rng.random() ** (5 if part == 19 else 1))
        found[" ".join(next(words) for _ in range(round(TOKENS_FOR_TOKENS * length)))] = None
    return list(found)


def alternate(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 5,
    cpu_clock: Callable[[], float] = time.process_time,
    warm_up: bool = True,
) -> dict[str, Seconds]:
    """Runs every contender once a round, each round in another order, after one run of each that does not count.

    Returns the medians by contender. `cpu_clock` counts CPU seconds so far, by default those of this process with all
    its threads; give another one where children do the work.
    """
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    if warm_up:
        for contender in contenders.values():
            contender()
    names = list(contenders)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            gc.collect()
            started, used = time.perf_counter(), cpu_clock()
            contenders[name]()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(cpu_clock() - used)
    return {name: Seconds(statistics.median(wall[name]), statistics.median(cpu[name])) for name in contenders}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser with `--json`; add what the benchmark needs besides."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def show(
    figures: Mapping[str, float], goals: Sequence[Goal], *, as_json: bool, weights_name: str | None = None
) -> None:
    """Prints {"machine", "weights", "figures", "goals"} as JSON, or a table for people."""
    figures = {name: _rounded(value) or 0.0 for name, value in figures.items()}
    used = weights_name or weights()
    if as_json:
        found = {"machine": machine(), "weights": used, "figures": figures, "goals": [asdict(goal) for goal in goals]}
        print(json.dumps(found))
        return
    print(f"{machine()}\n{used}\n")
    width = max(len(name) for name in [*figures, *(goal.name for goal in goals)]) + 2
    for name, value in figures.items():
        print(f"{name:<{width}} {value:>12,}")
    for goal in goals:
        said = {True: "met", False: "missed", None: "not measured"}[goal.met]
        print(f"{goal.name:<{width}} {'' if goal.value is None else goal.value:>12} goal {goal.goal}: {said}")


def _rounded(value: float | None) -> float | None:
    """Four significant digits."""
    return None if value is None else float(f"{value:.4g}")


def _endless_words(rng: random.Random) -> Iterator[str]:
    sentences = [sentence.text for sentence in generate(replay_folder(), per_template=3, seed=1)]
    while True:
        rng.shuffle(sentences)
        for sentence in sentences:
            yield from sentence.split()
