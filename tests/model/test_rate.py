"""How often one caller may ask: so many at once, so many a second for long, in bounded memory."""

from __future__ import annotations

import pytest

from moderation_model.doors import MOST_ADDRESSES, Rate


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_may_ask_so_often_at_once_and_so_often_a_second_for_long() -> None:
    clock = Clock()
    rate = Rate(10, clock)
    assert [rate.wait("one") for _ in range(10)] == [0.0] * 10
    assert rate.wait("one") == pytest.approx(0.1)
    assert rate.wait("other") == 0.0
    for _ in range(50):
        clock.now += 0.1
        assert rate.wait("one") == 0.0
        assert rate.wait("one") > 0.0
    clock.now += 60.0
    assert [rate.wait("one") > 0.0 for _ in range(11)] == [False] * 10 + [True]


def test_less_than_one_request_a_second_can_be_allowed() -> None:
    clock = Clock()
    rate = Rate(0.1, clock)
    assert rate.wait("one") == 0.0
    assert rate.wait("one") == pytest.approx(10.0)
    clock.now = 10.0
    assert rate.wait("one") == 0.0


def test_any_number_of_callers_takes_bounded_memory() -> None:
    rate = Rate(10, Clock())
    for number in range(MOST_ADDRESSES + 500):
        rate.wait(number)
    assert len(rate._paid_until) == MOST_ADDRESSES
