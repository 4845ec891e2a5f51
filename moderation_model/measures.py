"""Numbers of one label or share, each with its 95 % interval; arrays in, figures out, nothing is scored here.

Intervals: Wilson for shares; for ROC-AUC Hanley and McNeil's (1982) variance taken at the bounds (Newcombe, 2006), so
that a perfect order of few texts is not called certain; for average precision Wilson's with the positives as the count
(after Boyd, Eng and Page, 2013); for F1 and the calibration error a seeded bootstrap; for means the normal one.
Truth is 0, 1 or NaN where it is unknown; unknown rows are left out. A figure that has no meaning is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from moderation_model.contract import Figure, Figures, LabelReport

Z = 1.959964
BINS = 15
DRAWS = 400
POINTS = 100
"""Points of a curve that are kept."""
BASE_RATE = 0.02
"""The share of messages that are taken to be positives where precision in real chat is stated."""


def share(hits: Iterable[bool]) -> Figure | None:
    """A share with its Wilson interval."""
    answers = list(hits)
    return proportion(sum(map(bool, answers)), len(answers))


def proportion(hits: float, count: int) -> Figure | None:
    """`hits` of `count` with the Wilson interval."""
    if not count:
        return None
    part = hits / count
    middle = (part + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z * math.sqrt(part * (1 - part) / count + Z * Z / (4 * count * count)) / (1 + Z * Z / count)
    return Figure(part, min(part, max(0.0, middle - half)), max(part, min(1.0, middle + half)), count)


def mean(values: np.ndarray, *, most: float = 1.0) -> Figure | None:
    """The mean of values between 0 and `most` with its normal interval."""
    if not len(values):
        return None
    middle = float(values.mean())
    half = Z * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else most
    return Figure(middle, max(0.0, middle - half), min(most, middle + half), len(values))


def mean_figure(parts: Sequence[Figure]) -> Figure:
    """The mean of figures; its interval takes them as independent."""
    value = sum(part.value for part in parts) / len(parts)
    half = math.sqrt(sum(((part.high - part.low) / 2) ** 2 for part in parts)) / len(parts)
    return Figure(value, max(0.0, value - half), min(1.0, value + half), max(part.count for part in parts))


def area(truth: np.ndarray, scores: np.ndarray) -> Figure | None:
    """ROC-AUC; None where one class is absent."""
    truth, scores = known(truth, scores)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return None
    value = float(roc_auc_score(truth, scores))

    def spread(at: float) -> float:
        first, second = at / (2 - at), 2 * at * at / (1 + at)
        sums = at * (1 - at) + (positives - 1) * (first - at**2) + (negatives - 1) * (second - at**2)
        return Z * math.sqrt(max(0.0, sums) / (positives * negatives))

    def bound(far: float) -> float:
        """Between the value (where the spread is too large) and `far` (where it is too small), by halving."""
        near = value
        for _ in range(40):
            middle = (near + far) / 2
            near, far = (middle, far) if abs(value - middle) < spread(middle) else (near, middle)
        return near

    return Figure(value, bound(0.0), bound(1.0), positives + negatives)


def calibration_error(scores: np.ndarray, truth: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error over equally wide bins."""
    answers, scores = known(truth, scores)
    gaps = np.bincount(_bins(scores, bins), weights=scores - answers)
    return float(np.abs(gaps).sum() / max(1, len(scores)))


def calibration(scores: np.ndarray, truth: np.ndarray) -> Figure | None:
    """The calibration error with a bootstrap interval (seeded, so that the same scores give the same figure)."""
    answers, scores = known(truth, scores)
    if not len(scores):
        return None
    chance = np.random.default_rng(0)
    picked = (chance.integers(0, len(scores), len(scores)) for _ in range(DRAWS))
    low, high = np.quantile([calibration_error(scores[rows], answers[rows]) for rows in picked], [0.025, 0.975])
    value = calibration_error(scores, answers)
    # Resampling adds noise to every bin, so the draws lie above the estimate: the interval is widened to hold it.
    return Figure(value, min(value, float(low)), max(value, float(high)), len(scores))


