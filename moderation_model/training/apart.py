"""Cuts rows into an older and a newer part that share no author, no thread and no near-duplicate, and lose few rows.

Everybody who speaks in the newer part must be silent in the older one, so a cut always leaves rows over, in neither
part. They are kept few by taking into the newer part first those rows whose authors and threads are new as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from moderation_model.learning import Example
from moderation_model.training.splits import clusters_of, share_of

MEASURE_ONLY = 0.25
"""What an older row that may not be trained on is worth, against 1 for one that may."""
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

    Of the ways to begin the newer part earlier (up to `REACH`), the one that leaves most to train on is taken.
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
    cuts = [_take(examples, marks, older=order[:start], window=order[start:][::-1], wanted=wanted) for start in starts]
    return max(
        cuts,
        key=lambda cut: (len(cut.newer) >= wanted, sum(_worth(examples[row]) for row in cut.older), len(cut.newer)),
    )


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


def _take(
    examples: Sequence[Example],
    marks: Sequence[frozenset[str]],
    *,
    older: Sequence[int],
    window: Sequence[int],
    wanted: int,
) -> Cut:
    """Fills the newer part from `window` until it has `wanted` rows and none is left that would cost nothing.

    Each time the kind of row (source, harmful or not) that is furthest behind its share gives the row that costs least:
    whose author, thread and text most rarely stand in what `older` still has; the first of equals.
    """
    owners = _Owners(examples, marks, older)
    kinds: dict[tuple[str, bool], list[int]] = {}
    for row in window:
        kinds.setdefault((examples[row].source, any(examples[row].labels.values())), []).append(row)
    waiting = {kind: np.array(rows) for kind, rows in kinds.items()}
    taken: dict[tuple[str, bool], list[int]] = {kind: [] for kind in kinds}
    count = 0
    while left := [kind for kind, rows in waiting.items() if len(rows)]:
        kind = min(left, key=lambda kind: (len(taken[kind]) + 1) / len(kinds[kind]))
        if count >= wanted:
            # What everybody who is measured already said costs nothing any more; the rest would.
            free = [(kind, int(row)) for kind in left for row in waiting[kind][owners.costs(waiting[kind]) == 0]]
            for kind, row in free:
                taken[kind].append(row)
            break
        place = int(owners.costs(waiting[kind]).argmin())
        taken[kind].append(int(waiting[kind][place]))
        owners.take(taken[kind][-1])
        waiting[kind] = np.delete(waiting[kind], place)
        count += 1
    chosen = {row for rows in taken.values() for row in rows}
    kept = [row for row in older if row not in chosen and owners.alive[row]]
    return Cut(tuple(kept), tuple(sorted(chosen)), tuple(sorted({*older, *window} - chosen - set(kept))))


class _Owners:
    """Which rows of the older part still stand, and what those are worth that share a mark with a row."""

    def __init__(self, examples: Sequence[Example], marks: Sequence[frozenset[str]], older: Sequence[int]) -> None:
        numbers = {mark: number for number, mark in enumerate(sorted(frozenset[str]().union(*marks)))}
        # (rows, 3); the last number stands for "no such mark"
        self._marks = np.full((len(marks), 3), len(numbers))
        for row, mine in enumerate(marks):
            self._marks[row, : len(mine)] = sorted(numbers[mark] for mark in mine)
        self._worth = np.array([_worth(example) for example in examples])
        self.alive = np.zeros(len(marks), dtype=bool)
        self.alive[list(older)] = True
        self._older: list[list[int]] = [[] for _ in range(len(numbers) + 1)]
        self._counts = np.zeros(len(numbers) + 1)
        for row in older:
            for mark in self._marks[row][self._marks[row] < len(numbers)]:
                self._older[mark].append(row)
                self._counts[mark] += self._worth[row]

    def costs(self, rows: np.ndarray) -> np.ndarray:
        """For each of `rows`: what would go of the older part with it; a row with two of its marks counts twice."""
        return self._counts[self._marks[rows]].sum(axis=1)

    def take(self, row: int) -> None:
        """All of the older part that shares a mark with `row` goes."""
        for mark in self._marks[row]:
            for other in self._older[mark]:
                if self.alive[other]:
                    self.alive[other] = False
                    self._counts[self._marks[other]] -= self._worth[other]
        self._counts[-1] = 0


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


def _worth(example: Example) -> float:
    return 1.0 if example.may_train else MEASURE_ONLY
