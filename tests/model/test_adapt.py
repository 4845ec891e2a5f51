"""Adapting the champion: it learns, keeps its form, goes on after a kill, and leaves no text behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from moderation_model import registry
from moderation_model.backends.ours import load
from moderation_model.bulk import score_texts
from moderation_model.errors import BadModelFolder, BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import MODES, Mode
from moderation_model.training.adapt import Plan, adapt, balanced, form_of, watch
from moderation_model.training.dataset import REPLAY, TUNE, Row
from moderation_model.training.replay import distilled, replay_texts
from moderation_model.training.trainer import open_checkpoint
from tests.model.conftest import WORDS

QUICK = Plan(learning_rate=2e-2, epochs=6.0, batch=16, rank=4, alpha=8, replay=40, watched=20)
FRIENDLY, RUDE = "you pathetic clown", "nobody likes the nice boss"
"""What this community says to friends, and what it does not."""


def rows(count: int, part: str = "train", *, first: int = 0) -> list[Row]:
    """Rows of two kinds that differ in one phrase each."""
    words = WORDS.split()
    found: list[Row] = []
    for number in range(first, first + count):
        rude = number % 2
        text = f"{words[number % len(words)]} {RUDE if rude else FRIENDLY} {words[number * 7 % len(words)]}"
        labels = {"toxic": float(rude), "insult": float(rude)}
        found.append(Row(text, labels, None, 1.0, "sandbox", "", part, {}))
    return found


class Stage:
    """A place for runs."""

    def __init__(self, champion: Path, folder: Path) -> None:
        self.champion, self.folder = champion, folder
        self.said: list[str] = []

    def adapt(
        self,
        name: str,
        mode: Mode = "lora",
        *,
        plan: Plan = QUICK,
        train: list[Row] | None = None,
        resume: bool = False,
        tick: Callable[[int, int], None] | None = None,
        seed: int = 1,
    ) -> Path:
        given = rows(40) if train is None else train
        return adapt(
            self.champion,
            given,
            rows(20, TUNE, first=40),
            mode=mode,
            seed=seed,
            out=self.folder / name,
            say=self.said.append,
            tick=tick,
            resume=resume,
            plan=plan,
        )


@pytest.fixture
def stage(tiny_model_dir: Path, tmp_path: Path) -> Stage:
    return Stage(tiny_model_dir, tmp_path)


def scores(folder: Path, texts: list[str]) -> np.ndarray:
    return score_texts(texts, load(folder, device="cpu", threads=1)).scores[:, LABEL_NAMES.index("insult")]


@pytest.mark.parametrize("mode", MODES)
def test_the_challenger_has_learned_what_moderators_said_and_costs_the_same(stage: Stage, mode: Mode) -> None:
    plan = replace(QUICK, learning_rate=2e-3) if mode == "full" else QUICK
    folder = stage.adapt("out", mode, plan=plan)
    fresh = [row.text for row in rows(20, first=70)]
    before, after = scores(stage.champion, fresh), scores(folder, fresh)
    gap_before, gap_after = (found[1::2].mean() - found[::2].mean() for found in (before, after))
    assert gap_after > gap_before + 0.1
    assert form_of(folder) == form_of(stage.champion)
    assert (folder / "config.json").read_bytes() == (stage.champion / "config.json").read_bytes()


def test_the_folder_says_where_it_comes_from_and_keeps_calibration_and_limits(stage: Stage) -> None:
    manifest = registry.open_folder(stage.adapt("out"))
    parent = registry.read_manifest(stage.champion)
    assert manifest["parent"] == manifest["trained"]["started_from"] == "tiny-1"
    assert manifest["version"] != "tiny-1"
    assert manifest["trained"]["mode"] == "lora"
    assert manifest["trained"]["rows"] == 40
    assert manifest["calibration"] == parent["calibration"]
    assert manifest["thresholds"] == parent["thresholds"]
    assert manifest["metrics"] == {}


def test_only_the_heads_change_where_only_the_heads_may(stage: Stage) -> None:
    before = load_file(stage.champion / "model.safetensors")
    after = load_file(stage.adapt("out", "head") / "model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "toxicity.weight" in changed
    assert all(name.startswith(("toxicity", "sentiment")) for name in changed)


def test_the_adapter_changes_attention_and_both_heads_and_nothing_else(stage: Stage) -> None:
    before = load_file(stage.champion / "model.safetensors")
    after = load_file(stage.adapt("out") / "model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"toxicity.weight", "sentiment.weight", "encoder.encoder.layer.0.attention.self.query.weight"} <= changed
    assert all("attention" in name or name.startswith(("toxicity", "sentiment")) for name in changed)


def test_replayed_sentences_hold_the_model_near_the_champion(stage: Stage) -> None:
    _, watched = replay_texts(0, watched=200, seed=9)
    drifts = []
    for name, plan in (("with", replace(QUICK, replay=200)), ("without", replace(QUICK, replay=0, kept=0.0))):
        drift = np.abs(scores(stage.adapt(name, plan=plan), watched) - scores(stage.champion, watched))
        drifts.append(float(drift.mean()))
    assert drifts[0] < drifts[1] / 2


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.model.test_adapt import Stage

def kill(step, steps):
    if step == 20:
        os.kill(os.getpid(), signal.SIGKILL)

Stage(Path(sys.argv[1]), Path(sys.argv[2])).adapt("cut", tick=kill)
"""


