"""The limit of each label: the lowest score at which the stated precision is reached at the stated base rate."""

from __future__ import annotations

import numpy as np

from moderation_model.training.recipe import ThresholdGoal

HIGHEST = 0.98
"""No limit lies above this one: a label that nothing can reach would be a label switched off in silence."""


def choose(scores: np.ndarray, truth: np.ndarray, harmless: np.ndarray, goal: ThresholdGoal) -> dict[str, float | str]:
    """The limit of one label and the numbers that chose it.

    `scores` and `truth` (rows,) are the labelled rows of `tune`, `truth` NaN where unknown; `harmless` (rows,) are the
    scores of real chat lines in which nobody is accused. Positives come from `truth`; false alarms are counted among
    `harmless` only, because the negatives of the labelled sets are chosen to be hard and are no sample of chat.
    """
    positives = scores[truth > 0.5]
    base = {"positives": float(len(positives)), "harmless": float(len(harmless)), "base_rate": goal.base_rate}
    if len(positives) < goal.min_positives or not len(harmless):
        return {"value": goal.floor, "chosen_by": f"floor: fewer than {goal.min_positives} positives", **base}
    for step in range(round(goal.floor * 200), round(HIGHEST * 200) + 1):
        limit = step / 200
        precision, recall = at_base_rate(positives, harmless, limit, goal.base_rate)
        if precision >= goal.precision:
            break
    else:
        limit = HIGHEST
        precision, recall = at_base_rate(positives, harmless, limit, goal.base_rate)
    why = f"precision {goal.precision} at a base rate of {goal.base_rate}, not below {goal.floor}"
    return {"value": limit, "chosen_by": why, "precision": round(precision, 4), "recall": round(recall, 4), **base}


def at_base_rate(positives: np.ndarray, harmless: np.ndarray, limit: float, rate: float) -> tuple[float, float]:
    """Precision and recall of `score >= limit` if `rate` of all messages were positives; precision 1 if none fires."""
    recall = float((positives >= limit).mean())
    alarms = float((harmless >= limit).mean())
    fired = recall * rate + alarms * (1 - rate)
    return (recall * rate / fired if fired else 1.0), recall
