"""Numbers of the evaluation, checked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from moderation_model.contract import LabelReport
from moderation_model.measures import (
    area,
    calibration,
    calibration_error,
    macro,
    measure_label,
    measure_stars,
    precision_at,
    proportion,
    share,
)

NAN = math.nan
TRUTH, SCORES = np.array([0, 0, 1, 1, NAN]), np.array([0.1, 0.6, 0.5, 0.9, 0.0])


def measured(truth: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> LabelReport:
    return measure_label("toxic", truth, scores, scores >= threshold, threshold=threshold, harmless=np.zeros(100))


def test_a_share_has_wilsons_interval() -> None:
    figure = share([True] * 3 + [False] * 97)
    assert figure is not None
    assert (figure.value, figure.count) == (0.03, 100)
    assert (figure.low, figure.high) == (pytest.approx(0.0103, abs=1e-4), pytest.approx(0.0845, abs=1e-4))
    assert share([]) is None


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_unknown_rows_do_not_count() -> None:
    figure = area(TRUTH, SCORES)
    assert figure is not None
    assert (figure.value, figure.count) == (0.75, 4)
    assert 0 < figure.low < 0.75 < figure.high <= 1
    assert area(np.array([1.0, 1.0]), np.array([0.1, 0.2])) is None
    assert area(np.array([NAN]), np.array([0.1])) is None


def test_a_perfect_order_of_two_texts_is_not_called_certain() -> None:
    """With one positive and one negative Hanley and McNeil's variance is A(1 - A), which is Wilson's for one answer."""
    figure, wilson = area(np.array([0.0, 1.0]), np.array([0.2, 0.8])), proportion(1, 1)
    assert figure is not None
    assert wilson is not None
    assert (figure.value, figure.high) == (1.0, 1.0)
    assert figure.low == pytest.approx(wilson.low, abs=1e-6) == pytest.approx(0.2065, abs=1e-4)


def test_the_calibration_error_is_the_distance_between_what_is_said_and_what_is_so() -> None:
    assert calibration_error(np.array([0.9] * 10), np.array([1.0] * 9 + [0.0])) == pytest.approx(0.0)
    assert calibration_error(np.array([0.9] * 10), np.zeros(10)) == pytest.approx(0.9)
    two_bins = calibration_error(np.array([0.1, 0.1, 0.8, 0.8]), np.array([0, 1, 1, 1, NAN])[:4])
    assert two_bins == pytest.approx((0.4 * 2 + 0.2 * 2) / 4)
    figure = calibration(np.array([0.9] * 10 + [0.3]), np.array([1.0] * 9 + [0.0, NAN]))
    assert figure is not None
    assert figure.value == pytest.approx(0.0)
    assert figure.low <= figure.value <= figure.high
    assert figure.count == 10


def test_precision_in_chat_follows_from_recall_false_alarms_and_the_base_rate() -> None:
    positives, harmless = np.repeat([0.9, 0.1], 50), np.repeat([0.9, 0.1], [10, 9990])
    figure = precision_at(positives, harmless, 0.5, rate=0.02)
    assert figure is not None
    assert figure.value == pytest.approx(0.5 * 0.02 / (0.5 * 0.02 + 0.001 * 0.98))
    assert figure.low < figure.value < figure.high
    assert precision_at(positives, harmless, 0.95) is None
    assert precision_at(positives, harmless[:0], 0.5) is None


def test_one_label_is_measured_as_by_hand() -> None:
    report = measured(TRUTH, SCORES)
    assert (report.caught, report.missed, report.alarms, report.passed) == (2, 0, 1, 1)
    value = {name: figure.value for name, figure in report.figures.items()}
    assert value["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert value["precision"] == pytest.approx(2 / 3)
    assert value["recall"] == 1.0
    assert value["f1"] == pytest.approx(0.8)
    assert value["brier"] == pytest.approx((0.01 + 0.36 + 0.25 + 0.01) / 4)
    assert value["precision_at_base_rate"] == 1.0
    assert report.reliability == ((0.1, 0.0, 1), (0.5, 1.0, 1), (0.6, 0.0, 1), (0.9, 1.0, 1))
    assert report.roc == ((0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0))
    assert report.limits[0] == (0.0, 0.5, 1.0)
    for figure in report.figures.values():
        assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize("answer", [0.0, 1.0])
@pytest.mark.parametrize("count", [1, 3])
def test_a_label_with_one_kind_of_answer_has_no_area_and_still_its_counts(answer: float, count: int) -> None:
    report = measured(np.full(count, answer), np.linspace(0.2, 0.9, count))
    assert "roc_auc" not in report.figures
    assert report.caught + report.missed + report.alarms + report.passed == count
    assert ("recall" in report.figures) == (answer == 1.0)
    assert report.figures["brier"].count == count
    assert report.roc == report.precision_recall == report.limits == ()


def test_the_mean_over_labels_leaves_out_labels_without_the_figure() -> None:
    some, none = measured(TRUTH, SCORES), measured(np.zeros(3), np.full(3, 0.1))
    assert macro([some, none])["roc_auc"].value == 0.75
    assert macro([some, some])["recall"].value == 1.0


def test_stars_count_each_true_class_alike_in_the_mean_distance() -> None:
    figures, counts = measure_stars(np.array([1, 1, 5]), np.array([1, 2, 3]))
    assert figures["exact"].value == pytest.approx(1 / 3)
    assert figures["off_by_one"].value == pytest.approx(2 / 3)
    assert figures["macro_mae"].value == pytest.approx((0.5 + 2) / 2)
    assert counts == ((1, 1, 0, 0, 0), (0,) * 5, (0,) * 5, (0,) * 5, (0, 0, 1, 0, 0))
    assert measure_stars(np.array([], dtype=int), np.array([], dtype=int)) == ({}, ())
