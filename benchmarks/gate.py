"""How often the gate is wrong: seeded trials of `judge` on simulated scores of models whose worth is known.

    python -m benchmarks.gate --json

Every trial draws a community anew. A message is a toxic one with probability 0.3, and both models see it through noise
that they partly share; scores are calibrated by construction, and both decide at 0.5. Labels come as in life: whatever
the champion flags is judged, of the rest one in four, so rows weigh 1 or 4. The champion is wrong on one of five.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from benchmarks import measuring
from moderation_model.gate import Calibration, Costs, Evidence, Passes, judge
from moderation_model.measures import calibration_error

TRIALS = 100
TOXIC = 0.3
AUDITED = 0.25
WRONG = 0.2
SHARED = 0.8
"""Correlation of what the two models see: a fine-tuned model mostly sees what its parent saw."""
ANCHORS, CHECKS, IDENTITIES, SENTENCES, HARMLESS = 2000, 1400, 62, 43, 4000
RIGHT, FLAGGED, LIKENESS = 0.95, 0.005, 0.95
"""Champion: share of suite sentences that it gets right, of harmless lines that it flags; and the suites' `SHARED`."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """What the challenger is, by construction, in shares: 0.05 is five points.

    `better`: fewer wrong decisions on messages. `forgot`: lost on the anchors. `accuses`: more harmless lines flagged.
    `against`: lost on the sentences of one identity.
    """

    better: float
    labels: int = 300
    forgot: float = 0.0
    accuses: float = 0.0
    against: float = 0.0


WORSE = {
    "one_point_worse": Challenger(-0.01),
    "two_points_worse": Challenger(-0.02),
    "two_points_worse_60_labels": Challenger(-0.02, labels=60),
    "five_points_worse": Challenger(-0.05),
    "better_but_forgot_five_points": Challenger(0.05, forgot=0.05),
    "better_but_flags_three_times_the_harmless": Challenger(0.05, accuses=0.01),
    "better_but_against_one_identity": Challenger(0.05, against=0.3),
}
BETTER = {
    "five_points_better": Challenger(0.05),
    "five_points_better_60_labels": Challenger(0.05, labels=60),
    "five_points_better_150_labels": Challenger(0.05, labels=150),
    "ten_points_better_150_labels": Challenger(0.1, labels=150),
}
NEITHER = {"just_as_good": Challenger(0.0)}
MOST_WORSE, FEWEST_BETTER = 5, 60


def simulate(challenger: Challenger, seed: int) -> Evidence:
    """One community's evidence."""
    chance = np.random.default_rng(seed)
    truth, scores, weights = _labelled(challenger, chance)
    wrong = [(each >= 0.5) != truth for each in scores]

    def suite(rows: int, lost: float | np.ndarray = 0.0, right: float = RIGHT) -> Passes:
        return _passes(chance, np.full(rows, right), np.full(rows, right) - lost)

    about = np.repeat(np.arange(IDENTITIES), SENTENCES)
    identity = suite(len(about), np.where(about == 0, challenger.against, 0.0))
    return Evidence(
        held_out=Costs(wrong[0].astype(float), wrong[1].astype(float), weights),
        anchors=suite(ANCHORS, challenger.forgot),
        checks=suite(CHECKS),
        identity=Passes(identity.champion, identity.challenger, tuple(f"identity {number}" for number in about)),
        harmless=suite(HARMLESS, challenger.accuses, 1 - FLAGGED),
        calibration=Calibration(
            calibration_error(scores[0], truth), calibration_error(scores[1], truth), rows=len(truth)
        ),
        labels=4 * len(truth),
    )


def promoted(challenger: Challenger, trials: int, *, first_seed: int = 0) -> int:
    """In how many of so many trials it is promoted."""
    return sum(judge(simulate(challenger, first_seed + trial)).promote for trial in range(trials))


def _labelled(
    challenger: Challenger, chance: np.random.Generator
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Truth, both models' scores, and weights of the labelled messages."""
    messages = 20 * challenger.labels
    truth = chance.random(messages) < TOXIC
    seen = _alike(chance, messages, SHARED)
    scores = []
    for noise, wrong in zip(seen, (WRONG, WRONG - challenger.better), strict=True):
        apart = _separation(wrong)
        evidence = 2 * apart * (np.where(truth, apart, -apart) + noise)
        scores.append(1 / (1 + np.exp(-evidence - np.log(TOXIC / (1 - TOXIC)))))
    odds = np.where(scores[0] >= 0.5, 1.0, AUDITED)
    rows = np.flatnonzero(chance.random(messages) < odds)[: challenger.labels]
    return truth[rows], (scores[0][rows], scores[1][rows]), 1 / odds[rows]


def _separation(wrong: float) -> float:
    """Half the distance of two unit normals for which the best decision is wrong so often, by halving."""
    normal, odds = NormalDist(), np.log(TOXIC / (1 - TOXIC))

    def errors(apart: float) -> float:
        limit = -odds / (2 * apart)
        return TOXIC * normal.cdf(limit - apart) + (1 - TOXIC) * (1 - normal.cdf(limit + apart))

    return _solve(lambda apart: wrong - errors(apart), 0.05, 5.0)


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def _passes(chance: np.random.Generator, before: np.ndarray, after: np.ndarray) -> Passes:
    """Rows that are right with these probabilities; who is right where follows noise that the two mostly share."""
    first, second = _alike(chance, len(before), LIKENESS)
    return Passes(first <= _limits(before), second <= _limits(after))


def _limits(shares: np.ndarray) -> np.ndarray:
    """Below which a unit normal lies so often."""
    kinds, numbers = np.unique(shares, return_inverse=True)
    return np.array([NormalDist().inv_cdf(kind) for kind in kinds])[numbers]


def _alike(chance: np.random.Generator, rows: int, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    shared, first, second = chance.normal(size=(3, rows))
    part, rest = np.sqrt(correlation), np.sqrt(1 - correlation)
    return part * shared + rest * first, part * shared + rest * second


def main() -> None:
    """Prints in how many of `TRIALS` each is promoted, as a table or with `--json` as one object."""
    given = measuring.arguments(__doc__).parse_args()
    figures = {name: promoted(each, TRIALS) for name, each in {**WORSE, **NEITHER, **BETTER}.items()}
    goals = [measuring.at_most(name, figures[name], MOST_WORSE) for name in WORSE]
    goals.append(measuring.at_least("five_points_better", figures["five_points_better"], FEWEST_BETTER))
    measuring.show(figures, goals, as_json=given.json, weights_name="none")


if __name__ == "__main__":
    main()
