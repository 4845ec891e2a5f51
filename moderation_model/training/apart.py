"""Cuts rows into an older and a newer part that share no author, no thread and no near-duplicate, and lose few rows.

Everybody who speaks in the newer part must be silent in the older one, so a cut always leaves rows over, in neither
part. They are kept few by taking into the newer part first those rows whose authors and threads are new as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from moderation_model.learning import Example
from moderation_model.training.splits import clusters_of, share_of

REACH = 2.0
"""How far back the newer part may reach to find rows that cost little: this many times the share that is wanted."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Row numbers. `aside`: in neither part, because they share something with the other side."""

    older: tuple[int, ...]
    newer: tuple[int, ...]
    aside: tuple[int, ...]


def cut_by_time(examples: Sequence[Example], wanted: int) -> Cut:
    """The newest `wanted` rows, about, against the older ones; nothing in `older` is newer than anything in `newer`.

    Of the ways to begin the newer part earlier (up to `REACH`), the one that leaves most rows to train on is taken.
    Rows of the same moment are in no order.
    """
    # Rows of one moment (a file without times) are mixed, or a file sorted by label would be measured on one label.
    order = sorted(range(len(examples)), key=lambda row: (examples[row].at, share_of(examples[row].text)))
    wanted = min(wanted, len(order))
    if wanted < 1:
        return Cut(tuple(order), (), ())
    marks = _marks(examples)
    steps = sorted({round(wanted * (1 + part * (REACH - 1) / 4)) for part in range(5)})
    starts = dict.fromkeys(len(order) - min(len(order), step) for step in steps)
    cuts = [_cut(examples, order, marks, start, wanted) for start in starts]
    return max(cuts, key=lambda cut: (len(cut.newer) >= wanted, _trainable(examples, cut.older), len(cut.newer)))


def cut_apart(examples: Sequence[Example], wanted: int) -> Cut:
    """About `wanted` rows against the others without regard to time: for choosing settings, where time is no leak."""
    marks = _marks(examples)
    rows = list(range(len(examples)))
    rows.sort(key=lambda row: (-examples[row].at, examples[row].example_id))
    return _take(examples, marks, older=rows, window=rows, wanted=wanted)


def apart_from(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    """Those of `examples` that share no author, thread or near-duplicate with any of `others`."""
    marks = _marks([*examples, *others])
    spoken = frozenset[str]().union(*marks[len(examples) :])
    return [example for example, mine in zip(examples, marks, strict=False) if not mine & spoken]


def _cut(
    examples: Sequence[Example], order: Sequence[int], marks: Sequence[frozenset[str]], start: int, wanted: int
) -> Cut:
    return _take(examples, marks, older=order[:start], window=order[start:][::-1], wanted=wanted)


def _take(
    examples: Sequence[Example],
    marks: Sequence[frozenset[str]],
    *,
    older: Sequence[int],
    window: Sequence[int],
    wanted: int,
) -> Cut:
    """Fills the newer part from `window`, cheapest rows first, until it has `wanted`; then whatever costs nothing."""
    here = Counter(mark for row in window for mark in marks[row])
    lost = Counter(mark for row in older if examples[row].may_train for mark in marks[row])
    cost = {row: max((lost[mark] / here[mark] for mark in marks[row]), default=0.0) for row in window}
    taken: list[int] = []
    spoken: set[str] = set()
    for row in sorted(window, key=lambda row: (cost[row], sorted(marks[row]))):
        if len(taken) < wanted or all(mark in spoken or not lost[mark] for mark in marks[row]):
            taken.append(row)
            spoken |= marks[row]
    chosen = set(taken)
    kept = [row for row in older if row not in chosen and not marks[row] & spoken]
    left = set(older) | set(window)
    return Cut(tuple(kept), tuple(sorted(taken)), tuple(sorted(left - chosen - set(kept))))


def _marks(examples: Sequence[Example]) -> list[frozenset[str]]:
    """What each row may share with others: its author, its thread and its cluster of near-duplicates."""
    clusters = clusters_of([example.text for example in examples], range(len(examples)))
    found: list[frozenset[str]] = []
    for example, cluster in zip(examples, clusters, strict=True):
        marks = {f"text:{cluster}"}
        marks |= {f"author:{example.author}"} if example.author else set()
        marks |= {f"thread:{example.thread}"} if example.thread else set()
        found.append(frozenset(marks))
    return found


def _trainable(examples: Sequence[Example], rows: Sequence[int]) -> int:
    return sum(examples[row].may_train for row in rows)
