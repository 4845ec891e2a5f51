"""One whole run on a tiny model: examples in, a model folder and a verdict with its reasons out."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.backends.ours import load
from moderation_model.learning import Example, RunOrder, RunResult
from moderation_model.models import ModelStore
from moderation_model.training import adapt
from moderation_model.training.learn_run import FEWEST, Stage, learn
from tests.model.test_adapt import FRIENDLY, QUICK, RUDE

NEAR_THE_MEDIAN = 0.35
"""Of what the tiny model says of neutral texts, so that it flags some and leaves others."""


pytestmark = pytest.mark.timeout(600)
"""Whole runs score some seven thousand sentences of ours, which takes its time on a busy machine."""


def example(number: int) -> Example:
    """A line of a community that says one thing to friends and another to others; everyone writes one line."""
    chance = random.Random(number)
    rude = number % 2
    noise = ["".join(chance.choices("abcdefghiklmnoprstuw", k=7)) for _ in range(8)]
    text = " ".join([*noise[:4], RUDE if rude else FRIENDLY, *noise[4:]])
    labels = {"toxic": float(rude), "insult": float(rude)}
    return Example(
        number, text, labels, "sandbox", True, float(number), guild="1", author=f"a{number}", judges=(f"j{number % 4}",)
    )


def ignored(stage: str, done: int, every: int) -> None:
    """Nobody watches."""


def run(
    folder: Path, champion: Path, examples: tuple[Example, ...], *, limit: float = 0.5, stage: Stage = ignored
) -> RunResult:
    folder.mkdir(exist_ok=True)
    order = RunOrder("run-1", examples, limits={"1": {"insult": limit}, "quiet": {"insult": limit}})
    return learn(order, champion=champion, work=folder, out=folder / "model", say=lambda line: None, stage=stage)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapt.PLANS, "lora", QUICK)


@pytest.mark.usefixtures("quick")
def test_a_run_makes_a_model_that_the_store_takes_in(tiny_model_dir: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "work", tiny_model_dir, tuple(map(example, range(160))), limit=NEAR_THE_MEDIAN)
    assert result.challenger is not None
    assert result.champion == registry.read_manifest(tiny_model_dir)["version"]
    assert {row.rule for row in result.verdict.rows} >= {"cost", "anchors", "checks", "identity", "calibration"}
    assert result.learned is not None
    assert result.learned.largest_share <= 0.3 + 1e-6
    assert result.held_out >= 50
    assert set(result.trained_on).isdisjoint(range(160 - result.held_out, 160))
    assert set(result.limits) == {"1", "quiet"}
    (quiet,) = [each for each in result.changes if (each.guild, each.label) == ("quiet", "insult")]
    assert quiet.before == NEAR_THE_MEDIAN != quiet.after == result.limits["quiet"]["insult"]
    store = ModelStore(tmp_path / "models", shipped=tiny_model_dir)
    assert store.adopt(tmp_path / "work" / "model", result) == result.challenger
    assert load(store.folder(result.challenger)).info.version == result.challenger
    assert not any(
        path.is_file() and FRIENDLY in path.read_text("utf-8", "ignore") for path in tmp_path.rglob("*.json")
    )


def test_too_few_examples_are_said_with_how_many_more(tiny_model_dir: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "work", tiny_model_dir, tuple(map(example, range(20))))
    assert (result.challenger, result.verdict.promote) == (None, False)
    assert 0 < result.verdict.wanted <= FEWEST
    assert "more" in result.verdict.reasons[0]


def test_what_may_not_be_trained_on_only_measures(tiny_model_dir: Path, tmp_path: Path) -> None:
    barred = tuple(replace(example(number), source="discord_message", may_train=False) for number in range(160))
    stages: set[str] = set()
    result = run(tmp_path / "work", tiny_model_dir, barred, stage=lambda stage, *_: stages.add(stage))
    assert result.challenger is None
    assert "comparing" not in stages
    assert result.trained_on == ()
    assert result.learned is not None
    assert sum(result.learned.refused.values()) >= 160


def test_without_a_permission_the_verdicts_still_choose_limits(tiny_model_dir: Path, tmp_path: Path) -> None:
    barred = tuple(replace(example(number), source="discord_message", may_train=False) for number in range(300))
    result = run(tmp_path / "work", tiny_model_dir, barred, limit=NEAR_THE_MEDIAN)
    assert result.limits_alone
    assert result.trained_on == ()
    assert not (tmp_path / "work" / "model").exists()
    assert {row.rule for row in result.verdict.rows} >= {"cost", "anchors", "calibration"}
    assert result.limits["1"]["insult"] != NEAR_THE_MEDIAN
    assert result.limits["quiet"]["insult"] == NEAR_THE_MEDIAN
