"""What is measured of a model: numbers that can be checked by hand, files of one's own, and the verb."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from moderation_model.__main__ import build_app
from moderation_model.backends import BACKENDS, Classifier, Logits
from moderation_model.checks.evasion import KINDS
from moderation_model.contract import EvalReport, ModelInfo
from moderation_model.evaluate import evaluate, manifest_parts
from moderation_model.goals import HEADLINES, goals
from moderation_model.labels import LABEL_NAMES
from moderation_model.probes import evadable, evasion
from moderation_model.training.dataset import REPORT, Row


@pytest.fixture(scope="module")
def classifier(tiny_model_dir: Path) -> Classifier:
    return BACKENDS["torch"](tiny_model_dir, device="cpu", threads=1)


def row(text: str, source: str = "file", *, rated: float = 0, identity: str = "", **labels: float) -> Row:
    shares = tuple(float(star == rated) for star in range(1, 6)) if rated else None
    return Row(text, labels, shares, 1.0, source, "", REPORT, {"identity": identity} if identity else {})


def test_a_goal_says_whether_it_is_met_and_from_which_side() -> None:
    assert HEADLINES["irc_flagged_share"].met(0.003)
    assert HEADLINES["irc_flagged_share"].met(0.0031) is False
    assert HEADLINES["paradetox_roc_auc"].met(0.99)
    assert HEADLINES["own_abuse_flagged_share"].met(0.1) is None
    found = {goal.name: goal for goal in goals({})}
    assert found["paradetox_roc_auc"].met is None
    assert found["paradetox_roc_auc"].value is None


def test_headline_figures_come_from_the_sets_that_they_name(classifier: Classifier) -> None:
    rows = [row(f"you clown {n}", "paradetox", toxic=float(n % 2)) for n in range(6)]
    rows += [row(f"hello {n}", "irc_held_out") for n in range(4)]
    rows += [row(f"nice game {n}", "sst5_validation", rated=n + 1) for n in range(5)]
    rows += [replace(row(f"bad game {n}", "jigsaw"), labels=dict.fromkeys(LABEL_NAMES, float(n > 2))) for n in range(6)]
    found = evaluate(classifier, rows, data="made", probes=False, tick=lambda *told: None)
    assert set(found.figures) >= {
        *("paradetox_roc_auc", "irc_flagged_share", "jigsaw_mean_roc_auc", "chat_toxic_ece"),
        *("sst5_exact", "sst5_off_by_one", "sst5_macro_mae"),
    }
    assert set(found.figures) <= set(HEADLINES)
    assert found.figures["irc_flagged_share"].count == 4
    assert {part.name: part.count for part in found.slices if part.by == "source"} == {
        "paradetox": 6,
        "irc_held_out": 4,
        "sst5_validation": 5,
        "jigsaw": 6,
    }
    assert sum(part.count for part in found.slices if part.by == "length") == len(rows)
    assert sum(part.count for part in found.slices if part.by == "reading") == len(rows)
    assert sum(map(sum, found.stars)) == 5
    assert set(manifest_parts(found)["metrics"]) == set(found.figures)


def test_a_report_comes_back_from_its_json(classifier: Classifier) -> None:
    rows = [row(f"you are a clown {n}", rated=n % 5 + 1, toxic=float(n % 2), insult=0.0) for n in range(8)]
    found = evaluate(classifier, rows, data="made", notes=("read this",), probes=False, tick=lambda *told: None)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert EvalReport.from_dict(told).to_dict() == found.to_dict()
    assert told["notes"] == ["read this"]


class WordClassifier:
    """Calls a text toxic if the word "clown" stands in it, and knows nothing else."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    def encode(self, texts: Sequence[str]) -> list[tuple[tuple[int, ...], ...]]:
        return [((int("clown" in text.lower().split()),),) for text in texts]

    def logits(self, windows: Sequence[tuple[int, ...]]) -> Logits:
        toxicity = np.full((len(windows), len(self.info.labels)), -5.0, dtype=np.float32)
        toxicity[:, 0] = [5.0 if window[0] else -5.0 for window in windows]
        return Logits(toxicity, np.zeros((len(windows), 5), dtype=np.float32))


def test_the_probes_hide_what_is_flagged_when_written_plainly_and_ask_for_identities(classifier: Classifier) -> None:
    """Of the recipe's sets only the named ones; toxic, flagged and short messages."""
    rows = [row(text, "paradetox", toxic=1.0) for text in ("you clown", "quit the game you clown", "you clown, bye")]
    rows += [row("you fool", "paradetox", toxic=1.0), row("word " * 30 + "clown", "paradetox", toxic=1.0)]
    rows += [row("sad clown", "paradetox", toxic=0.0), row("bad clown", "somewhere", toxic=1.0)]
    knows_words = WordClassifier(classifier.info)
    found = evaluate(knows_words, rows, data="made", tick=lambda *told: None)
    assert set(found.evasion) == set(KINDS)
    assert {figure.count for figure in found.evasion.values()} == {2}
    assert found.evasion["full_width"].value == 1.0
    kept = [figure.value for figure in found.evasion.values()]
    assert found.figures["evasion_kept_worst"].value == min(kept)
    assert found.figures["evasion_kept_mean"].value == pytest.approx(sum(kept) / len(kept))
    again = evasion(["you clown", "quit the game you clown"], knows_words, lambda *told: None)
    assert {kind: again[kind] for kind in KINDS} == found.evasion
    assert len(found.identity) >= 40
    assert found.figures["identity_worst_bpsn_auc"].value == min(at["bpsn"].value for at in found.identity.values())
    assert found.figures["checks_passed"].count == sum(figure.count for figure in found.checks.values())
    assert found.figures["checks_worst_category"] in found.checks.values()
    kept_parts = manifest_parts(found)
    assert len(kept_parts["identity"]) == 5
    assert kept_parts["evasion"]["leet"] == found.evasion["leet"].to_dict()


