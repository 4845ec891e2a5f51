"""Drift is said where scores moved, and not where chance alone moved them."""

from __future__ import annotations

import math
import random

import pytest

from bot.core.drift import (
    EDGES,
    LEAST,
    SOME,
    Drift,
    Histograms,
    Shares,
    UnknownWords,
    drift,
    stability_index,
)

BINS = len(EDGES) + 1


def sample(seed: int, number: int, shape: float) -> tuple[int, ...]:
    """Scores of so many messages, most of them near 0; a greater shape lets more of them be high."""
    numbers, counts = random.Random(seed), [0] * BINS
    for _ in range(number):
        score = numbers.betavariate(shape, 8)
        counts[sum(score >= edge for edge in EDGES)] += 1
    return tuple(counts)


def test_the_index_is_that_of_the_formula() -> None:
    before, now = (99_999, 299_999), (199_999, 199_999)
    assert stability_index(before, now) == pytest.approx(0.25 * math.log(2) - 0.25 * math.log(0.5 / 0.75), rel=1e-4)
    assert stability_index(before, before) == 0
    with pytest.raises(ValueError, match="bin by bin"):
        stability_index((1, 2), (1, 2, 3))


def test_chance_alone_is_no_drift_in_a_hundred_weeks() -> None:
    indices = [stability_index(sample(seed, LEAST, 0.4), sample(seed + 1000, LEAST, 0.4)) for seed in range(100)]
    assert max(indices) < SOME


def test_scores_that_moved_are_named_with_the_label_that_moved_most() -> None:
    found = drift(
        {
            "toxic": Histograms(sample(1, 600, 0.4), sample(2, 600, 0.4)),
            "identity_hate": Histograms(sample(1, 600, 0.4), sample(2, 600, 0.8)),
        }
    )
    assert found is not None
    assert found.sentence.startswith("scores of identity hate moved much (PSI 0.")


def test_few_messages_say_nothing_of_drift() -> None:
    assert drift({"toxic": Histograms(sample(1, LEAST - 1, 0.4), sample(2, 5000, 2.0))}) is None
    assert drift({}) is None


def test_a_small_index_is_read_as_before() -> None:
    assert Drift("toxic", 0.034).sentence == "scores as before (PSI 0.03)"
    assert Drift("toxic", 0.13).sentence == "scores of toxic moved a little (PSI 0.13)"


def words(before: float, now: float, *, messages: int = 2000) -> UnknownWords:
    """Messages with one word each, known or not."""
    return UnknownWords(Shares(messages, before, before), Shares(messages, now, now))


def test_more_unknown_words_are_said_with_how_many_there_were() -> None:
    moved = words(0.04, 0.09)
    assert moved.moved
    assert moved.sentence == "9.0 % of words unknown to me, 4.0 % before"
    assert Drift("toxic", 0.03, moved).sentence == "scores as before (PSI 0.03); " + moved.sentence


def test_a_change_by_chance_or_of_no_weight_is_as_before() -> None:
    assert words(0.040, 0.049).sentence == "4.9 % of words unknown to me, as before"
    assert not words(0.040, 0.052).moved
    assert words(0.040, 0.052, messages=50_000).moved
    assert not words(0.040, 0.048, messages=500_000).moved


def test_unknown_words_of_few_messages_are_not_spoken_of() -> None:
    found = {"toxic": Histograms(sample(1, 600, 0.4), sample(2, 600, 0.4))}
    for few, spoken in ((words(0.1, 0.5), True), (words(0.1, 0.5, messages=LEAST - 1), False)):
        told = drift(found, few)
        assert told is not None
        assert (told.words is not None) is spoken