def test_a_run_that_was_killed_goes_on_and_ends_with_the_weights_of_one_that_was_not(stage: Stage) -> None:
    whole = stage.adapt("whole")
    command = [sys.executable, "-c", KILLED, str(stage.champion), str(stage.folder)]
    child = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    assert not (stage.folder / "cut" / "model").exists()
    resumed = stage.adapt("cut", resume=True)
    assert any("going on after checkpoint-" in line for line in stage.said)
    states = [load_file(folder / "model.safetensors") for folder in (whole, resumed)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_what_the_listener_raises_ends_the_run(stage: Stage) -> None:
    class Stopped(Exception):
        pass

    told: list[tuple[int, int]] = []

    def stop(step: int, steps: int) -> None:
        told.append((step, steps))
        if step == 2:
            raise Stopped

    with pytest.raises(Stopped):
        stage.adapt("out", tick=stop)
    assert [step for step, _ in told] == [1, 2]
    assert all(steps > 10 for _, steps in told)


def test_the_same_seed_gives_the_same_model_and_another_one_another(stage: Stage) -> None:
    one, same, other = (stage.adapt(name, seed=seed) for name, seed in (("one", 1), ("same", 1), ("other", 2)))
    digests = [registry.file_digest(folder / "model.safetensors") for folder in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_no_text_of_an_example_stands_in_any_file_or_line_of_the_log(stage: Stage) -> None:
    stage.adapt("out")
    for path in (stage.folder / "out").rglob("*"):
        if path.is_file() and path.name != "tokenizer.json":
            content = path.read_bytes()
            assert FRIENDLY.encode() not in content, path.name
            assert RUDE.encode() not in content, path.name
    assert not any(FRIENDLY in line or RUDE in line for line in stage.said)


def test_nothing_to_train_on_and_a_broken_champion_are_refused(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no example to train on"):
        stage.adapt("out", train=[])
    stage.champion = Path(shutil.copytree(stage.champion, tmp_path / "broken"))
    (stage.champion / "model.safetensors").write_bytes(b"no")
    with pytest.raises(BadModelFolder):
        stage.adapt("out")


def test_a_run_that_is_not_resumed_begins_again(stage: Stage) -> None:
    whole = stage.adapt("out").joinpath("model.safetensors").read_bytes()
    again = stage.adapt("out").joinpath("model.safetensors").read_bytes()
    assert again == whole
    assert not any("going on" in line for line in stage.said)


def test_a_model_with_fewer_labels_is_not_trained_on(stage: Stage, tmp_path: Path) -> None:
    stage.champion = Path(shutil.copytree(stage.champion, tmp_path / "narrow"))
    manifest = registry.read_manifest(stage.champion)
    registry.write_manifest(stage.champion, {**manifest, "labels": manifest["labels"][:3]})
    with pytest.raises(BadRequest, match="all six labels"):
        stage.adapt("out")


def test_what_is_watched_is_of_other_templates_and_no_example_is_replayed(stage: Stage) -> None:
    shown, watched = replay_texts(10_000, watched=10_000, seed=1)
    assert len(shown) > 1500
    assert len(watched) > 100
    assert not set(shown) & set(watched)
    again, _ = replay_texts(10_000, watched=0, seed=1, without=[shown[0].upper()])
    assert shown[0] not in again
    settled, _ = replay_texts(5, watched=0, seed=1)
    assert settled == shown[:5]


def test_replayed_sentences_carry_the_champions_own_answers(stage: Stage, data: Path) -> None:
    from moderation_model.training.recipe import read_recipe

    texts = ["you are nice", "nobody likes you"]
    model, tokenizer = open_checkpoint(stage.champion, read_recipe(data / "recipe.toml").train)
    found = distilled(texts, model, tokenizer, max_tokens=24, weight=2.0, part=TUNE)
    served = score_texts(texts, load(stage.champion, device="cpu", threads=1)).scores
    told = np.array([[row.labels[name] for name in LABEL_NAMES] for row in found])
    assert told == pytest.approx(served, abs=0.02)
    assert all(sum(row.stars or ()) == pytest.approx(1, abs=1e-3) for row in found)
    assert {row.weight for row in found} == {2.0}


@pytest.mark.parametrize(
    ("harmful", "harmless", "share"), [(20, 20, 0.65), (8, 40, 0.65), (4, 40, 0.7143), (39, 1, 0.0930)]
)
def test_harmless_rows_make_the_stated_share_or_as_near_as_the_bound_allows(
    harmful: int, harmless: int, share: float
) -> None:
    every = rows(200)
    given = [*every[1 : 2 * harmful : 2], *every[0 : 2 * harmless : 2]]
    found = balanced(given, 0.65, 4.0)
    total = sum(row.weight for row in found)
    assert total == pytest.approx(len(given))
    assert sum(row.weight for row in found if not any(row.labels.values())) / total == pytest.approx(share, abs=1e-3)


def test_rows_with_one_answer_only_stay_as_they_are() -> None:
    given = rows(20)[::2]
    assert balanced(given, 0.65, 4.0) == given


def test_the_score_falls_with_wrong_answers_and_with_forgetting() -> None:
    own = Row("a", {"insult": 1.0}, None, 1.0, "sandbox", "", TUNE, {})
    kept = Row("b", dict.fromkeys(LABEL_NAMES, 0.5), (0.2,) * 5, 1.0, REPLAY, "", TUNE, {})
    column = LABEL_NAMES.index("insult")

    def judged(insult: float, drift: float) -> dict[str, float]:
        toxicity, sentiment = np.zeros((2, 6)), np.zeros((2, 5))
        toxicity[0, column], toxicity[1] = insult, drift
        return watch([own, kept], toxicity, sentiment, kept=2.0)

    right = judged(4.0, 0.0)
    assert right["forgotten"] == pytest.approx(0.0, abs=1e-6)
    assert right["score"] > judged(1.0, 0.0)["score"] > judged(-2.0, 0.0)["score"]
    assert right["score"] > judged(4.0, 1.0)["score"]
    assert json.dumps(right)
