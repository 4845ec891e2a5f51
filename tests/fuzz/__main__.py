"""Hostile input by the million: python -m tests.fuzz --inputs 1000000

Feeds events of the gateway, texts, requests to the model server, presses of buttons and files, made by chance and by
Hypothesis from a seed, and prints a table. Exits 1 where one of them was answered by anything but a refusal in a
sentence; such an input is named by its number, and `--part PART --only NUMBER` feeds it again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from tests.fuzz.chunk import SHARES, Chunk, Found, run

CHUNK = 2000
DRAWN = 0.1
"""Share of the inputs that Hypothesis makes."""


def main() -> int:
    """Exit status: 0 where every input was taken or refused."""
    given = _arguments()
    if given.only is not None:
        found = run(Chunk(given.part or "", given.seed, given.only, 1))
        print("\n".join(f"{number}: {sentence!a}" for number, sentence in found.faults) or "taken or refused")
        return 1 if found.faults else 0
    began = time.monotonic()
    chunks = list(_chunks(given.inputs, given.seed, given.part))
    results: list[Found] = []
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        futures = [(chunk, pool.submit(run, chunk)) for chunk in chunks]
        for chunk, future in futures:
            results.append(_result(chunk, future))
            _show_progress(results, began)
    return _show(results, time.monotonic() - began)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, help="how many, over all parts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--part", choices=list(SHARES), help="this part alone")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this input of --part alone")
    given = parser.parse_args()
    if given.only is not None and given.part is None:
        parser.error("--only needs --part")
    return given


def _chunks(inputs: int, seed: int, part: str | None) -> Iterator[Chunk]:
    """The chunks of all parts, those of one part apart from each other, so that no process has the slow ones alone."""
    shares = {part: 1.0} if part else SHARES
    left: list[list[Chunk]] = []
    for name, share in shares.items():
        drawn = round(inputs * share * DRAWN)
        made = round(inputs * share) - drawn
        rows = [Chunk(name, seed, first, min(CHUNK, made - first)) for first in range(0, made, CHUNK)]
        rows += [Chunk(name, seed, first, min(CHUNK, drawn - first), drawn=True) for first in range(0, drawn, CHUNK)]
        left.append(rows)
    while any(left):
        longest = max(left, key=len)
        yield longest.pop()


def _result(chunk: Chunk, future: Future[Found]) -> Found:
    try:
        return future.result()
    except BrokenProcessPool:
        last = chunk.first + chunk.count - 1
        return Found(chunk, faults=[(None, f"the process died on or beside inputs {chunk.first} to {last}")])


def _show_progress(results: list[Found], began: float) -> None:
    if sys.stderr.isatty():
        fed = sum(found.fed for found in results)
        print(f"\r{fed:,} inputs, {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)


def _show(results: list[Found], seconds: float) -> int:
    """Prints the table and every fault; the exit status."""
    print(f"{'part':<10} {'inputs':>10} {'faults':>7} {'slowest':>9}")
    for name in SHARES:
        rows = [found for found in results if found.chunk.part == name]
        if rows:
            faults, slowest = sum(len(found.faults) for found in rows), max(found.slowest[0] for found in rows)
            print(f"{name:<10} {sum(found.fed for found in rows):>10,} {faults:>7,} {slowest:>7.2f} s")
    total = sum(found.fed for found in results)
    faults = [(found.chunk, *fault) for found in results for fault in found.faults]
    print(f"{'all':<10} {total:>10,} {len(faults):>7,} in {seconds:.0f} s")
    for chunk, number, sentence in faults:
        again = "" if number is None else f" (again: --part {chunk.part} --seed {chunk.seed} --only {number})"
        print(f"{chunk.part}{again}: {sentence!a}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