def test_only_prose_with_a_word_to_hide_is_hidden() -> None:
    assert evadable("you clown")
    assert not evadable("word " * 31)
    assert not evadable("see https://example.org")
    assert not evadable("<@123456789> :)")
    assert not evadable("no 1 4 2")


def test_terms_that_the_data_names_get_their_areas_against_the_rows_that_name_none(classifier: Classifier) -> None:
    """The model accuses whoever says "clown": harmless rows of the term that holds it stand above all abuse."""
    rows = [row("clown", toxic=0.0, identity="performers"), row("vile clown", toxic=1.0, identity="performers")]
    rows += [row("fine", toxic=0.0, identity="others"), row("clown", toxic=1.0, identity="others")]
    rows += [row("hello", toxic=0.0), row("you clown", toxic=1.0), row("you fool", toxic=1.0)]
    found = evaluate(WordClassifier(classifier.info), rows, data="made", probes=False, tick=lambda *told: None)
    areas = {term: {name: at.value for name, at in figures.items()} for term, figures in found.named.items()}
    assert areas["performers"] == {"subgroup": 0.5, "bpsn": 0.25, "bnsp": 1.0}
    assert areas["others"] == {"subgroup": 1.0, "bpsn": 0.75, "bnsp": 1.0}


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n" if lines else "", "utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build_app(), ["evaluate", *map(str, arguments)])


def test_the_verb_measures_a_file(tiny_model_dir: Path, tmp_path: Path) -> None:
    lines = [f"you are a clown {n},{n % 2},{n % 5 + 1},{'game' if n < 4 else 'forum'}" for n in range(10)]
    path = write(tmp_path, "chat.csv", "text,toxic,stars,source", *lines, "never mind,,,")
    result = run("--data", path, "--no-probes", "--model", tiny_model_dir, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["model_version"], found["data"], found["texts"]) == ("tiny-1", "chat.csv", 11)
    (toxic,) = found["labels"]
    assert toxic["caught"] + toxic["missed"] == toxic["alarms"] + toxic["passed"] == 5
    assert {"roc_auc", "average_precision", "recall", "ece", "brier"} <= set(toxic["figures"])
    assert {"game", "forum", "file"} == {part["name"] for part in found["slices"] if part["by"] == "source"}
    assert set(found["sentiment"]) == {"exact", "off_by_one", "macro_mae"}
    told = run("--data", path, "--no-probes", "--model", tiny_model_dir).stdout
    assert "roc_auc" in told
    assert "1 to 5 words" in told
    assert "clown" not in told


@pytest.mark.parametrize("lines", [("text", "hello"), ("text,toxic", "hello,"), ("text,toxic", "hello,1")])
def test_one_row_or_nothing_known_still_gives_a_report(lines: Any, tiny_model_dir: Path, tmp_path: Path) -> None:
    result = run("--data", write(tmp_path, "one.csv", *lines), "--model", tiny_model_dir, "--no-probes", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["texts"] == 1
    assert bool(found["labels"]) == (lines[1] == "hello,1")
    assert bool(found["notes"]) == (lines[1] != "hello,1")


def test_the_verb_measures_a_folder_by_its_recipe(tiny_model_dir: Path, tmp_path: Path) -> None:
    with (tmp_path / "chat.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "toxic", "split"])
        writer.writerows([f"you clown {n} {n * 7}", n % 2, "validation"] for n in range(40))
    recipe = write(tmp_path, "recipe.toml", *RECIPE.splitlines())
    result = run("--data", tmp_path, "--recipe", recipe, "--no-probes", "--model", tiny_model_dir, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    (toxic,) = (label for label in found["labels"] if label["name"] == "toxic")
    measured = next(part["count"] for part in found["slices"] if part["name"] == "chat")
    assert 0 < toxic["caught"] + toxic["missed"] + toxic["alarms"] + toxic["passed"] == measured < 40
    figure = found["figures"]["own_harmless_flagged_share"]
    assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1


def test_what_cannot_be_measured_is_said_in_one_sentence(tiny_model_dir: Path, tmp_path: Path) -> None:
    result = run("--data", tmp_path / "nowhere", "--model", tiny_model_dir)
    assert result.exit_code == 2
    assert "There is no folder or file" in result.output
    result = run("--data", tmp_path, "--model", tiny_model_dir)
    assert result.exit_code == 2
    assert "the recipe says where it comes from" in result.output


RECIPE = """
[checkpoint]
name = "tiny"
sha256 = "0"
licence = "none"
get = "nothing"
[train]
seed = 3
epochs = 1.0
batch = 8
learning_rate = 1e-3
warmup = 0.1
weight_decay = 0.01
max_tokens = 24
sentiment_weight = 0.5
replay_per_template = 1
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
part = "split"
origin = "made for this test"
licence = "none"
rules = [
    { where = { toxic = "=0" }, labels = { toxic = 0 } },
    { where = { toxic = "=1" }, labels = { toxic = 1 } },
]
[[set]]
name = "only_trained_on"
file = "is_not_there.csv"
text = "text"
part = "train"
origin = "made for this test"
licence = "none"
"""
