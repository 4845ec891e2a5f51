"""What training computes: loss, order of rows, score on `tune`, calibration, limits."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from moderation_model.training.calibration import fit_calibration
from moderation_model.training.dataset import TUNE, Row
from moderation_model.training.loss import masked_loss, soften
from moderation_model.training.recipe import ThresholdGoal
from moderation_model.training.thresholds import choose
from moderation_model.training.trainer import ShuffledLengths
from moderation_model.training.watch import tune_score


def test_unknown_labels_and_stars_do_not_move_the_loss() -> None:
    unknown = math.nan
    labels = torch.tensor([[1.0, *[unknown] * 5], [unknown] * 6])
    stars = torch.tensor([[unknown] * 5, [0.0, 0.0, 1.0, 0.0, 0.0]])

    def loss(toxicity: torch.Tensor, sentiment: torch.Tensor) -> float:
        return float(masked_loss(toxicity, sentiment, labels, stars, weight=torch.ones(2), sentiment_weight=1.0))

    toxicity, sentiment = torch.zeros(2, 6), torch.zeros(2, 5)
    base = loss(toxicity, sentiment)
    changed = toxicity.clone()
    changed[0, 1:] = 9.0
    changed[1] = -9.0
    assert loss(changed, sentiment) == pytest.approx(base)
    wrong = toxicity.clone()
    wrong[0, 0] = -5.0
    assert loss(wrong, sentiment) > base + 1
    assert loss(toxicity, torch.tensor([[9.0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])) == pytest.approx(base)


def test_batches_are_of_like_length_and_every_row_comes_once() -> None:
    lengths = [number % 40 + 1 for number in range(1000)]
    order = ShuffledLengths(lengths, batch=10, seed=1)
    rows = list(order)
    assert sorted(rows) == list(range(1000))
    assert rows == list(order)
    spread = [
        max(part) - min(part) for part in ([lengths[row] for row in rows[i : i + 10]] for i in range(0, 1000, 10))
    ]
    assert max(spread) <= 3
    order.set_epoch(1)
    assert rows != list(order)


def test_soft_stars_move_weight_to_neighbours_and_still_sum_to_one() -> None:
    soft = soften(torch.eye(5), 0.2)
    assert torch.allclose(soft.sum(1), torch.ones(5))
    assert soft[0].tolist() == pytest.approx([0.8, 0.2, 0, 0, 0])
    assert soft[2].tolist() == pytest.approx([0, 0.1, 0.8, 0.1, 0])
    assert soften(torch.full((1, 5), math.nan), 0.2).isnan().all()


def test_the_score_on_tune_is_the_mean_over_sources_and_stars() -> None:
    import numpy as np

    blank = {"weight": 1.0, "group": "", "part": TUNE, "extra": {}, "text": "x"}
    rows = [Row(labels={"toxic": float(n % 2)}, stars=None, source="one", **blank) for n in range(40)]
    rows += [Row(labels={}, stars=(0.0, 0.0, 1.0, 0.0, 0.0), source="two", **blank) for _ in range(10)]
    toxicity, sentiment = np.zeros((50, 6)), np.zeros((50, 5))
    toxicity[:40, 0] = [n % 2 for n in range(40)]
    sentiment[40:45, 2] = 1.0
    sentiment[45:, 0] = 1.0
    found = tune_score(rows, toxicity, sentiment)
    assert found == {"one": 1.0, "stars": 0.5, "score": 0.75}


def test_calibration_mends_scores_that_are_too_sure() -> None:
    import numpy as np

    chance = np.random.default_rng(0)
    honest = chance.normal(0, 2, size=(4000, 1))
    truth = (chance.random((4000, 1)) < 1 / (1 + np.exp(-honest))).astype(float)
    fitted = fit_calibration(honest * 3 + 1, truth, ("toxic",))["toxic"]
    assert fitted["scale"] == pytest.approx(1 / 3, abs=0.05)
    assert fitted["bias"] == pytest.approx(-1 / 3, abs=0.15)


def test_a_limit_reaches_the_precision_asked_for_and_says_why() -> None:
    import numpy as np

    goal = ThresholdGoal(base_rate=0.02, precision=0.9, floor=0.5, min_positives=50)
    positives, harmless = np.linspace(0.3, 1, 200), np.concatenate([np.zeros(9900), np.linspace(0.5, 0.8, 100)])
    chat, none = np.ones(200, dtype=bool), np.zeros(0)
    chosen = choose(positives, np.ones(200), chat, harmless=harmless, own=none, goal=goal)
    assert 0.7 < float(chosen["value"]) < 0.85
    assert float(chosen["precision"]) >= 0.9
    shy = replace(goal, own_harmless=0.1)
    own = np.array([0.95] * 2 + [0.1] * 8)
    assert float(choose(positives, np.ones(200), chat, harmless=harmless, own=own, goal=shy)["value"]) > 0.95
    few = choose(positives[:40], np.ones(40), chat[:40], harmless=harmless, own=none, goal=goal)
    assert few["value"] == 0.5
    assert "floor" in str(few["chosen_by"])


def test_positives_of_a_limit_are_chat_where_there_are_enough() -> None:
    import numpy as np

    goal = ThresholdGoal(base_rate=0.02, precision=0.9, floor=0.5, min_positives=50)
    scores, chat = np.array([0.6] * 60 + [0.99] * 60), np.array([True] * 60 + [False] * 60)
    harmless = np.concatenate([np.zeros(990), np.full(10, 0.7)])
    given = {"harmless": harmless, "own": np.zeros(0), "goal": goal}
    assert choose(scores, np.ones(120), chat, **given)["positives_from"] == "chat-like rows"
    scarce = chat & (np.arange(120) < 10)
    assert choose(scores, np.ones(120), scarce, **given)["positives_from"] == "all rows"
