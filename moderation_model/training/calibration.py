"""Calibration by label: a scale and a bias on the logit (Platt), fitted on `tune` only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

FEWEST = 20
"""Positives and negatives that a fit needs; with fewer the label keeps its logits as they are."""
SMALLEST_SCALE = 0.1
"""A fit may not turn the order of scores around, nor flatten it to nothing."""


def fit_calibration(logits: np.ndarray, truth: np.ndarray, labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """`logits` and `truth` (rows, labels), `truth` NaN where unknown -> by label `scale`, `bias` and the rows used."""
    found: dict[str, dict[str, float]] = {}
    for column, name in enumerate(labels):
        known = ~np.isnan(truth[:, column])
        values, answers = logits[known, column], truth[known, column] > 0.5
        counts = {"positives": float(answers.sum()), "negatives": float((~answers).sum())}
        scale, bias = 1.0, 0.0
        if min(counts.values()) >= FEWEST:
            fitted = LogisticRegression(C=10.0).fit(values[:, None], answers)
            if fitted.coef_[0, 0] >= SMALLEST_SCALE:
                scale, bias = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        found[name] = {"scale": round(scale, 6), "bias": round(bias, 6), **counts}
    return found


def calibrated(logits: np.ndarray, calibration: Mapping[str, Mapping[str, float]]) -> np.ndarray:
    """Scores (rows, labels) between 0 and 1, columns in the order of `calibration`."""
    scale = np.array([step["scale"] for step in calibration.values()])
    bias = np.array([step["bias"] for step in calibration.values()])
    return 1.0 / (1.0 + np.exp(-(logits * scale + bias)))
