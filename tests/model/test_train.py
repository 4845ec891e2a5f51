"""Training from a recipe: masked labels, parts that do not leak, a folder that opens, and resuming."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from moderation_model import registry
from moderation_model.__main__ import build_app
from moderation_model.backends import BACKENDS
from moderation_model.checks.templates import generate, replay_folder
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import predict
from moderation_model.training.calibration import fit_calibration
from moderation_model.training.checkpoint import find_checkpoint
from moderation_model.training.dataset import REPORT, TRAIN, TUNE, Row, detokenise, read_rows, training_rows
from moderation_model.training.loss import masked_loss, soften
from moderation_model.training.recipe import ThresholdGoal, default_recipe, read_recipe
from moderation_model.training.run import train
from moderation_model.training.splits import clusters_of, halves
from moderation_model.training.thresholds import choose
from moderation_model.training.trainer import ShuffledLengths, last_checkpoint
from moderation_model.training.watch import tune_score

DEMO_LINES = (
    "gg you absolute donkey, I nearly had you 😂",
    "kill their healer first, then burn the tower",
    "this damn boss is total garbage, died nine times",
    "nobody likes you, you pathetic waste of space",
    "he called me a 'pathetic waste of space', can a mod look?",
    "don't call people pathetic, not okay here",
    "I know which bus you take. See you at your stop tomorrow.",
    "I'm going to destroy you at eight",
    "y0u are p 4 t h\u200b e t i c",
    "nice run!",
    "quit, you worthless clown",
    "no one wants you here, loser",
    "love you ❤️ now shut up forever you worthless clown",
    "gay, Muslim, from Scunthorpe, love RPGs",
    "aww, did someone help you type that?",
    "I don't think anyone would notice if I was gone",
)
RECIPE = """
[checkpoint]
name = "tiny"
sha256 = "0"
licence = "Apache-2.0"
get = "made for this test"
[train]
seed = 3
epochs = 1.0
batch = 8
learning_rate = 1e-3
warmup = 0.1
weight_decay = 0.01
max_tokens = 24
sentiment_weight = 0.5
replay_per_template = 0
replay_weight = 1.0
[model]
max_tokens = 32
overlap = 8
[thresholds]
base_rate = 0.02
precision = 0.9
floor = 0.5
min_positives = 50
[[set]]
name = "chat"
file = "chat.csv"
text = "text"
group = "thread"
part = "split"
origin = "made for this test"
licence = "none"
rules = [
    { where = { rude = "=0" }, labels = { all = 0 } },
    { where = { rude = "=1" }, labels = { toxic = 1 } },
    { where = { stars = ">=1" }, stars = "stars" },
]
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one file of eighty rows in twenty threads, and its recipe."""
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "chat.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "thread", "rude", "stars", "split"])
        for number in range(80):
            rude = number % 2
            text = f"you are {'pathetic' if rude else 'nice'} {number}" if number else "NA"
            writer.writerow([text, number // 4, rude, number % 6, "train" if number < 50 else "validation"])
        writer.writerow(["You are NICE 70!", 99, 0, 0, "train"])
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def test_a_row_that_also_stands_in_a_measured_part_is_not_trained_on(data: Path) -> None:
    rows = read_rows(read_recipe(data / "recipe.toml"), data)
    assert not [row for row in rows if row.text == "You are NICE 70!"]


def test_a_thread_never_stands_in_two_parts(data: Path) -> None:
    rows = [row for row in read_rows(read_recipe(data / "recipe.toml"), data) if row.source == "chat"]
    parts = {group: {row.part for row in rows if row.group == group} for group in {row.group for row in rows}}
    assert {row.part for row in rows} == {TRAIN, TUNE, REPORT}
    assert all(len(found - {TRAIN}) <= 1 for found in parts.values())


def test_unknown_labels_are_left_open_and_text_such_as_na_is_text(data: Path) -> None:
    rows = {row.text: row for row in read_rows(read_recipe(data / "recipe.toml"), data)}
    assert rows["NA"].labels == dict.fromkeys(LABEL_NAMES, 0.0)
    assert rows["you are pathetic 1"].labels == {"toxic": 1.0}
    assert rows["you are pathetic 1"].stars == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_a_missing_file_and_a_missing_column_are_named(data: Path) -> None:
    recipe = read_recipe(data / "recipe.toml")
    (data / "chat.csv").write_text("text,thread\nhello,1\n")
    with pytest.raises(BadRequest, match=r"chat\.csv, row 1"):
        read_rows(recipe, data)
    (data / "chat.csv").unlink()
    with pytest.raises(BadRequest, match=r"lacks chat\.csv"):
        read_rows(recipe, data)


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


def test_treebank_tokens_are_joined_again() -> None:
    assert detokenise("it 's good , is n't it ? -lrb- yes -rrb-") == "it's good, isn't it? (yes)"


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


def test_pairs_threads_and_near_duplicates_stay_on_one_side() -> None:
    texts = ["You are a total clown, mate", "you are a total clown mate!!", "what a lovely day it is today", "yes"]
    clusters = clusters_of([*texts, "you are a total clown today mate"], ["a", "b", "c", "c", "d"])
    assert clusters[0] == clusters[1] == clusters[4]
    assert clusters[2] == clusters[3] != clusters[0]
    many = [f"sentence {number} about {number * 7} and {number * 13}" for number in range(400)]
    sides = halves(many, list(range(400)))
    assert 0.4 < sum(sides) / 400 < 0.6
    assert halves(many[::-1], list(range(400)))[::-1] == sides


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


def test_a_set_that_repeats_comes_so_often_in_an_epoch(data: Path) -> None:
    text = (data / "recipe.toml").read_text().replace('part = "split"', 'part = "split"\nrepeat = 2.5')
    (data / "recipe.toml").write_text(text)
    recipe = read_recipe(data / "recipe.toml")
    rows = read_rows(recipe, data)
    once = sum(row.part == TRAIN and row.source == "chat" for row in rows)
    shown = sum(row.source == "chat" for row in training_rows(rows, recipe))
    assert 2.2 * once < shown < 2.8 * once


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


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower()))


def test_no_line_of_the_demo_is_among_the_sentences_that_we_train_on() -> None:
    settings = read_recipe(default_recipe()).train
    made = generate(replay_folder(), per_template=settings.replay_per_template, seed=settings.seed)
    seen = [words(sentence.text) for sentence in made]
    for line in DEMO_LINES:
        wanted = words(line)
        assert max(len(wanted & found) / len(wanted | found) for found in seen) <= 0.8, line


def test_the_recipe_in_the_box_names_an_origin_and_a_licence_for_every_file() -> None:
    recipe = read_recipe(default_recipe())
    assert len(recipe.sets) > 10
    assert all(spec.origin and spec.licence for spec in recipe.sets)


def test_the_same_seed_makes_the_same_sentences_and_every_template_makes_one() -> None:
    first, second = (generate(replay_folder(), per_template=3, seed=1) for _ in range(2))
    assert first == second
    assert all("{" not in sentence.text for sentence in first)