def precision_at(positives: np.ndarray, harmless: np.ndarray, limit: float, rate: float = BASE_RATE) -> Figure | None:
    """Precision of `score >= limit` if `rate` of all messages were positives and the rest like `harmless`.

    Both shares are drawn from their Jeffreys posteriors for the interval. None if nothing fires at all.
    """
    caught, alarms = int((positives >= limit).sum()), int((harmless >= limit).sum())
    if not len(positives) or not len(harmless) or not caught + alarms:
        return None

    def precision(recall: np.ndarray | float, alarm: np.ndarray | float) -> np.ndarray | float:
        return recall * rate / (recall * rate + alarm * (1 - rate))

    chance = np.random.default_rng(0)
    recalls = chance.beta(caught + 0.5, len(positives) - caught + 0.5, 4000)
    false = chance.beta(alarms + 0.5, len(harmless) - alarms + 0.5, 4000)
    low, high = np.quantile(precision(recalls, false), [0.025, 0.975])
    value = float(precision(caught / len(positives), alarms / len(harmless)))
    return Figure(value, min(value, float(low)), max(value, float(high)), len(positives) + len(harmless))


def measure_label(
    name: str, truth: np.ndarray, scores: np.ndarray, flagged: np.ndarray, *, threshold: float, harmless: np.ndarray
) -> LabelReport:
    """Everything about one label. `flagged` (rows,) is what was decided; `harmless` are scores of real harmless chat.

    Precision and recall, F1 and the counts follow `flagged`; areas, calibration and curves follow `scores`.
    """
    fired = flagged[~np.isnan(truth)]
    answers, scores = known(truth, scores)
    passed, alarms, missed, caught = (int(n) for n in confusion_matrix(answers, fired, labels=[False, True]).ravel())
    figures: dict[str, Figure | None] = {"roc_auc": area(answers, scores)}
    if answers.any():
        value = float(average_precision_score(answers, scores))
        figures["average_precision"] = proportion(value * int(answers.sum()), int(answers.sum()))
        figures["f1"] = _f1(answers, fired)
    figures["precision"] = proportion(caught, caught + alarms)
    figures["recall"] = proportion(caught, caught + missed)
    figures["precision_at_base_rate"] = precision_at(scores[answers], harmless, threshold)
    figures["ece"] = calibration(scores, answers)
    figures["brier"] = _brier(answers, scores)
    both = bool(answers.any() and (~answers).any())
    return LabelReport(
        name=name,
        threshold=threshold,
        caught=caught,
        missed=missed,
        alarms=alarms,
        passed=passed,
        figures={key: figure for key, figure in figures.items() if figure},
        reliability=reliability(scores, answers),
        roc=_thinned(*roc_curve(answers, scores)[:2]) if both else (),
        precision_recall=_precision_recall(answers, scores) if both else (),
        limits=_limits(answers, scores) if both else (),
    )


def reliability(scores: np.ndarray, answers: np.ndarray, bins: int = 10) -> tuple[tuple[float, ...], ...]:
    """(mean score, share of positives, texts) of each equally wide bin that holds any text."""
    bin_of = _bins(scores, bins)
    counts = np.bincount(bin_of, minlength=bins)
    full = np.flatnonzero(counts)
    means = np.bincount(bin_of, weights=scores, minlength=bins)[full] / counts[full]
    shares = np.bincount(bin_of, weights=answers.astype(float), minlength=bins)[full] / counts[full]
    return tuple(
        (round(float(m), 4), round(float(s), 4), int(n)) for m, s, n in zip(means, shares, counts[full], strict=True)
    )


