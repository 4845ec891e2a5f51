"""Many windows in few rows of fixed length, so that hardly a token of padding is computed and few shapes occur.

A row holds several windows side by side; attention is masked so that each sees only itself. Every new shape costs
oneDNN 6 ms and 1.5 MB for each linear layer, and CUDA a graph, so micro-batches come in few sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

ROWS = (32, 64, 128, 256, 512)
"""Lengths of a row. Attention costs a token half as much in a row of 32 as in one of 128."""
CPU_SIZES = (32, 64, 96, 128, 192, 256, 384, 512)
"""Tokens of one micro-batch. More than 512 is no faster, and large blocks of memory come from the kernel each time."""
CUDA_SIZES = (512, 2048, 8192, 32_768)
SHARED_FROM = 128
"""Below so many tokens a micro-batch is not split among cores: half of it would take nearly as long."""


class Micro(NamedTuple):
    """One forward pass over rows of `row` tokens.

    `tokens` (3, tokens) int64: each token's id, its place in its window, the slot of its window. Padding has the last
    slot, which is no window's. `counts` (slots,) float32: tokens of each slot's window, 1 without one. `windows`: which
    window has slot 0, 1, ...
    """

    row: int
    tokens: np.ndarray
    counts: np.ndarray
    windows: list[int]


Row = list[tuple[int, int]]
"""Where a row's windows start, and which windows they are."""


def pack(windows: Sequence[Sequence[int]], *, sizes: Sequence[int] = CPU_SIZES, workers: int = 1) -> list[Micro]:
    """All windows (none longer than the last of `ROWS` and of `sizes`) in micro-batches for `workers` cores."""
    rows = _rows([len(window) for window in windows])
    total = sum(length * len(found) for length, found in rows.items())
    most = _size(max(SHARED_FROM, -(-total // workers)), sizes, 1) if workers > 1 else sizes[-1]
    micros: list[Micro] = []
    for number, length in enumerate(ROWS):
        if not (waiting := rows.get(length)):
            continue
        tokens = max(size for size in sizes if size <= max(most, length) and size % length == 0)
        whole = len(waiting) // (tokens // length) * (tokens // length)
        for start in range(0, whole, tokens // length):
            micros.append(_micro(windows, waiting[start : start + tokens // length], length, tokens))
        rest = waiting[whole:]
        longer = any(rows.get(other) for other in ROWS[number + 1 :])
        if rest and longer:  # two rows make one of the next length, so that only one micro-batch is not full
            rows[ROWS[number + 1]] = [*rows.get(ROWS[number + 1], []), *_paired(rest, length)]
        elif rest:
            micros.append(_micro(windows, rest, length, _size(len(rest) * length, sizes, length)))
    return micros


def _rows(lengths: Sequence[int]) -> dict[int, list[Row]]:
    """Row length -> rows, each window in the row with the least room that still holds it; long windows first."""
    rows: dict[int, list[Row]] = {}
    open_rows: list[list[tuple[Row, int]]] = [[] for _ in range(ROWS[-1] + 1)]  # by room: the row, its length
    rooms = 0  # bit n: some row has room for n tokens
    for window in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length = max(2, lengths[window])  # so that the slots suffice: a window has its two marks
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row, size = open_rows[room].pop()
            if not open_rows[room]:
                rooms ^= 1 << room
        else:
            size = next(each for each in ROWS if each >= length)
            row, room = [], size
            rows.setdefault(size, []).append(row)
        row.append((size - room, window))
        room -= length
        if room > 1:
            open_rows[room].append((row, size))
            rooms |= 1 << room
    return rows


def _paired(rows: Sequence[Row], length: int) -> list[Row]:
    """Each two rows of `length` as one of twice the length; the last may stay half empty."""
    paired: list[Row] = []
    for start in range(0, len(rows), 2):
        first, *second = rows[start : start + 2]
        paired.append(first + [(at + length, window) for row in second for at, window in row])
    return paired


def _size(tokens: int, sizes: Sequence[int], row: int) -> int:
    """The smallest size that holds `tokens` in whole rows, the largest if none does."""
    whole = [size for size in sizes if size % row == 0]
    return next((size for size in whole if size >= tokens), whole[-1])


def _micro(windows: Sequence[Sequence[int]], rows: Sequence[Row], length: int, tokens: int) -> Micro:
    slots = tokens // 2 + 1  # `_rows` gives each window two places at least
    found, counts = np.zeros((3, tokens), dtype=np.int64), np.ones(slots, dtype=np.float32)
    ids, positions, owners = found
    owners[:] = slots - 1
    places = np.arange(length)
    held: list[int] = []
    for number, row in enumerate(rows):
        for at, window in row:
            count = len(windows[window])
            here = slice(number * length + at, number * length + at + count)
            ids[here], positions[here], owners[here] = windows[window], places[:count], len(held)
            counts[len(held)] = count
            held.append(window)
    return Micro(length, found, counts, held)
