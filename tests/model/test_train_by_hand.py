"""`candor-model train --labels FILE`: a version beside the champion, resumed after a kill, and one sentence for errors."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from moderation_model import atomic, registry
from moderation_model.__main__ import build_app
from moderation_model.models import ModelStore
from moderation_model.training import adapt
from moderation_model.training.learn_run import BEGINS_ANEW, GOING_ON
from tests.model.test_adapt import FRIENDLY, QUICK
from tests.model.test_learn_run import example


class Desk:
    """A folder with a file of labels and the models that are trained on it."""

    def __init__(self, root: Path, shipped: Path) -> None:
        self.root, self.models, self.file = root, root / "models", root / "chat.csv"
        self.store = ModelStore(self.models, shipped=shipped)
        self.write(range(160))

    def write(self, numbers: Iterable[int]) -> None:
        """The file: a line a number."""
        rows = [example(number) for number in numbers]
        lines = [f"{row.text},{row.labels['toxic']:.0f},{row.labels['insult']:.0f}" for row in rows]
        self.file.write_text("\n".join(["text,toxic,insult", *lines, "no idea,,"]) + "\n")

    def train(self, *more: str) -> Result:
        """What the verb says and how it ends."""
        return CliRunner().invoke(build_app(), ["train", "--labels", str(self.file), "--threads", "1", *more])

    def left(self) -> set[str]:
        """What stands in the folder of models, the versions' own files aside."""
        return {
            str(path.relative_to(self.models))
            for path in self.models.rglob("*")
            if path.is_file() and "versions" not in path.parts
        }


@pytest.fixture
def desk(tmp_path: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Models that the environment names, a tiny model in the box, a quick training at ordinary priority."""
    monkeypatch.setenv("CANDOR_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setattr(registry, "default_folder", lambda: tiny_model_dir)
    monkeypatch.setitem(adapt.PLANS, "lora", QUICK)
    monkeypatch.setattr(os, "nice", lambda more: more)
    return Desk(tmp_path, tiny_model_dir)


def killed_after(steps: int) -> Callable[..., None]:
    """A trainer's callback that ends the process, so to speak, after so many steps."""

    def on_step_end(self: object, args: object, state: object, control: object, **_: object) -> None:
        if getattr(state, "global_step", 0) >= steps:
            raise KeyboardInterrupt

    return on_step_end


def test_a_version_is_kept_with_its_verdict_and_the_champion_stays(desk: Desk) -> None:
    done = desk.train()
    before, after = desk.store.shipped_version, desk.store.versions()[0]
    assert done.exit_code == (0 if after.promote else 1)
    assert desk.store.current().version == before
    assert after.parent == before
    assert "161 rows read, 1 of them without a label" in done.stdout
    for rule in ("cost", "anchors", "checks", "identity", "calibration"):
        assert any(line.split()[:1] in (["met"], ["NOT"]) and rule in line for line in done.stdout.splitlines())
    assert f"candor-model promote {after.version}" in done.stdout
    assert "comparing" in done.stderr
    page = desk.models / "reports" / f"{after.version}.html"
    assert f"Report: {page}" in done.stdout
    assert FRIENDLY not in page.read_text()


def test_nothing_of_a_run_stays_and_no_row_of_a_file_counts_as_an_example(desk: Desk) -> None:
    desk.train()
    version = desk.store.versions()[0].version
    assert desk.left() == {"champion.json", "lock", "by-hand/lock", f"reports/{version}.html"}
    assert desk.store.mark_stale(range(1, 162)) == []


def test_the_version_brings_the_limits_that_it_was_judged_at(desk: Desk) -> None:
    told = json.loads(desk.train("--json").stdout)
    manifest = registry.open_folder(desk.store.folder(told["challenger"]))
    assert {name: each["value"] for name, each in manifest["thresholds"].items()} == told["limits"][""]


def test_json_is_one_object_with_the_gate_and_the_report(desk: Desk, tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    told = json.loads(desk.train("--json", "--report", str(page), "--mode", "lora").stdout)
    assert told["report"] == str(page)
    assert page.is_file()
    assert told["verdict"]["rows"]
    assert told["held_out"] >= 50


def test_a_killed_run_goes_on_with_the_same_command_and_leaves_no_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(adapt._Tick, "on_step_end", killed_after(20))
        stopped = desk.train()
    assert stopped.exit_code == 130
    assert "The same command goes on" in stopped.stderr
    left = [path for path in desk.models.rglob("*") if path.is_file()]
    assert any("checkpoint-" in str(path) for path in left)
    assert not any(FRIENDLY.encode() in path.read_bytes() for path in left)
    done = desk.train()
    assert GOING_ON in done.stderr
    assert "going on after checkpoint-" in done.stderr
    assert len(desk.store.versions()) == 2


def test_a_file_that_was_changed_meanwhile_begins_anew_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(adapt._Tick, "on_step_end", killed_after(20))
        desk.train()
    desk.write(range(10, 170))
    done = desk.train()
    assert BEGINS_ANEW in done.stderr
    assert "going on after" not in done.stderr


def test_too_few_labels_are_said_with_how_many_more(desk: Desk) -> None:
    desk.write(range(20))
    done = desk.train()
    assert done.exit_code == 2
    assert "Nothing was trained. Not enough examples yet" in done.stdout
    assert len(desk.store.versions()) == 1
    assert desk.left() <= {"by-hand/lock"}


BAD_FILES: dict[str, tuple[str, bytes | None, str]] = {
    "missing": ("gone.csv", None, "There is no file"),
    "no text column": ("a.csv", b"message,insult\nsecret,1\n", "no column called text"),
    "no label column": ("a.csv", b"text,mood\nsecret,1\n", "no column of a label"),
    "no label at all": ("a.csv", b"text,insult\nsecret,\n", "No row of a.csv has a label"),
    "Latin-1": ("a.csv", "text,insult\nk\xf6nig,1\n".encode("latin-1"), "not written in UTF-8"),
    "short row": ("a.csv", b"text,insult\nsecret\n", "row 1, has 1 cells"),
    "folder": ("", None, "neither a .csv nor a .jsonl"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_used_is_one_sentence(desk: Desk, case: str) -> None:
    name, content, sentence = BAD_FILES[case]
    desk.file = desk.root / name
    if content is not None:
        desk.file.write_bytes(content)
    done = desk.train()
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_a_folder_of_models_that_cannot_be_written_is_said_before_the_training(desk: Desk) -> None:
    desk.models.write_text("a file in the way")
    done = desk.train()
    assert done.exit_code == 2
    assert "Nothing can be written to" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_training_at_once_is_refused(desk: Desk) -> None:
    (desk.models / "by-hand").mkdir(parents=True)
    with atomic.locked(desk.models / "by-hand" / "lock"):
        done = desk.train()
    assert done.exit_code == 2
    assert "Another training by hand goes on" in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--out", "x"), "leave out --out"),
        (("--tune", "3", "--max-steps", "5"), "leave out --tune, --max-steps"),
        (("--report", "."), "is a folder"),
    ],
)
def test_options_that_mean_nothing_with_labels_are_refused(desk: Desk, options: tuple[str, ...], sentence: str) -> None:
    done = desk.train(*options)
    assert done.exit_code == 2
    assert sentence in done.stderr
