"""What words are worth: exactly for few words, nearly for many, and never at the cost of asking twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest

from moderation_model import explain

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's plots, imported with it


@dataclass
class Counting:
    """A set function over words that counts how often each variant is asked for."""

    weights: Iterable[float]
    bonus: float = 0.0
    asked: int = 0
    seen: set[str] | None = None

    def __call__(self, masks: list[str]) -> list[float]:
        self.seen = self.seen or set()
        self.asked += len(masks)
        self.seen.update(masks)
        return [self._one(mask) for mask in masks]

    def _one(self, mask: str) -> float:
        total = sum(weight for weight, bit in zip(self.weights, mask, strict=True) if bit == "1")
        return total + (self.bonus if mask[0] == mask[-1] == "1" else 0.0) - 3.0


@pytest.mark.parametrize("words", [1, 2, 7, 8, 9, 25, 33, 34, 60])
def test_values_and_base_sum_to_the_logit_and_each_variant_is_scored_once(words: int) -> None:
    model = Counting([0.1 * (index + 1) for index in range(words)], bonus=2.0)
    found = explain.shapley(words, 100, model)
    values = np.array(found["values"])
    assert len(values) == words
    assert found["base"] == pytest.approx(-3.0)
    assert values.sum() + found["base"] == pytest.approx(found["logit"], abs=1e-6)
    assert model.asked == len(model.seen or ()) == found["evaluations"]
    assert model.asked <= (2**words if words <= 8 else 100)


@pytest.mark.parametrize("words", [2, 8])
def test_each_word_of_an_additive_model_gets_exactly_its_weight(words: int) -> None:
    weights = [(-1.0) ** index * (index + 1) for index in range(words)]
    assert explain.shapley(words, 100, Counting(weights))["values"] == pytest.approx(weights)


@pytest.mark.parametrize("words", [9, 16, 30])
def test_in_longer_texts_it_gets_nearly_its_weight(words: int) -> None:
    weights = [(-1.0) ** index * (index + 1) for index in range(words)]
    assert explain.shapley(words, 128, Counting(weights))["values"] == pytest.approx(weights, abs=0.1 * words)


def test_in_longer_texts_two_words_that_only_count_together_share_the_credit() -> None:
    values = explain.shapley(20, 128, Counting([0.0] * 20, bonus=2.0))["values"]
    assert values == pytest.approx([1.0, *[0.0] * 18, 1.0], abs=0.05)


def test_three_words_that_only_count_together_share_the_credit() -> None:
    def all_three(masks: list[str]) -> list[float]:
        return [3.0 if mask[2] == mask[9] == mask[17] == "1" else 0.0 for mask in masks]

    values = explain.shapley(20, 128, all_three)["values"]
    wanted = [1.0 if word in (2, 9, 17) else 0.0 for word in range(20)]
    assert values == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("words", [1, 8, 20, 60])
def test_a_score_that_no_word_moves_gives_every_word_nothing(words: int) -> None:
    assert explain.shapley(words, 100, lambda masks: [-4.0] * len(masks))["values"] == pytest.approx([0.0] * words)


def test_two_words_that_only_count_together_share_the_credit() -> None:
    found = explain.shapley(4, 100, Counting([0.0] * 4, bonus=2.0))
    assert found["values"] == pytest.approx([1.0, 0.0, 0.0, 1.0])


def test_saturated_scores_are_explained_like_all_others() -> None:
    assert explain.shapley(2, 100, Counting([5_000.0, -40.0]))["values"] == pytest.approx([5_000.0, -40.0])
    found = explain.shapley(12, 128, Counting([5_000.0, -40.0, *[0.0] * 10]))
    assert found["values"] == pytest.approx([5_000.0, -40.0, *[0.0] * 10], abs=100.0)
    assert np.sum(found["values"]) + found["base"] == pytest.approx(found["logit"], abs=1e-6)


def test_few_questions_are_asked_of_the_server() -> None:
    questions: list[int] = []

    def model(masks: list[str]) -> list[float]:
        questions.append(len(masks))
        return Counting(range(20))(masks)

    explain.shapley(20, 128, model)
    assert questions == [42, 86]


def test_the_same_text_gets_the_same_values_again() -> None:
    found = [explain.shapley(30, 60, Counting(range(30), bonus=9.0))["values"] for _ in range(2)]
    assert found[0] == found[1]
