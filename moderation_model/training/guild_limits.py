"""The limits a challenger needs in each guild: by the guild's own verdicts, else so that it flags as much as before.

Another model means other scores: the same limit would flag more or less than the guild is used to. Both ways are tied
to the same neutral texts, scored by both models, so that a handful of verdicts cannot open the gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from moderation_model.learning import Example
from moderation_model.training.thresholds import HIGHEST

LOWEST = 0.05
FEWEST_KNOWN, FEWEST_OF_EACH = 40, 10
"""Verdicts on a label, and right and wrong ones among them, that a limit of one's own needs."""
FEWEST_FLAGGED = 10
"""A precision over fewer verdicts says nothing."""
MORE_FLAGS = 0.01
"""By so much of the neutral texts a limit chosen by verdicts may flag more than the champion does."""
_STEPS = 200


def guild_limits(
    examples: Sequence[Example],
    scores: np.ndarray,
    *,
    labels: Sequence[str],
    current: Mapping[str, Mapping[str, float]],
    champion: np.ndarray,
    challenger: np.ndarray,
    goals: Callable[[str], float],
) -> dict[str, dict[str, float]]:
    """By guild and label the challenger's limit.

    `examples` choose limits and measure nothing else; `scores` (examples, labels) are the challenger's. `current` are
    the limits in force. `champion` and `challenger` (texts, labels): scores of the same neutral texts. `goals`: the
    precision that a guild wants.
    """
    weights = np.array([1 / example.inclusion_probability for example in examples])
    found: dict[str, dict[str, float]] = {}
    for guild, limits in current.items():
        found[guild] = {}
        for name, limit in limits.items():
            column = list(labels).index(name)
            before, now = champion[:, column], challenger[:, column]
            known = [row for row, each in enumerate(examples) if each.guild == guild and name in each.labels]
            truth = np.array([examples[row].labels[name] > 0.5 for row in known], dtype=bool)
            lowest = same_rate(before, now, limit, more=MORE_FLAGS)
            chosen = by_goal(scores[known, column], truth, weights[known], goal=goals(guild), lowest=lowest)
            found[guild][name] = same_rate(before, now, limit) if chosen is None else chosen
    return found


def same_rate(champion: np.ndarray, challenger: np.ndarray, limit: float, *, more: float = 0.0) -> float:
    """The limit at which `challenger` (texts,) flags as many texts as `champion` does at `limit`.

    `more`: flag that share of the texts in addition. Where the champion flags none or all, or both models are the same,
    the limit stays.
    """
    if not more and np.array_equal(champion, challenger):
        return limit
    fired = int((champion >= limit).sum())
    if not 0 < fired < len(champion):
        return limit
    fired = min(fired + round(more * len(champion)), len(champion) - 1)
    ordered = np.sort(challenger)[::-1]
    return _within(float((ordered[fired - 1] + ordered[fired]) / 2))


def by_goal(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray, *, goal: float, lowest: float) -> float | None:
    """The lowest limit from `lowest` on with that precision; where none has it, the one that comes nearest.

    All (rows,); a row of weight w stands for w messages. None with too few verdicts to tell.
    """
    if len(truth) < FEWEST_KNOWN or min(truth.sum(), (~truth).sum()) < FEWEST_OF_EACH:
        return None
    best: tuple[float, float] | None = None
    for limit in (lowest, *(step / _STEPS for step in range(int(lowest * _STEPS) + 1, round(HIGHEST * _STEPS) + 1))):
        fired = scores >= limit
        if fired.sum() < FEWEST_FLAGGED:
            break
        precision = float(weights[fired & truth].sum() / weights[fired].sum())
        if precision >= goal:
            return _within(limit)
        if best is None or precision > best[0]:
            best = precision, limit
    return _within(best[1]) if best else None


def _within(limit: float) -> float:
    return round(min(max(limit, LOWEST), HIGHEST), 4)
