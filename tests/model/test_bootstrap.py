"""The paired bootstrap: what is the same costs nothing, what is better shows, intervals hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from moderation_model.bootstrap import Bootstrapped, gain_of, mean_gain

FEW = 300


def rows(seed: int, count: int = 200, gain: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Two models' values: noise that they share, some of their own, and the challenger higher by `gain`."""
    chance = np.random.default_rng(seed)
    shared = chance.normal(size=count)
    return shared, shared + gain + chance.normal(scale=0.5, size=count)


def test_two_models_that_answer_alike_differ_by_nothing() -> None:
    same = np.array([0.0, 1.0, 1.0, 0.0])
    figure = mean_gain(same, same).figure()
    assert (figure.value, figure.low, figure.high, figure.count) == (0.0, 0.0, 0.0, 4)


def test_the_value_is_the_weighted_mean_of_the_differences() -> None:
    found = mean_gain(np.array([0.0, 0.0]), np.array([1.0, 0.0]), weights=np.array([1.0, 3.0]))
    assert found.value == pytest.approx(0.25)


def test_pairing_makes_a_small_gain_on_very_different_rows_visible() -> None:
    hard = np.linspace(0, 100, 60)
    assert mean_gain(hard, hard + 1.0).at_least(0.99) == pytest.approx(1.0)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    found = [mean_gain(*rows(seed), draws=FEW) for seed in range(FEW)]
    figures = [each.figure(0.9) for each in found]
    assert sum(figure.low <= 0.1 <= figure.high for figure in figures) / FEW == pytest.approx(0.9, abs=0.05)
    assert sum(each.at_least(0.9) <= 0.1 for each in found) / FEW == pytest.approx(0.9, abs=0.05)
    assert sum(each.at_most(0.9) >= 0.1 for each in found) / FEW == pytest.approx(0.9, abs=0.05)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    champion, challenger = rows(1, count=1000)
    theory = (challenger - champion).std() / np.sqrt(1000)
    assert mean_gain(champion, challenger).error == pytest.approx(theory, rel=0.05)


def test_rows_that_always_come_together_count_as_one() -> None:
    champion, challenger = rows(2, count=100)
    often = mean_gain(np.repeat(champion, 9), np.repeat(challenger, 9), clusters=np.repeat(np.arange(100), 9))
    assert often.error == pytest.approx(mean_gain(champion, challenger).error, rel=0.1)
    assert mean_gain(np.repeat(champion, 9), np.repeat(challenger, 9)).error < often.error / 2


def test_clusters_may_have_any_names_and_sizes() -> None:
    named = np.array(["b", "a", "b", "c"])
    found = mean_gain(np.zeros(4), np.array([1.0, 0.0, 1.0, 0.0]), clusters=named)
    assert found.value == pytest.approx(0.5)
    assert 0.0 <= found.at_least() <= 0.5 <= found.at_most() <= 1.0


def test_rows_of_weight_zero_do_not_count() -> None:
    found = mean_gain(np.zeros(3), np.array([1.0, 1.0, -9.0]), weights=np.array([2.0, 1.0, 0.0]))
    assert (found.value, found.count) == (1.0, 2)


def test_the_same_rows_give_the_same_bounds_again() -> None:
    assert mean_gain(*rows(3)).figure() == mean_gain(*rows(3)).figure()
    assert mean_gain(*rows(3)).figure() != mean_gain(*rows(3), seed=1).figure()


def test_any_statistic_can_be_compared_and_agrees_with_the_mean() -> None:
    champion, challenger = rows(4)
    found = gain_of(lambda chosen: float((challenger - champion)[chosen].mean()), len(champion))
    assert found.value == pytest.approx(mean_gain(champion, challenger).value)
    assert found.error == pytest.approx(mean_gain(champion, challenger).error, rel=0.15)


def test_a_statistic_may_draw_clusters_and_have_no_value_on_some_draws() -> None:
    values, clusters = np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1])
    seen: list[int] = []

    def statistic(chosen: np.ndarray) -> float:
        seen.append(len(chosen))
        return float("nan") if len(set(chosen.tolist())) < 4 else float(values[chosen].mean())

    found = gain_of(statistic, 4, clusters=clusters, draws=50)
    assert set(seen) == {4}
    assert 0 < len(found.draws) < 50
    assert set(found.draws.tolist()) == {2.0}


@pytest.mark.parametrize(
    ("champion", "challenger", "weights"),
    [
        ([], [], None),
        ([1.0], [float("nan")], None),
        ([1.0, 2.0], [1.0, 2.0], [1.0]),
        ([1.0], [1.0], [0.0]),
        ([1.0, 1.0], [1.0, 1.0], [1.0, -1.0]),
    ],
)
def test_rows_that_make_no_sense_are_refused(
    champion: list[float], challenger: list[float], weights: list[float] | None
) -> None:
    with pytest.raises(ValueError):
        mean_gain(np.array(champion), np.array(challenger), weights=None if weights is None else np.array(weights))


def test_a_statistic_without_any_value_is_refused() -> None:
    with pytest.raises(ValueError):
        gain_of(lambda chosen: float("nan"), 5)
    with pytest.raises(ValueError):
        gain_of(lambda chosen: 1.0, 0)


def test_bounds_never_lie_on_the_wrong_side_of_the_value() -> None:
    found = Bootstrapped(value=0.5, draws=np.array([0.6, 0.7]), count=2)
    assert found.at_least() == 0.5
    assert Bootstrapped(value=0.5, draws=np.array([0.1, 0.2]), count=2).at_most() == 0.5
