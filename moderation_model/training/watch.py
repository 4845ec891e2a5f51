"""What the training looks at while it runs: how good the model is on `tune`, for early stopping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import roc_auc_score

from moderation_model.labels import LABEL_NAMES
from moderation_model.training.dataset import Row

FEWEST = 10
"""Positives and negatives that an area needs before it may steer the training."""


def tune_score(rows: Sequence[Row], toxicity: np.ndarray, sentiment: np.ndarray) -> dict[str, float]:
    """How good logits (rows, 6) and (rows, 5) are on labelled `rows`.

    Gives the mean ROC-AUC of the known labels by source, "stars" (share of ratings met exactly) and "score", the mean
    of all these; sources with fewer than `FEWEST` positives or negatives of a label do not count for it.
    """
    found: dict[str, float] = {}
    sources = np.array([row.source for row in rows])
    truth = np.array([[row.labels.get(name, np.nan) for name in LABEL_NAMES] for row in rows])
    for source in sorted(set(sources)):
        here = sources == source
        areas = [_area(truth[here, column], toxicity[here, column]) for column in range(len(LABEL_NAMES))]
        known = [area for area in areas if area is not None]
        if known:
            found[source] = float(np.mean(known))
    rated = [number for number, row in enumerate(rows) if row.stars]
    if rated:
        wanted = np.array([np.argmax(rows[number].stars or ()) for number in rated])
        found["stars"] = float((sentiment[rated].argmax(1) == wanted).mean())
    return {**found, "score": float(np.mean(list(found.values()))) if found else 0.0}


def _area(truth: np.ndarray, scores: np.ndarray) -> float | None:
    known = ~np.isnan(truth)
    answers = truth[known] > 0.5
    if min(answers.sum(), (~answers).sum()) < FEWEST:
        return None
    return float(roc_auc_score(answers, scores[known]))
