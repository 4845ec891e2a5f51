"""The store of model versions: only what passed decides, going back works, and old versions are pruned."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.errors import BadModelFolder, BadRequest
from moderation_model.models import KEPT, Champion
from tests.model.model_folders import SHIPPED, Shelf, finished, write_folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_without_any_folder_the_model_in_the_box_decides_and_nothing_is_written(shelf: Shelf) -> None:
    assert shelf.store.current() == Champion(SHIPPED, shelf.shipped)
    assert shelf.roles() == {SHIPPED: "champion"}
    assert not (shelf.models).exists()


def test_an_adopted_version_waits_until_it_is_promoted(shelf: Shelf) -> None:
    assert shelf.adopt("v1") == "v1"
    assert shelf.decides() == SHIPPED
    assert shelf.roles() == {"v1": "challenger", SHIPPED: "champion"}
    shelf.store.promote("v1")
    assert shelf.decides() == "v1"
    assert shelf.store.champion().name == "v1"
    assert shelf.roles() == {"v1": "champion", SHIPPED: "previous"}


def test_an_adopted_version_keeps_its_verdict_and_where_it_comes_from(shelf: Shelf) -> None:
    shelf.adopt("v1", passed=False)
    found = shelf.store.versions()[0]
    assert (found.version, found.parent, found.promote, found.made) == ("v1", SHIPPED, False, "2026-11-21")
    assert not (shelf.root / "runs" / "v1").exists()
    assert json.loads((shelf.store.folder("v1") / "manifest.json").read_text())["trained_on"] == [1, 2]


def test_rollback_goes_back_champion_by_champion_to_the_box(shelf: Shelf) -> None:
    for version in ("v1", "v2"):
        shelf.adopt(version)
        shelf.store.promote(version)
    assert shelf.store.previous() == shelf.store.folder("v1")
    assert shelf.store.rollback() == shelf.decides() == "v1"
    assert shelf.store.rollback() == shelf.decides() == SHIPPED
    with pytest.raises(BadRequest, match="nothing to go back to"):
        shelf.store.rollback()
    assert shelf.roles() == {"v2": "kept", "v1": "kept", SHIPPED: "champion"}


def test_a_second_press_of_back_changes_nothing(shelf: Shelf) -> None:
    for version in ("v1", "v2"):
        shelf.adopt(version)
        shelf.store.promote(version)
    shelf.store.rollback(champion="v2")
    with pytest.raises(BadRequest, match="v2 does not decide any more"):
        shelf.store.rollback(champion="v2")
    assert shelf.decides() == "v1"


def test_rollback_passes_over_a_version_that_does_not_open(shelf: Shelf) -> None:
    for version in ("v1", "v2", "v3"):
        shelf.adopt(version)
        shelf.store.promote(version)
    (shelf.store.folder("v2") / "model.safetensors").write_text("damaged")
    assert shelf.store.rollback() == shelf.decides() == "v1"


def test_promoting_the_champion_again_does_not_forget_the_previous_one(shelf: Shelf) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    shelf.store.promote("v1")
    assert shelf.store.rollback() == SHIPPED


def test_what_failed_the_gate_is_promoted_only_with_a_reason(shelf: Shelf) -> None:
    shelf.adopt("v1", passed=False)
    for force, reason in ((False, ""), (True, ""), (True, "  ")):
        with pytest.raises(BadRequest, match="v1 did not pass the gate"):
            shelf.store.promote("v1", force=force, reason=reason)
        with pytest.raises(BadRequest, match="v1 did not pass the gate"):
            shelf.store.check_promotable("v1", force=force, reason=reason)
    with pytest.raises(BadRequest, match="Not fewer mistakes"):
        shelf.store.promote("v1", reason="a reason without force")
    assert shelf.decides() == SHIPPED
    shelf.store.promote("v1", force=True, reason="The held-out labels were wrong.")
    assert shelf.decides() == "v1"
    assert "The held-out labels were wrong." in (shelf.models / "champion.json").read_text()


def test_what_was_compared_with_another_champion_is_promoted_only_with_a_reason(shelf: Shelf) -> None:
    for version in ("v1", "v2"):
        shelf.adopt(version)
    shelf.store.promote("v1")
    with pytest.raises(BadRequest, match=f"v2 was compared with {SHIPPED}, and v1 decides now"):
        shelf.store.promote("v2")
    with pytest.raises(BadRequest, match="Say in a sentence why"):
        shelf.store.promote("v2", force=True)
    assert shelf.decides() == "v1"
    shelf.store.promote("v2", force=True, reason="Compared by hand.")
    assert shelf.decides() == "v2"


def test_after_going_back_the_same_version_may_be_promoted_again(shelf: Shelf) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    shelf.adopt("v2")
    shelf.store.rollback()
    with pytest.raises(BadRequest, match="v2 was compared with v1"):
        shelf.store.check_promotable("v2")
    shelf.store.promote("v1")
    shelf.store.promote("v2")
    assert shelf.decides() == "v2"


def test_the_model_in_the_box_may_always_be_promoted(shelf: Shelf) -> None:
    shelf.adopt("v1")
    shelf.store.promote("v1")
    shelf.store.promote("shipped")
    assert shelf.decides() == SHIPPED
    assert shelf.store.rollback() == "v1"


@pytest.mark.parametrize("version", ["v9", "", "..", "../box", "/etc", ".part-v1", "v1/../../box"])
def test_a_version_that_is_not_here_is_refused(shelf: Shelf, version: str) -> None:
    shelf.adopt("v1")
    with pytest.raises(BadRequest, match="There is no version"):
        shelf.store.promote(version)
    with pytest.raises(BadRequest, match="There is no version"):
        shelf.store.folder(version)


def test_a_damaged_version_is_not_promoted(shelf: Shelf) -> None:
    shelf.adopt("v1")
    (shelf.store.folder("v1") / "model.safetensors").write_text("other weights")
    with pytest.raises(BadModelFolder, match=r"changed: model\.safetensors"):
        shelf.store.promote("v1")
    assert shelf.decides() == SHIPPED


def test_a_folder_with_a_pickle_is_not_taken_in(shelf: Shelf) -> None:
    folder = shelf.root / "v1"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(BadModelFolder):
        shelf.store.adopt(folder, finished("v1"))
    shutil.rmtree(folder)
    folder = write_folder(folder, "v1")
    (folder / "extra.pt").write_bytes(b"pickle")
    registry.write_manifest(folder, registry.read_manifest(folder))
    with pytest.raises(BadModelFolder, match=r"extra\.pt: only safetensors"):
        shelf.store.adopt(folder, finished("v1"))
    assert shelf.roles() == {SHIPPED: "champion"}


@pytest.mark.parametrize("version", ["../v1", SHIPPED, "shipped", "a b", ".hidden"])
def test_a_version_with_a_name_that_it_cannot_have_is_not_taken_in(shelf: Shelf, version: str) -> None:
    folder = write_folder(shelf.root / "new", version)
    with pytest.raises(BadRequest, match="cannot be called"):
        shelf.store.adopt(folder, finished("v1"))


def test_a_run_that_comes_again_finds_its_model_taken_in(shelf: Shelf) -> None:
    for _ in range(2):
        assert shelf.store.adopt(write_folder(shelf.root / "run", "v1"), finished("v1")) == "v1"
    assert shelf.store.adopt(shelf.root / "run", finished("v1")) == "v1"
    assert sorted(shelf.roles()) == [SHIPPED, "v1"]


def test_other_weights_under_the_same_version_are_refused(shelf: Shelf) -> None:
    shelf.store.adopt(write_folder(shelf.root / "one", "v1"), finished("v1"))
    other = write_folder(shelf.root / "other", "v1")
    (other / "model.safetensors").write_text("other weights")
    registry.write_manifest(other, registry.read_manifest(other))
    with pytest.raises(BadRequest, match="Another model"):
        shelf.store.adopt(other, finished("v1"))


def test_a_model_from_another_disk_is_copied_in(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rename = write_folder(shelf.root / "run", "v1"), os.rename

    def across(source: Path, target: Path) -> None:
        if Path(source) == folder:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "rename", across)
    shelf.store.adopt(folder, finished("v1"))
    shelf.store.promote("v1")
    assert shelf.decides() == "v1"
    assert not folder.exists()


def test_a_deletion_marks_what_learned_from_the_row_and_what_grew_from_that(shelf: Shelf) -> None:
    shelf.adopt("v1", trained_on=(1, 2))
    shelf.adopt("v2", parent="v1", trained_on=(3,))
    shelf.adopt("v3", trained_on=(4,))
    assert sorted(shelf.store.mark_stale([2])) == ["v1", "v2"]
    assert shelf.store.mark_stale([3, 99]) == ["v2"]
    assert shelf.store.mark_stale([99]) == []
    assert {each.version: list(each.stale) for each in shelf.store.versions()} == {
        "v3": [],
        "v2": [2, 3],
        "v1": [2],
        SHIPPED: [],
    }
    shelf.store.promote("v1")
    shelf.store.promote("v2")
    assert shelf.decides() == "v2"


def test_old_challengers_are_pruned_and_champions_kept(shelf: Shelf) -> None:
    shelf.adopt("champion")
    shelf.store.promote("champion")
    for number in range(KEPT + 2):
        shelf.adopt(f"failed-{number}", passed=False)
        shelf.adopt(f"passed-{number}")
    kept = [f"{kind}-{number}" for number in range(2, KEPT + 2) for kind in ("failed", "passed")]
    assert sorted(shelf.roles()) == sorted(["champion", SHIPPED, *kept])
