"""`candor-model models`, `promote`, `rollback`, and `serve` with what was promoted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from moderation_model import registry, serve_verbs
from moderation_model.__main__ import build_app
from moderation_model.models import ModelStore
from moderation_model.models_verbs import store_at
from tests.model.conftest import write_tiny_model
from tests.model.model_folders import SHIPPED, Shelf, finished


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A store that the environment names, and a model in the box that is small."""
    shelf = Shelf(tmp_path)
    monkeypatch.setenv("CANDOR_MODELS_DIR", str(shelf.models))
    monkeypatch.setattr(registry, "default_folder", lambda: shelf.shipped)
    return shelf


def call(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), list(arguments))


def test_models_lists_what_decides_and_what_the_gate_said(shelf: Shelf) -> None:
    shelf.adopt("v1")
    shelf.adopt("v2", passed=False)
    shelf.store.promote("v1")
    shelf.store.mark_stale([1])
    lines = call("models").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["v2", "kept"], ["v1", "champion"], [SHIPPED, "previous"]]
    assert f"did not pass the gate, from {SHIPPED}" in lines[0]
    assert "1 of its examples are gone since" in lines[1]
    assert "in the box" in lines[2]


def test_models_as_json_has_every_field(shelf: Shelf) -> None:
    shelf.adopt("v1")
    told = json.loads(call("models", "--json").stdout)
    assert [each["role"] for each in told["models"]] == ["challenger", "champion"]
    assert told["models"][0]["parent"] == SHIPPED
    assert told["warning"] is None


def test_promote_and_rollback_say_what_decides(shelf: Shelf) -> None:
    shelf.adopt("v1")
    done = call("promote", "v1")
    assert done.exit_code == 0
    assert done.stdout == "v1 decides now. A server that runs already takes it within seconds.\n"
    assert shelf.decides() == "v1"
    done = call("rollback")
    assert done.stdout.startswith(f"{SHIPPED} decides again.")
    assert shelf.decides() == SHIPPED


def test_what_failed_the_gate_needs_a_sentence_on_the_command_line(shelf: Shelf) -> None:
    shelf.adopt("v1", passed=False)
    refused = call("promote", "v1")
    assert refused.exit_code == 1
    assert refused.stderr == "v1 did not pass the gate. Not fewer mistakes.\n"
    assert call("promote", "v1", "--force", "The labels were wrong.").exit_code == 0
    assert shelf.decides() == "v1"


@pytest.mark.parametrize("arguments", [("promote", "v9"), ("rollback",)])
def test_what_cannot_be_done_is_one_sentence(shelf: Shelf, arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_pointer_is_told_beside_the_list(shelf: Shelf) -> None:
    shelf.store.promote("shipped")
    (shelf.models / "champion.json").write_text("{")
    done = call("models")
    assert "cannot be read" in done.stderr
    assert done.stdout.startswith(SHIPPED)


def test_the_folder_can_be_given_and_defaults_to_one_beside_the_data(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.adopt("v1")
    monkeypatch.delenv("CANDOR_MODELS_DIR")
    shutil.copytree(shelf.models, shelf.root / "data" / "models")
    assert store_at(shelf.models).folder("v1").parent.parent == shelf.models
    monkeypatch.setenv("CANDOR_DATA_DIR", str(shelf.root / "data"))
    assert store_at().folder("v1").parent.parent == shelf.root / "data" / "models"
    assert call("promote", "v1", "--models", str(shelf.models)).exit_code == 0
    assert shelf.decides() == "v1"


@pytest.fixture
def tiny_store(tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """A store with a real, tiny champion `tiny-2` and another tiny model in the box."""
    monkeypatch.setattr(registry, "default_folder", lambda: tiny_model_dir)
    store = ModelStore(tmp_path / "models", shipped=tiny_model_dir)
    store.adopt(write_tiny_model(tmp_path / "run", version="tiny-2", seed=8), finished("tiny-2", parent="tiny-1"))
    store.promote("tiny-2")
    return store


@pytest.mark.usefixtures("tiny_store")
def test_a_server_serves_what_was_promoted(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    done = subprocess.Popen(
        [sys.executable, "-m", "moderation_model", "serve", "--port", "0", "--device", "cpu"],
        stdout=subprocess.PIPE,
        text=True,
        env={**kept, "CANDOR_MODELS_DIR": str(tmp_path / "models")},
    )
    try:
        assert done.stdout is not None
        assert json.loads(done.stdout.readline())["version"] == "tiny-2"
    finally:
        done.kill()
        done.communicate()


@pytest.mark.parametrize("damage", ["weights", "pointer", "not a model"])
def test_a_server_with_a_damaged_champion_serves_the_model_in_the_box_and_says_so(
    tiny_store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    folder = tiny_store.folder("tiny-2")
    if damage == "pointer":
        (tmp_path / "models" / "champion.json").write_text("{")
    else:
        (folder / "model.safetensors").write_bytes(b"nothing")
    if damage == "not a model":  # which its manifest does not show
        registry.write_manifest(folder, registry.read_manifest(folder))
    assert serve_verbs.load_champion(tiny_store, "cpu").info.version == "tiny-1"
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert "model in the box decides" in said[0]


def test_a_server_without_any_store_serves_the_model_in_the_box(
    tmp_path: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "default_folder", lambda: tiny_model_dir)
    store = ModelStore(tmp_path / "none")
    assert serve_verbs.load_champion(store, "cpu").info.version == "tiny-1"
    assert capsys.readouterr().err == ""
    assert not (tmp_path / "none").exists()
