"""Training as a command: a folder that opens, resuming, early stopping, averaging, what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from moderation_model import registry
from moderation_model.__main__ import build_app
from moderation_model.backends import BACKENDS
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import predict
from moderation_model.training.checkpoint import find_checkpoint
from moderation_model.training.recipe import read_recipe
from moderation_model.training.run import train
from moderation_model.training.trainer import last_checkpoint


def run(data: Path, out: Path, checkpoint: Path, *more: str) -> str:
    """Runs the verb; its output, after checking that it went well."""
    arguments = ["train", "--data", str(data), "--out", str(out), "--checkpoint", str(checkpoint), "--threads", "1"]
    arguments += ["--recipe", str(data / "recipe.toml"), "--no-measure"]
    result = CliRunner().invoke(build_app(), [*arguments, *more])
    assert result.exit_code == 0, result.output
    return result.output


def test_training_writes_a_folder_that_opens_and_says_what_it_is(
    data: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    run(data, tmp_path / "out", tiny_model_dir, "--max-steps", "3")
    folder = tmp_path / "out" / "model"
    classifier = BACKENDS["torch"](folder, device="cpu", threads=1)
    assert predict(["hello"], classifier)[0].model_version == classifier.info.version
    manifest = registry.open_folder(folder)
    assert manifest["data"][0]["sha256"] == registry.file_digest(data / "chat.csv")
    assert set(manifest["thresholds"]) == set(manifest["calibration"]) == set(LABEL_NAMES)
    assert {"torch", "transformers", "python"} <= set(manifest["versions"])
    card = (folder / "README.md").read_text()
    assert manifest["version"] in card
    assert "made for this test" in card


def test_training_goes_on_after_its_last_checkpoint(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(data, out, tiny_model_dir, "--max-steps", "2")
    before = float((out / "run" / "seconds").read_text())
    assert "going on after checkpoint-2" in run(data, out, tiny_model_dir, "--max-steps", "4", "--resume")
    trained = registry.read_manifest(out / "model")["trained"]
    assert trained["seconds"] > float((out / "run" / "seconds").read_text()) - 0.1 > before
    state = json.loads((out / "run" / "checkpoint-4" / "trainer_state.json").read_text())
    assert state["global_step"] == 4


def test_a_run_that_was_cut_off_ends_with_the_weights_of_one_that_was_not(
    data: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    text = (data / "recipe.toml").read_text()
    (data / "recipe.toml").write_text(text.replace("warmup = 0.1", "warmup = 0.0\nlooks = 10000"))
    run(data, tmp_path / "whole", tiny_model_dir, "--max-steps", "2")
    shutil.copytree(tmp_path / "whole" / "run" / "checkpoint-1", tmp_path / "cut" / "run" / "checkpoint-1")
    said = run(data, tmp_path / "cut", tiny_model_dir, "--max-steps", "2", "--resume")
    assert "going on after checkpoint-1" in said
    states = [load_file(tmp_path / name / "run" / "checkpoint-2" / "model.safetensors") for name in ("whole", "cut")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_training_ends_early_when_it_no_longer_gets_better_and_keeps_the_best(
    data: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    text = (data / "recipe.toml").read_text()
    text = text.replace("learning_rate = 1e-3", "learning_rate = 0.0").replace("epochs = 1.0", "epochs = 9.0")
    (data / "recipe.toml").write_text(text.replace("warmup = 0.1", "warmup = 0.1\nlooks = 4\npatience = 2"))
    said = run(data, tmp_path / "out", tiny_model_dir)
    trained = registry.read_manifest(tmp_path / "out" / "model")["trained"]
    assert "tune after step" in said
    assert trained["steps"] == 3 * trained["best_step"]
    assert trained["best_tune_score"] > 0
    assert trained["averaged_checkpoints"] == 1


def test_checkpoints_are_averaged_only_where_that_is_better(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    text = (data / "recipe.toml").read_text().replace("epochs = 1.0", "epochs = 3.0")
    (data / "recipe.toml").write_text(text)
    said = run(data, tmp_path / "out", tiny_model_dir)
    trained = registry.read_manifest(tmp_path / "out" / "model")["trained"]
    scores = [float(score) for score in re.findall(r"score (0\.\d+)", said)]
    assert trained["best_tune_score"] == pytest.approx(max(scores), abs=1e-4)
    final = load_file(tmp_path / "out" / "model" / "model.safetensors")
    states = [load_file(path) for path in (tmp_path / "out" / "run").glob("checkpoint-*/model.safetensors")]
    same = [torch.equal(state["model.toxicity.weight"].half(), final["toxicity.weight"]) for state in states]
    assert sum(same) == (1 if trained["averaged_checkpoints"] == 1 else 0)


def test_a_search_tries_settings_and_trains_with_the_best(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    said = run(data, tmp_path / "out", tiny_model_dir, "--tune", "2", "--tune-share", "0.5", "--max-steps", "2")
    tried = json.loads((tmp_path / "out" / "search" / "search.json").read_text())
    assert len(tried) == 2
    assert "trial 2 of 2" in said
    best = max(tried, key=lambda entry: entry["score"])["params"]
    used = registry.read_manifest(tmp_path / "out" / "model")["recipe"]["train"]
    assert used["learning_rate"] == pytest.approx(best["learning_rate"])
    again = run(data, tmp_path / "out", tiny_model_dir, "--tune", "2", "--max-steps", "2", "--resume")
    assert "trial" not in again


def test_without_a_checkpoint_and_a_hub_it_says_what_to_do(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_hub(*_: object, **__: object) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr("moderation_model.training.checkpoint.PACKAGE", "a_package_that_is_not_there")
    monkeypatch.setattr("huggingface_hub.snapshot_download", no_hub)
    with pytest.raises(BadRequest, match="pass --checkpoint"):
        find_checkpoint(None, read_recipe(data / "recipe.toml"))


def test_weights_that_are_not_those_of_the_recipe_are_refused_unless_named(
    data: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation_model.training.checkpoint.PACKAGE", "a_package_that_is_not_there")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tiny_model_dir))
    recipe = read_recipe(data / "recipe.toml")
    with pytest.raises(BadRequest, match="not the ones that the recipe names"):
        find_checkpoint(None, recipe)
    assert find_checkpoint(tiny_model_dir, recipe) == tiny_model_dir


def test_a_run_is_not_overwritten_without_being_asked(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(BadRequest, match="--resume"):
        train(
            data=data, out=tmp_path, checkpoint=tiny_model_dir, recipe_path=data / "recipe.toml", say=lambda line: None
        )


def refused(data: Path, out: Path, checkpoint: Path, *more: str) -> str:
    """The one sentence that the verb ends with."""
    arguments = ["train", "--data", str(data), "--out", str(out), "--checkpoint", str(checkpoint)]
    result = CliRunner().invoke(build_app(), [*arguments, "--recipe", str(data / "recipe.toml"), *more])
    assert result.exit_code == 2
    said = [line for line in result.stderr.splitlines() if line != "reading the data"]
    assert len(said) == 1, result.stderr
    return said[0]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text + b"cut off\n", "has 1 cells and the header"),
        (lambda text: text + "gr\xfc\xdfe\n".encode("latin-1"), "is not written in UTF-8"),
    ],
)
def test_a_damaged_file_of_the_recipe_is_one_sentence(
    data: Path, tiny_model_dir: Path, tmp_path: Path, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    (data / "chat.csv").write_bytes(damage((data / "chat.csv").read_bytes()))
    assert sentence in refused(data, tmp_path / "out", tiny_model_dir)


def test_a_folder_in_place_of_a_file_is_one_sentence(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    (data / "chat.csv").unlink()
    (data / "chat.csv").mkdir()
    assert "chat.csv cannot be read: Is a directory." in refused(data, tmp_path / "out", tiny_model_dir)


def test_where_nothing_can_be_written_is_said_at_the_start(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in the way")
    assert "Nothing can be written to" in refused(data, tmp_path / "out", tiny_model_dir)


def test_numbers_that_mean_nothing_are_refused_with_their_range(data: Path) -> None:
    for name, value, said in (
        ("--tune", "-1", "greater than or equal to 0"),
        ("--threads", "-3", "greater than or equal to 1"),
        ("--threads", "0", "greater than or equal to 1"),
        ("--max-steps", "0", "neither -1 nor at least 1"),
        ("--max-steps", "-2", "neither -1 nor at least 1"),
    ):
        result = CliRunner().invoke(build_app(), ["train", "--data", str(data), "--out", "out", name, value])
        assert result.exit_code == 2
        assert said in " ".join(result.stderr.replace("│", " ").split())


def test_train_asks_for_a_recipe_or_labels_and_refuses_what_belongs_to_the_other(data: Path) -> None:
    for options, said in (
        ((), "Give --labels FILE"),
        (("--data", str(data)), "Give --labels FILE"),
        (("--data", str(data), "--out", "out", "--mode", "head", "--json"), "takes --mode, --json."),
    ):
        result = CliRunner().invoke(build_app(), ["train", *options])
        assert result.exit_code == 2
        assert said in result.stderr


def test_the_same_seed_gives_the_same_weights(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(data, tmp_path / name, tiny_model_dir, "--max-steps", "2")
    first, second = (registry.file_digest(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    assert first == second


def test_a_checkpoint_that_is_no_bert_is_refused(data: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path / "broken"))
    (folder / "model.safetensors").write_bytes(b"no")
    with pytest.raises(BadRequest, match="no BERT checkpoint"):
        train(data=data, out=tmp_path, checkpoint=folder, recipe_path=data / "recipe.toml", say=lambda line: None)


def test_a_checkpoint_without_trainer_state_is_not_resumed(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-10").mkdir()
    for step in (2, 9):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-9")
