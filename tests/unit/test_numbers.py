"""Numbers are said with what they carry, and not at all where they carry nothing."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest

from bot.core.numbers import Audits, Precision, precision_by_label, recall, response_time, wilson


def test_precision_is_said_with_its_interval():
    assert Precision(31, 36).sentence == "31 of 36 right, 71 to 94 %"


def test_precision_without_verdicts_says_so():
    assert Precision(0, 0).sentence == "no verdict yet"


def test_a_share_is_not_said_before_ten_verdicts():
    assert Precision(8, 9).sentence == "8 of 9 right, too few to say more"
    assert Precision(9, 10).sentence == "9 of 10 right, 60 to 98 %"


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)]
)
def test_the_interval_of_a_share_is_wilsons(successes: int, trials: int, low: float, high: float):
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_nothing_tried_says_nothing():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


def test_labels_count_only_what_was_right_or_wrong():
    found = precision_by_label(
        {"insult": {"right": 3, "wrong": 1, "missing": 9, "unknown": 9}, "threat": {"missing": 2}}
    )
    assert found == {"insult": Precision(3, 4)}


def test_recall_is_not_said_before_ten_misses():
    few = recall(Audits(misses=(0.1,) * 9, answered=200, drawn=200, confirmed=100, judged=120, flagged=120))
    assert few.value is None
    assert few.sentence == "too few to say what is missed: 9 missed among 200 checked, and it takes 10"


def test_recall_is_not_said_where_nothing_was_confirmed():
    none = recall(Audits(misses=(0.1,) * 20, answered=200, drawn=200))
    assert none.value is None
    assert none.sentence.endswith("20 missed among 200 checked, and no flag was confirmed yet")


def test_recall_without_an_answered_audit_says_so():
    assert recall(Audits(drawn=7, confirmed=3, judged=3, flagged=3)).sentence == "no audit was answered yet"


def test_a_rare_draw_stands_for_many_messages():
    said = recall(Audits(misses=(0.1,) * 10, answered=300, drawn=300, confirmed=300, judged=400, flagged=400))
    assert said.value == pytest.approx(0.75)
    assert said.sentence.startswith("about 75 % of what breaks the rules is flagged, ")
    assert said.sentence.endswith("(10 missed among 300 checked)")


def test_what_nobody_answered_is_taken_to_be_like_the_rest():
    half = recall(Audits(misses=(0.1,) * 10, answered=150, drawn=300, confirmed=300, judged=400, flagged=400))
    assert half.value == pytest.approx(300 / 500)
    half = recall(Audits(misses=(0.1,) * 10, answered=300, drawn=300, confirmed=300, judged=400, flagged=800))
    assert half.value == pytest.approx(600 / 700)


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth, "The Art of Computer Programming" 2, section 3.4.1."""
    product, count = rng.random(), 0
    while product > math.exp(-mean):
        product, count = product * rng.random(), count + 1
    return count


def test_the_interval_of_recall_holds_the_truth_about_nineteen_times_in_twenty():
    rng = random.Random(7)
    held = said = 0
    for _ in range(600):
        confirmed = _poisson(rng, 90)
        misses = (0.5,) * _poisson(rng, 15) + (0.1,) * _poisson(rng, 6)  # 30 and 60 missed messages on average
        told = recall(Audits(misses, answered=400, drawn=400, confirmed=confirmed, judged=120, flagged=120))
        if told.interval is not None:
            said += 1
            held += told.interval.low <= 0.5 <= told.interval.high
    assert said > 500
    assert 0.92 < held / said < 0.99


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        ([], "no case was answered yet"),
        ([0.5], "half of them answered within 30 s (1 case)"),
        ([3, 14, 600], "half of them answered within 14 min (3 cases)"),
        ([60, 120, 240, 300], "half of them answered within 3 h (4 cases)"),
        ([60 * 36], "half of them answered within 36 h (1 case)"),
        ([60 * 72], "half of them answered within 3 days (1 case)"),
        ([*range(2, 20, 2), 600], "half of them answered within 11 min, 9 of 10 within 18 min (10 cases)"),
    ],
)
def test_the_median_wait_is_said_in_a_unit_that_fits(minutes: list[float], sentence: str):
    assert response_time([timedelta(minutes=each) for each in minutes]).sentence == sentence
