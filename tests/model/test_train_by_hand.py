"""`candor-model train --labels FILE`: a version beside the champion, going on after a kill, sentences for errors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import TrainerState
from typer.testing import CliRunner, Result

from moderation_model import atomic, labels_verb, registry
from moderation_model.__main__ import build_app
from moderation_model.bulk import Known
from moderation_model.compare import Compared, Side
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import GateRow, GateVerdict, RunResult
from moderation_model.models import ModelStore
from moderation_model.training import adapt, by_hand, learn_run
from moderation_model.training.by_hand import Taught
from moderation_model.training.learn_run import BEGINS_ANEW, GOING_ON, Stage
from tests.model.test_adapt import FRIENDLY, QUICK
from tests.model.test_gate import GOOD
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


def at_desk(root: Path, shipped: Path, patch: pytest.MonkeyPatch) -> Desk:
    """Models that the environment names, a tiny model in the box, a quick training at ordinary priority."""
    patch.setenv("CANDOR_MODELS_DIR", str(root / "models"))
    patch.setattr(registry, "default_folder", lambda: shipped)
    patch.setitem(adapt.PLANS, "lora", QUICK)
    patch.setattr(os, "nice", lambda more: more)
    return Desk(root, shipped)


@pytest.fixture
def desk(tmp_path: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where nothing was trained yet."""
    return at_desk(tmp_path, tiny_model_dir, monkeypatch)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_model_dir: Path) -> Iterator[tuple[Desk, Result]]:
    """One training to its end, and the desk after it. What the models are compared on would take minutes, so there is
    evidence of a better one instead (`test_learn_run.py` compares).
    """
    limits = {"": dict.fromkeys(LABEL_NAMES, 0.5) | {"insult": 0.62}}

    def sides(order: object, parts: object, champion: Known, challenger: Known) -> tuple[Side, Side]:
        return Side(champion, {}), Side(challenger, limits)

    def compared(order: object, parts: object, before: Side, after: Side, stage: Stage) -> Compared:
        stage("comparing", 5, 5)
        return Compared(GOOD, (), (), (), ())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learn_run, "_sides", sides)
        patch.setattr(learn_run, "_compared", compared)
        desk = at_desk(tmp_path_factory.mktemp("trained"), tiny_model_dir, patch)
        yield desk, desk.train("--report", str(desk.root / "new" / "page.html"), "--json")


def kill_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    """Every training ends as by Ctrl-C after so many steps."""

    def tick(_: object, args: object, state: TrainerState, control: object, **more: object) -> None:
        if state.global_step >= steps:
            raise KeyboardInterrupt

    patch.setattr(adapt._Tick, "on_step_end", tick)


def test_a_version_is_kept_with_its_verdict_and_the_champion_stays(trained: tuple[Desk, Result]) -> None:
    desk, done = trained
    told = json.loads(done.stdout)
    newest = desk.store.versions()[0]
    assert done.exit_code == 0
    assert desk.store.current().version == desk.store.shipped_version == told["champion"] == newest.parent
    assert (newest.version, newest.promote, newest.role) == (told["challenger"], True, "challenger")
    assert told["held_out"] >= 50
    assert "comparing" in done.stderr


def test_what_is_printed_has_the_gate_row_by_row_and_says_what_to_do_next(
    trained: tuple[Desk, Result], capsys: pytest.CaptureFixture[str]
) -> None:
    desk, done = trained
    told = json.loads(done.stdout)
    page = desk.root / "new" / "page.html"
    assert told.pop("report") == str(page)
    result = RunResult.from_dict(told)
    labels_verb.show(Taught(result, page, (161, 1)), " --models here")
    said = capsys.readouterr().out
    assert "161 rows read, 1 of them without a label" in said
    for row in result.verdict.rows:
        assert any(line.split()[:2] == ["met", row.rule] and row.reason in line for line in said.splitlines())
    assert "insult 0.620" in said
    assert f"candor-model promote {result.challenger} --models here\n" in said
    assert f"Report: {page}" in said
    assert FRIENDLY not in page.read_text()


def test_a_version_that_did_not_pass_is_said_so_with_the_row_and_needs_force(
    trained: tuple[Desk, Result], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads(trained[1].stdout)
    page = Path(told.pop("report"))
    verdict = GateVerdict(False, (GateRow("cost", True, "Fewer."), GateRow("checks", False, "Two points lost.")))
    taught = Taught(replace(RunResult.from_dict(told), verdict=verdict), page, (161, 1))
    labels_verb.show(taught)
    said = capsys.readouterr().out
    assert "is not better than" in said
    assert "NOT MET  checks       Two points lost." in said
    assert f"candor-model promote {told['challenger']} --force" in said
    monkeypatch.setattr(by_hand, "learn_by_hand", lambda *_, **__: taught)
    assert trained[0].train().exit_code == 1


def test_nothing_of_a_run_stays_and_no_row_of_a_file_counts_as_an_example(trained: tuple[Desk, Result]) -> None:
    desk, _ = trained
    assert desk.left() == {"champion.json", "lock", "by-hand/lock"}
    assert desk.store.mark_stale(range(1, 162)) == []


def test_the_version_brings_the_limits_that_it_was_judged_at(trained: tuple[Desk, Result]) -> None:
    desk, done = trained
    told = json.loads(done.stdout)
    manifest = registry.open_folder(desk.store.folder(told["challenger"]))
    assert {name: each["value"] for name, each in manifest["thresholds"].items()} == told["limits"][""]


def test_a_killed_run_goes_on_with_the_same_command_and_leaves_no_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_after(10, monkeypatch)
    stopped = desk.train()
    assert stopped.exit_code == 130
    assert "The same command goes on" in stopped.stderr
    left = [path for path in desk.models.rglob("*") if path.is_file()]
    assert any("checkpoint-" in str(path) for path in left)
    assert not any(FRIENDLY.encode() in path.read_bytes() for path in left)
    again = desk.train()
    assert GOING_ON in again.stderr
    assert "going on after checkpoint-" in again.stderr


def test_a_file_that_was_changed_meanwhile_begins_anew_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_after(10, monkeypatch)
    desk.train()
    desk.write(range(10, 170))
    again = desk.train()
    assert BEGINS_ANEW in again.stderr
    assert "going on after" not in again.stderr


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
