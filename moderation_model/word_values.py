"""Shapley values of words from few scored variants, for texts with too many words to score all 2^n variants.

Variants are asked for in pairs, some words and all the others. Half the difference of their two logits is an odd
function of z, where z_i is +1 for a kept word and -1 for a masked one:

    f(z) = sum a_i z_i + sum b_ijk z_i z_j z_k + ...

What two words do together cancels in it. Word i's Shapley value is 2 (a_i + sum of its b_ijk / 3 + ...), because every
product shares its credit evenly. `a` and `b` come from a Gaussian process regression with the prior variances `w_i` and
`TRIPLES w_i w_j w_k`; `w` follows the values found before, so words that do nothing cost nothing.

First every word is kept alone and left out alone. Then the `LEADING` words that moved the logit most are kept and
masked in every combination, while the others fall at random: each is kept with a chance that is itself drawn.

Against permutation values of 5,000 evaluations, 36 messages of 9 to 34 words, 160 evaluations: relative error 0.047,
without the combinations 0.056; shap's Kernel 0.096, Permutation 0.105, Partition 0.152. Pairs and regression are
KernelSHAP's (Covert and Lee, 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

LEADING = 7
"""Words that are combined in full: 64 pairs."""
TRIPLES = 0.5
NOISE = 0.01
"""Variance of everything of higher order, relative to a variant's."""
FLOOR = 0.2
"""What each word's prior gets in any case, in parts of the mean: so that no word is ruled out by its first figure."""
ROUNDS = 2

Model = Callable[[np.ndarray], np.ndarray]
"""Masks (variants, words), True for a kept word -> logits (variants,)."""


def estimate(words: int, budget: int, model: Model) -> np.ndarray:
    """One value a word, (words,); their sum is the logit of all words minus that of none.

    Asks `model` twice, together for at most `budget` variants, none of them twice; with less than `2 * words + 2` for
    just that many. The same logits give the same values.
    """
    everything, alone = np.ones((1, words), dtype=bool), np.eye(words, dtype=bool)
    differences = _half_differences(np.vstack([everything, alone]), model)
    whole = differences[0]
    values = differences[1:] + whole  # the mean of what a word adds to nothing and takes from everything
    leading = np.argsort(-np.abs(values), kind="stable")[:LEADING]
    mixed = _mixed(alone, leading, budget // 2 - 1 - words)
    if len(mixed):
        differences = np.concatenate([differences, _half_differences(mixed, model)])
    signs = np.where(np.vstack([everything, alone, mixed]), 1.0, -1.0)
    for _ in range(ROUNDS):
        values = _regress(signs, differences, _prior(values))
    return values


def _half_differences(kept: np.ndarray, model: Model) -> np.ndarray:
    """f of each row: half the logit of its words minus half that of all the others."""
    logits = model(np.vstack([kept, ~kept]))
    return (logits[: len(kept)] - logits[len(kept) :]) / 2.0


def _mixed(alone: np.ndarray, leading: np.ndarray, count: int) -> np.ndarray:
    """Up to `count` rows that are neither each other's complement nor that of one in `alone`, (rows, words)."""
    words = alone.shape[1]
    seen = {row.tobytes() for row in np.vstack([alone, ~alone, np.ones((1, words), bool), np.zeros((1, words), bool)])}
    found: list[np.ndarray] = []
    for row, _ in zip(_draws(words, leading), range(20 * max(0, count)), strict=False):
        if len(found) == count:
            break
        if row.tobytes() not in seen:
            seen |= {row.tobytes(), (~row).tobytes()}
            found.append(row)
    return np.array(found, dtype=bool).reshape(-1, words)


def _draws(words: int, leading: np.ndarray) -> Iterator[np.ndarray]:
    """Rows without end: all combinations of `leading` in random order, then again; the first is always kept."""
    chance = np.random.default_rng(0)
    rest = np.setdiff1d(np.arange(words), leading)
    places = np.arange(len(leading) - 1)
    while True:
        for combination in chance.permutation(2 ** len(places)):
            row = np.zeros(words, dtype=bool)
            row[leading[0]] = True
            row[leading[1:]] = (combination >> places) & 1
            kept = row.sum()
            row[rest] = chance.random(len(rest)) < chance.beta(kept + 1, len(leading) - kept + 1)
            yield row


def _prior(values: np.ndarray) -> np.ndarray:
    """The words' prior variances, (words,), together 1: else triples would matter more in long texts."""
    sizes = np.abs(values)
    sizes = sizes / sizes.max() if sizes.any() else np.ones_like(sizes)
    sizes = sizes + FLOOR * sizes.mean()
    return sizes / sizes.sum()


def _regress(signs: np.ndarray, observed: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The values' posterior mean, (words,). The first row is that of all words and is met exactly: so the sum is."""
    single = (signs * prior) @ signs.T
    cubes = (signs * prior**3) @ signs.T
    triple = (single**3 - 3.0 * single * (prior**2).sum() + 2.0 * cubes) / 6.0  # all products of three different words
    covariance = single + TRIPLES * triple
    noise = np.full(len(observed), NOISE * covariance.trace() / len(observed))
    noise[0] = 0.0
    weights = np.linalg.solve(covariance + np.diag(noise), observed)
    others = (signs * prior).sum(axis=1, keepdims=True) - signs * prior
    pairs = (others**2 - ((prior**2).sum() - prior**2)) / 2.0  # all products of two of the other words
    return 2.0 * (weights @ (signs * prior * (1.0 + TRIPLES * pairs / 3.0)))
