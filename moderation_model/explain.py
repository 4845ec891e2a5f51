"""The explainer process: shap over words that it never sees.

It gets a number of words, asks its parent for the logit of masked variants (one character a word: 1 stays, 0 is masked)
and answers with one value a word. JSON lines over standard input and output:

    parent: {"words": 3, "budget": 200}       child: {"ask": ["000", "111"]}      (any number of times)
    parent: {"logits": [-4.1, 2.7]}           child: {"values": [...], "base": -4.1, "logit": 2.7, "evaluations": 8}

`{"logits": null}` ends an explanation early; the child then answers {"failed": sentence}. It exits when its input ends,
so it never outlives its parent. shap stays in this process because it takes 300 MB; torch never comes in.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO, TypedDict

import numpy as np

from moderation_model.word_values import Model, estimate

EXACT_WORDS = 8
"""Up to here all 2^n variants are scored."""
EVALUATIONS_A_WORD = 3
"""With at least as many, words are valued one by one (`word_values.py`); else as a tree, best branch first."""
BATCH = 64
"""Variants asked for at once by the tree; shap's default of 10 makes many small batches."""
NICENESS = 10
"""Scores of messages that wait go before the arithmetic of an explanation."""

Evaluate = Callable[[list[str]], list[float]]


class Found(TypedDict):
    """`values` (one a word) and `base` (the logit with all words masked) sum to `logit` (none masked)."""

    values: list[float]
    base: float
    logit: float
    evaluations: int


class AbandonedError(Exception):
    """The parent wants no answer any more."""


class WordMasker:
    """shap's view of n words: a mask stands for itself. Without a method `clustering`, as `Exact` needs it."""

    immutable_outputs = True

    def shape(self, words: np.ndarray) -> tuple[int, int]:
        """One variant a mask, one column a word."""
        return 1, len(words)

    def mask_shapes(self, words: np.ndarray) -> list[tuple[int]]:
        """One value a word."""
        return [(len(words),)]

    def __call__(self, mask: np.ndarray, words: np.ndarray) -> tuple[np.ndarray]:
        """The variant of one mask: (1, words)."""
        return (mask.reshape(1, -1),)


class TreeMasker(WordMasker):
    """The same with neighbours grouped two by two, as `Partition` needs it."""

    def clustering(self, words: np.ndarray) -> np.ndarray:
        """scipy's linkage form, (words - 1, 4): left, right, distance, size."""
        rows: list[tuple[int, int, int, int]] = []
        level = [(word, 1) for word in range(len(words))]
        while len(level) > 1:
            joined: list[tuple[int, int]] = []
            for (left, left_size), (right, right_size) in zip(level[::2], level[1::2], strict=False):
                size = left_size + right_size
                joined.append((len(words) + len(rows), size))
                rows.append((left, right, size, size))
            level = joined + level[len(level) - len(level) % 2 :]
        return np.array(rows, dtype=float).reshape(-1, 4)


def shapley(words: int, budget: int, evaluate: Evaluate) -> Found:
    """Values of `words` words (at least one), each variant scored once and at most about `budget` of them.

    Up to `EXACT_WORDS` words all variants are scored, whatever the budget. Longer texts get Shapley values by
    regression, and Owen values over a tree where the budget is too small for the number of words.
    """
    known: dict[str, float] = {}

    def model(masks: np.ndarray) -> np.ndarray:
        keys = ["".join("1" if bit else "0" for bit in mask) for mask in masks]
        fresh = [key for key in dict.fromkeys(keys) if key not in known]
        if fresh:
            known.update(zip(fresh, evaluate(fresh), strict=True))
        return np.array([known[key] for key in keys])

    if words <= EXACT_WORDS or words * EVALUATIONS_A_WORD > budget:
        values = _by_shap(words, budget, model)
    else:
        values = estimate(words, budget, model)
    return {
        "values": [float(value) for value in values],
        "base": known["0" * words],
        "logit": known["1" * words],
        "evaluations": len(known),
    }


def _by_shap(words: int, budget: int, model: Model) -> np.ndarray:
    """The values of shap's exact explainer for few words, else of its partition explainer, (words,)."""
    from shap import ExactExplainer, PartitionExplainer

    np.random.seed(0)  # shap breaks ties with the global generator; so the same text gets the same values
    row = np.ones((1, words))
    found: Any
    if words <= EXACT_WORDS:
        found = ExactExplainer(model, WordMasker())(row, batch_size=2**EXACT_WORDS, silent=True)
    else:
        model(np.array([[False] * words, [True] * words]))
        found = PartitionExplainer(model, TreeMasker())(row, max_evals=budget, batch_size=BATCH, silent=True)
    return found.values[0]


def serve(source: TextIO, sink: TextIO) -> None:
    """Answers requests from `source` on `sink` until `source` ends."""

    def send(message: Mapping[str, object]) -> None:
        sink.write(json.dumps(message) + "\n")
        sink.flush()

    def evaluate(masks: list[str]) -> list[float]:
        send({"ask": masks})
        line = source.readline()
        if not line:
            raise SystemExit(0)
        logits = json.loads(line)["logits"]
        if logits is None:
            raise AbandonedError
        return logits

    _warm_up()
    send({"ready": True})
    while line := source.readline():
        request = json.loads(line)
        try:
            send(shapley(request["words"], request["budget"], evaluate))
        except AbandonedError:
            send({"failed": "The explanation was abandoned."})
        except Exception as error:  # the parent turns it into an answer; the process stays usable
            send({"failed": f"The explanation failed ({type(error).__name__})."})


def _warm_up() -> None:
    """numba compiles for seconds at the first explanation of either kind: now, not when a moderator waits."""
    for words in (2, EXACT_WORDS + 1):
        shapley(words, 2 * words, lambda masks: [float(mask.count("1")) for mask in masks])


def main() -> None:
    """Runs the process. What shap or numba print goes to standard error, away from the answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group: the parent decides
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # shap's plots are not needed: 30 MB and a second
    serve(sys.stdin, sink)


if __name__ == "__main__":
    main()
