"""A challenger's limits: by the guild's verdicts where there are enough, else as many flags as before."""

from __future__ import annotations

import numpy as np
import pytest

from moderation_model.learning import Example
from moderation_model.training.guild_limits import by_goal, guild_limits, same_rate
from moderation_model.training.thresholds import HIGHEST

CHANCE = np.random.default_rng(4)
NEUTRAL = CHANCE.random(2000)


def verdicts(guild: str, scores: np.ndarray, truth: np.ndarray) -> list[Example]:
    return [
        Example(number, f"line {number}", {"insult": float(harmful)}, "sandbox", True, float(number), guild=guild)
        for number, (_, harmful) in enumerate(zip(scores, truth, strict=True))
    ]


def limits(examples: list[Example], scores: np.ndarray, challenger: np.ndarray, **current: float) -> float:
    found = guild_limits(
        examples,
        scores[:, None],
        labels=["insult"],
        current={"one": {"insult": current["limit"]}},
        champion=NEUTRAL[:, None],
        challenger=challenger[:, None],
        goals=lambda guild: 0.95,
    )
    return found["one"]["insult"]


def test_without_verdicts_as_many_texts_are_flagged_as_before() -> None:
    challenger = NEUTRAL**2
    limit = limits([], np.zeros(0), challenger, limit=0.8)
    assert (challenger >= limit).sum() == (NEUTRAL >= 0.8).sum()
    assert limit == pytest.approx(0.64, abs=0.01)


def test_the_verdicts_of_another_guild_choose_nothing() -> None:
    truth = np.arange(200) % 2 == 0
    scores = np.where(truth, 0.9, 0.85)
    assert limits(verdicts("two", scores, truth), scores, NEUTRAL, limit=0.8) == pytest.approx(0.8, abs=0.01)


def test_with_enough_verdicts_the_limit_meets_the_goal() -> None:
    scores = CHANCE.random(600)
    truth = CHANCE.random(600) < scores**4
    limit = limits(verdicts("one", scores, truth), scores, NEUTRAL, limit=0.5)
    assert truth[scores >= limit].mean() >= 0.95 or limit == pytest.approx(HIGHEST, abs=0.05)
    assert limit > 0.8


def test_a_few_verdicts_do_not_open_the_gates() -> None:
    scores = CHANCE.random(400)
    truth = scores > 0.1
    limit = limits(verdicts("one", scores, truth), scores, NEUTRAL, limit=0.9)
    fired_before, fired = (NEUTRAL >= 0.9).mean(), (limit <= NEUTRAL).mean()
    assert fired_before < fired <= fired_before + 0.011


def test_where_the_goal_is_out_of_reach_the_nearest_limit_is_taken() -> None:
    scores = np.linspace(0, 0.95, 400)
    truth = (np.arange(400) % 10 != 0) & (scores > 0.6)
    limit = by_goal(scores, truth, np.ones(400), goal=0.99, lowest=0.3)
    assert limit is not None
    assert 0.6 <= limit < HIGHEST
    assert (scores >= limit).sum() >= 10


def test_a_draw_stands_for_the_messages_that_were_not_drawn() -> None:
    truth = np.array([True] * 60 + [False] * 10)
    scores = np.array([0.9] * 60 + [0.6] * 10)
    once = by_goal(scores, truth, np.ones(70), goal=0.8, lowest=0.5)
    many = by_goal(scores, truth, np.where(truth, 1.0, 20.0), goal=0.8, lowest=0.5)
    assert once == 0.5
    assert many is not None
    assert many > 0.6


@pytest.mark.parametrize("limit", [0.0, 2.0])
def test_a_limit_that_flags_all_or_none_stays(limit: float) -> None:
    assert same_rate(NEUTRAL, NEUTRAL**2, limit) == limit
