"""Windows in rows: each whole and alone in its place, little padding, few shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measuring import generated
from moderation_model.backends.packing import CPU_SIZES, CUDA_SIZES, ROWS, Micro, pack

LENGTHS = st.lists(st.integers(1, 512), max_size=60)


def windows_of(lengths: list[int]) -> list[tuple[int, ...]]:
    return [tuple(1000 * number + place for place in range(length)) for number, length in enumerate(lengths, 1)]


def unpacked(micros: list[Micro]) -> dict[int, tuple[int, ...]]:
    """What stands in the micro-batches, by window; checks that each window stands in one piece in one row."""
    found: dict[int, tuple[int, ...]] = {}
    for micro in micros:
        ids, positions, owners = micro.tokens
        for slot, window in enumerate(micro.windows):
            (places,) = np.nonzero(owners == slot)
            assert places[0] // micro.row == places[-1] // micro.row
            assert positions[places].tolist() == list(range(len(places)))
            assert micro.counts[slot] == len(places)
            assert window not in found
            found[window] = tuple(ids[places].tolist())
        assert (owners[owners >= len(micro.windows)] == len(micro.counts) - 1).all()
        assert len(micro.windows) < len(micro.counts)
    return found


@given(LENGTHS, st.sampled_from([CPU_SIZES, CUDA_SIZES]), st.integers(1, 16))
def test_every_window_stands_whole_in_one_row(lengths: list[int], sizes: tuple[int, ...], workers: int) -> None:
    windows = windows_of(lengths)
    micros = pack(windows, sizes=sizes, workers=workers)
    assert unpacked(micros) == dict(enumerate(windows))
    assert all(micro.tokens.shape[1] in sizes and micro.tokens.shape[1] % micro.row == 0 for micro in micros)
    assert {micro.row for micro in micros} <= set(ROWS)


def test_many_chat_lines_leave_hardly_a_place_empty() -> None:
    lengths = [min(128, 2 + round(1.3 * len(line.split()))) for line in generated(2_000)]
    places = sum(micro.tokens.shape[1] for micro in pack(windows_of(lengths)))
    assert sum(lengths) / places > 0.97


def test_one_short_text_is_one_small_pass() -> None:
    [micro] = pack(windows_of([12]), workers=8)
    assert micro.tokens.shape[1] == 32


@pytest.mark.parametrize("workers", [2, 4])
def test_a_batch_is_shared_among_the_cores(workers: int) -> None:
    assert len(pack(windows_of([20] * 64), workers=workers)) >= workers
    assert len(pack(windows_of([20] * 4), workers=workers)) == 1  # half of so little would take nearly as long
