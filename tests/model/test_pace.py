"""How long an idle model waits for more: not at all for one who writes alone, never longer than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation_model.pace import Pace

MOST = 0.005


def arrivals(gap: float, number: int, *, start: float = 100.0) -> tuple[Pace, float]:
    """A pace after so many arrivals, and the moment of the last."""
    pace, now = Pace(MOST), start
    for _ in range(number):
        pace.arrived(now := now + gap, idle=0.0)
    return pace, now


@pytest.mark.parametrize("gap", [10.0, 0.1, 0.012, 0.004])
def test_rows_that_come_one_by_one_run_at_once(gap: float) -> None:
    pace, now = arrivals(gap, 200)
    assert pace.until(now) == now


def test_callers_who_all_come_back_after_a_batch_are_waited_for() -> None:
    pace, now = Pace(MOST), 100.0
    for number in range(200):
        pace.arrived(now := now + (0.03 if number % 8 == 0 else 0.0005), idle=0.0)
    pace.arrived(now := now + 0.03, idle=0.0)
    assert now < pace.until(now) <= now + MOST


def test_while_rows_come_fast_the_next_are_waited_for_until_they_pause() -> None:
    pace, now = arrivals(0.0005, 200)
    assert pace.until(now) == pytest.approx(now + 0.001, abs=1e-4)
    pace.arrived(now + 0.0005, idle=0.0)
    assert pace.until(now) == pytest.approx(now + 0.0015, abs=1e-4)


def test_after_a_time_without_work_nobody_is_waited_for() -> None:
    pace, now = arrivals(0.0005, 200)
    pace.arrived(now + 0.1, idle=0.1)
    assert pace.until(now + 0.1) == now + 0.1


@given(st.lists(st.floats(0.0, 0.05), min_size=1, max_size=100), st.floats(0.0, 0.02))
def test_nobody_ever_waits_longer_than_the_most(gaps: list[float], most: float) -> None:
    pace, now = Pace(most), 100.0
    for gap in gaps:
        pace.arrived(now := now + gap, idle=0.0)
        assert pace.until(now) <= now + most


def test_a_longest_wait_of_nothing_is_no_wait() -> None:
    pace = Pace(0.0)
    for number in range(100):
        pace.arrived(100.0 + number / 10_000, idle=0.0)
    assert pace.until(100.01) == 100.01
