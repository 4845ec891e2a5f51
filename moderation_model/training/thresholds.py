"""The limit of each label: the lowest score at which the stated precision is reached at the stated base rate."""

from __future__ import annotations

import numpy as np

from moderation_model.training.recipe import ThresholdGoal

HIGHEST = 0.98
"""No limit lies above this one: a label that nothing can reach would be a label switched off in silence."""


def choose(
    scores: np.ndarray,
    truth: np.ndarray,
    chat: np.ndarray,
    *,
    harmless: np.ndarray,
    own: np.ndarray,
    goal: ThresholdGoal,
) -> dict[str, float | str]:
    """The limit of one label and the numbers that chose it: the lowest one that meets both parts of the goal.

    `scores` and `truth` (rows,) are the labelled rows of `tune`, `truth` NaN where unknown, `chat` True for chat-like
    ones: positives come from those, or from all rows where they are too few. False alarms are counted among `harmless`
    (real chat lines in which nobody is accused), because the negatives of the labelled sets are chosen to be hard and
    are no sample of chat. Of `own`, scores of our own harmless sentences that look like abuse, at most
    `goal.own_harmless` may fire.
    """
    positives, where = scores[(truth > 0.5) & chat], "chat-like rows"
    if len(positives) < goal.min_positives:
        positives, where = scores[truth > 0.5], "all rows"
    base = {
        "positives": float(len(positives)),
        "positives_from": where,
        "harmless": float(len(harmless)),
        "own_harmless": float(len(own)),
        "base_rate": goal.base_rate,
    }
    if len(positives) < goal.min_positives or not len(harmless):
        return {"value": goal.floor, "chosen_by": f"floor: fewer than {goal.min_positives} positives", **base}
    limit, precision, recall, fired = goal.floor, 0.0, 0.0, 1.0
    for step in range(round(goal.floor * 200), round(HIGHEST * 200) + 1):
        limit = step / 200
        precision, recall = at_base_rate(positives, harmless, limit, goal.base_rate)
        fired = float((own >= limit).mean()) if len(own) else 0.0
        if precision >= goal.precision and fired <= goal.own_harmless:
            break
    why = (
        f"precision {goal.precision} at a base rate of {goal.base_rate} and at most {goal.own_harmless:.0%} of our own"
        f" harmless sentences, not below {goal.floor}"
    )
    measured = {"precision": round(precision, 4), "recall": round(recall, 4), "own_harmless_flagged": round(fired, 4)}
    return {"value": limit, "chosen_by": why, **measured, **base}


def at_base_rate(positives: np.ndarray, harmless: np.ndarray, limit: float, rate: float) -> tuple[float, float]:
    """Precision and recall of `score >= limit` if `rate` of all messages were positives; precision 1 if none fires."""
    recall = float((positives >= limit).mean())
    alarms = float((harmless >= limit).mean())
    fired = recall * rate + alarms * (1 - rate)
    return (recall * rate / fired if fired else 1.0), recall
