"""Explanations of the weights in the box: what they call important is what the score hangs on."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from moderation_model import explain, registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.checks.suite import read_suite
from moderation_model.explainer import MASK
from moderation_model.scoring import predict

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's plots, imported with it

MESSAGES = 200
BUDGET = 64
RANDOM_SETS = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """One flagged message: its words, the label's column among the logits, and what `explain.shapley` found."""

    words: tuple[str, ...]
    column: int
    values: np.ndarray
    base: float
    logit: float

    def masked(self, chosen: set[int]) -> str:
        return " ".join(MASK if place in chosen else word for place, word in enumerate(self.words))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return BACKENDS["torch"](registry.default_folder(), device="cpu", threads=1)


def logits(classifier: Classifier, texts: list[str], columns: list[int]) -> np.ndarray:
    found = classifier.logits([windows[0] for windows in classifier.encode(texts)]).toxicity
    return found[np.arange(len(texts)), columns].astype(float)


def explained(classifier: Classifier, text: str, label: str) -> Explained:
    words, column = tuple(text.split()), classifier.info.labels.index(label)

    def evaluate(masks: list[str]) -> list[float]:
        texts = [
            " ".join(word if bit == "1" else MASK for word, bit in zip(words, mask, strict=True)) for mask in masks
        ]
        return logits(classifier, texts, [column] * len(texts)).tolist()

    found = explain.shapley(len(words), BUDGET, evaluate)
    return Explained(words, column, np.array(found["values"]), found["base"], found["logit"])


@pytest.fixture(scope="module")
def messages(classifier: Classifier) -> list[Explained]:
    """Flagged lines of the checks that no training has seen; of 7 and 8 words none, they would take longest."""
    lines = [case for check in read_suite() if check.flagged for case in check.cases]
    lines = [line for line in lines if len(line.split()) in {4, 5, 6, *range(9, 22)}]
    random.Random(1).shuffle(lines)
    flagged = [
        (line, found.flagged[0]) for line, found in zip(lines, predict(lines, classifier), strict=True) if found.flagged
    ]
    return [explained(classifier, line, label) for line, label in flagged[:MESSAGES]]


def test_values_sum_to_the_logit_minus_the_base_value(messages: list[Explained]) -> None:
    assert len(messages) == MESSAGES
    assert all(abs(one.values.sum() + one.base - one.logit) < 0.01 for one in messages)


def test_without_its_top_words_a_message_scores_lower_than_without_as_many_others(
    classifier: Classifier, messages: list[Explained]
) -> None:
    chance = random.Random(2)
    texts: list[str] = []
    columns: list[int] = []
    for one in messages:
        count = max(1, len(one.words) // 5)
        texts.append(one.masked(set(np.argsort(-one.values)[:count].tolist())))
        places = range(len(one.words))
        texts.extend(one.masked(set(chance.sample(places, count))) for _ in range(RANDOM_SETS))
        columns.extend([one.column] * (1 + RANDOM_SETS))
    scores = 1.0 / (1.0 + np.exp(-logits(classifier, texts, columns).reshape(len(messages), -1)))
    whole = 1.0 / (1.0 + np.exp(-np.array([one.logit for one in messages])))
    top, others = whole - scores[:, 0], whole - scores[:, 1:].mean(axis=1)
    assert (top > others).mean() >= 0.9
    assert top.mean() > 2 * others.mean()