def measure_stars(true: np.ndarray, given: np.ndarray) -> tuple[dict[str, Figure], tuple[tuple[int, ...], ...]]:
    """Figures of ratings 1 to 5 and the counts by (true, given), five by five; nothing for no texts.

    `macro_mae` is the mean over the true classes of the mean distance in stars, so that rare ratings count as much.
    """
    if not len(true):
        return {}, ()
    away = np.abs(true - given)
    classes = [part for part in (mean(away[true == star], most=4.0) for star in range(1, 6)) if part]
    value = sum(part.value for part in classes) / len(classes)
    half = math.sqrt(sum(((part.high - part.low) / 2) ** 2 for part in classes)) / len(classes)
    found = {
        "exact": proportion(int((away == 0).sum()), len(true)),
        "off_by_one": proportion(int((away <= 1).sum()), len(true)),
        "macro_mae": Figure(value, max(0.0, value - half), min(4.0, value + half), len(true)),
    }
    counts = confusion_matrix(true, given, labels=[1, 2, 3, 4, 5])
    return {name: figure for name, figure in found.items() if figure}, tuple(tuple(map(int, row)) for row in counts)


def macro(reports: Sequence[LabelReport]) -> dict[str, Figure]:
    """Each figure as the mean over the labels that have it."""
    by_name: dict[str, list[Figure]] = {}
    for report in reports:
        for name, figure in report.figures.items():
            by_name.setdefault(name, []).append(figure)
    return {name: mean_figure(parts) for name, parts in by_name.items()}


def known(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth as True and False, and the scores, of the rows whose truth is known."""
    if truth.dtype == bool:
        return truth, scores
    rows = ~np.isnan(truth)
    return truth[rows] > 0.5, scores[rows]


def present(figures: Mapping[str, Figure | None]) -> Figures:
    """The figures that have a meaning."""
    return {name: figure for name, figure in figures.items() if figure}


def _f1(answers: np.ndarray, fired: np.ndarray) -> Figure:
    """F1; the counts are drawn anew for the interval, which is the same as drawing rows."""
    cells = confusion_matrix(answers, fired, labels=[False, True]).ravel()
    drawn = np.random.default_rng(0).multinomial(len(answers), cells / len(answers), DRAWS * 5)
    twice = 2 * drawn[:, 3]
    both = twice + drawn[:, 1] + drawn[:, 2]
    low, high = np.quantile(np.divide(twice, both, out=np.zeros(len(drawn)), where=both > 0), [0.025, 0.975])
    value = float(f1_score(answers, fired)) if fired.any() else 0.0
    return Figure(value, min(value, float(low)), max(value, float(high)), len(answers))


def _brier(answers: np.ndarray, scores: np.ndarray) -> Figure | None:
    spread = mean((scores - answers) ** 2)
    if spread is None:
        return None
    value = float(brier_score_loss(answers, scores, labels=[False, True]))
    return Figure(value, spread.low, spread.high, spread.count)


def _precision_recall(answers: np.ndarray, scores: np.ndarray) -> tuple[tuple[float, ...], ...]:
    precision, recall, _ = precision_recall_curve(answers, scores)
    # Without the made-up first point (no recall, full precision) and before the first positive is caught.
    some = recall > 0
    return _thinned(recall[some][::-1], precision[some][::-1])


def _limits(answers: np.ndarray, scores: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """(limit, precision, recall) for limits from 0 to 1; no precision where nothing fires any more."""
    rows: list[tuple[float, ...]] = []
    for step in range(51):
        fired = scores >= step / 50
        if fired.any():
            caught = int((fired & answers).sum())
            rows.append((step / 50, round(caught / int(fired.sum()), 4), round(caught / int(answers.sum()), 4)))
    return tuple(rows)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """At most about `POINTS` points of a curve whose x rises, the last one at each step, both ends included."""
    at = np.searchsorted(x, np.linspace(x[0], x[-1], POINTS), side="right") - 1
    rows = np.unique(np.concatenate([[0], at]))
    return tuple((round(float(x[row]), 4), round(float(y[row]), 4)) for row in rows)


def _bins(scores: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((scores * bins).astype(int), bins - 1)
