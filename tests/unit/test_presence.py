"""What nobody covered was away, however the spells overlap."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.core.presence import away
from tests.builders import NOON


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("spells", "minutes"),
    [
        ([], 60),
        ([(0, 60)], 0),
        ([(-30, 90)], 0),
        ([(10, 50)], 20),
        ([(30, 60), (0, 20)], 10),
        ([(0, 40), (10, 20), (30, 60)], 0),
        ([(-20, -10), (70, 80)], 60),
    ],
)
def test_what_no_process_covered_was_away(spells: list[tuple[float, float]], minutes: float) -> None:
    found = away([(at(begin), at(end)) for begin, end in spells], since=at(0), until=at(60))
    assert found == timedelta(minutes=minutes)
