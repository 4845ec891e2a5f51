"""Whatever is damaged, full, locked or killed: a champion is left, and a sentence says what happened."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation_model import atomic, registry
from moderation_model.errors import ModelUnavailable
from moderation_model.models import KEPT, ModelStore
from tests.model.killed_store import change
from tests.model.model_folders import SHIPPED, Shelf, write_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"v1"', '{"champion": "v1"}', '{"champion": "../box", "past": [], "since": ""}', "\x00"]
)
def test_a_damaged_pointer_leaves_the_model_in_the_box_deciding_with_one_sentence(shelf: Shelf, content: str) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    (shelf.models / "champion.json").write_text(content)
    current = shelf.store.current()
    assert current.version == SHIPPED
    assert current.warning is not None
    assert "candor-model promote" in current.warning
    assert shelf.roles()[SHIPPED] == "champion"
    shelf.store.promote("v1")
    assert shelf.decides() == "v1"


def test_a_damaged_pointer_is_mended_by_promoting_the_model_in_the_box(shelf: Shelf) -> None:
    shelf.store.promote("shipped")
    (shelf.models / "champion.json").write_text("{")
    shelf.store.promote("shipped")
    assert shelf.decides() == SHIPPED


def test_a_missing_pointer_beside_versions_is_said(shelf: Shelf) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    (shelf.models / "champion.json").unlink()
    current = shelf.store.current()
    assert current.version == SHIPPED
    assert current.warning is not None
    assert "is missing" in current.warning


@pytest.mark.parametrize("damage", ["weights", "manifest", "gone"])
def test_a_champion_that_does_not_open_is_replaced_by_the_model_in_the_box_with_a_sentence(
    shelf: Shelf, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    folder = shelf.store.folder("v1")
    if damage == "gone":
        shutil.rmtree(folder)
    else:
        (folder / {"weights": "model.safetensors", "manifest": "manifest.json"}[damage]).write_text("{")
    current = shelf.store.current()
    assert current.version == SHIPPED
    assert current.warning is not None
    assert current.warning.endswith("Until then the model in the box decides, not v1.")
    assert shelf.store.champion() == current.folder
    assert current.warning in caplog.text
    assert SHIPPED in shelf.roles()


def test_a_pointer_that_cannot_be_written_is_a_sentence_and_the_champion_stays(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    shelf.adopt("v2")

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ModelUnavailable, match=r"cannot be changed: No space left on device\."):
        shelf.store.promote("v2")
    with pytest.raises(ModelUnavailable):
        shelf.store.rollback()
    assert shelf.decides() == "v1"


def test_a_folder_that_cannot_be_made_is_a_sentence(shelf: Shelf) -> None:
    (shelf.root / "file").write_text("")
    store = ModelStore(shelf.root / "file", shipped=shelf.shipped)
    with pytest.raises(ModelUnavailable, match="cannot be changed"):
        store.promote("shipped")
    assert store.champion() == shelf.shipped


def test_of_two_writers_the_second_waits_and_is_told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.adopt("v1")
    monkeypatch.setattr(atomic, "LOCK_SECONDS", 0.0)
    with (
        atomic.locked(shelf.models / "lock"),
        pytest.raises(ModelUnavailable, match="Another process is changing the models"),
    ):
        shelf.store.promote("v1")
    shelf.store.promote("v1")
    assert shelf.decides() == "v1"


def promote_often(folder: Path, shipped: Path, version: str) -> None:
    for _ in range(10):
        ModelStore(folder, shipped=shipped).promote(version, force=True, reason="They take turns.")


def test_many_writers_at_once_leave_one_whole_champion(shelf: Shelf) -> None:
    versions = [shelf.adopt(f"v{number}") for number in range(2)]
    spawn = multiprocessing.get_context("spawn")
    folder = shelf.models
    writers = [spawn.Process(target=promote_often, args=(folder, shelf.shipped, version)) for version in versions]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert shelf.decides() in (SHIPPED, *versions)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert shelf.decides() in versions


class Killing:
    """One change to a full store, done again and again from the start and each time killed a step later."""

    def __init__(self, shelf: Shelf) -> None:
        shelf.adopt("v1")
        shelf.store.promote("v1")
        for version in ("v2", *(f"v2-{number}" for number in range(1, KEPT))):
            shelf.adopt(version)  # so many that one more is pruned
        self._shelf = shelf
        self.run = write_folder(shelf.root / "run", "v3")
        self._start = shelf.root / "start"
        shutil.copytree(shelf.models, self._start / "models")
        shutil.copytree(self.run, self._start / "run")
        command = [sys.executable, "-m", "tests.model.killed_store", str(shelf.models), str(shelf.shipped)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def killed(self, step: int, what: str) -> bool:
        """Does `what` from the start; whether it was killed before that step, and did not end before."""
        for place in (self._shelf.models, self.run):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self._start / place.name, place)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{step} {what}\n")
        answer = self._process.stdout.readline().strip()
        assert answer in ("killed", "done")
        return answer == "killed"

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def killing(shelf: Shelf) -> Iterator[Killing]:
    killing = Killing(shelf)
    yield killing
    killing.end()


@pytest.mark.parametrize(
    ("what", "champion"),
    [("promote v2", "v2"), ("rollback", SHIPPED), ("adopt {run} v3", "v1"), ("stale 1", "v1")],
)
def test_killed_at_any_step_it_has_a_champion_and_doing_it_again_ends_well(
    shelf: Shelf, killing: Killing, what: str, champion: str
) -> None:
    order = what.format(run=killing.run)
    for step in itertools.count(1):
        was_killed = killing.killed(step, order)
        assert shelf.decides() in ("v1", champion)
        assert len(shelf.roles()) >= 2 + KEPT
        for version in shelf.roles():
            registry.open_folder(shelf.store.folder(version))
        if was_killed and (what != "rollback" or shelf.decides() != champion):  # not back twice
            change(shelf.store, *order.split())
        assert shelf.decides() == champion
        assert ("v3" in shelf.roles()) is what.startswith("adopt")
        assert len(shelf.roles()) == 2 + KEPT
        assert all(
            bool(each.stale) is (what == "stale 1" and each.version != SHIPPED) for each in shelf.store.versions()
        )
        if not was_killed:
            assert step > 15
            assert not list(shelf.models.rglob(".part-*"))
            break
