"""A model folder is opened only if every file is what its manifest says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from moderation_model import registry
from moderation_model.errors import BadModelFolder


@pytest.fixture
def folder(tiny_model_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model_dir, tmp_path / "copy"))


def test_a_whole_folder_opens(folder: Path) -> None:
    assert registry.open_folder(folder)["version"] == "tiny-1"


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(BadModelFolder, match=r"missing: tokenizer\.json"):
        registry.open_folder(folder)


def test_an_extra_file_is_named(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(BadModelFolder, match=r"extra: pytorch_model\.bin"):
        registry.open_folder(folder)


def test_a_changed_file_is_named(folder: Path) -> None:
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(BadModelFolder, match=r"changed: model\.safetensors"):
        registry.open_folder(folder)


def test_all_differences_are_named_at_once(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "README.md").write_text("other")
    with pytest.raises(BadModelFolder, match=r"missing: config\.json; changed: README\.md"):
        registry.open_folder(folder)


def test_a_folder_whose_manifest_forgets_the_weights_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["model.safetensors"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadModelFolder, match=r"extra: model\.safetensors"):
        registry.open_folder(folder)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match=r"no manifest\.json"):
        registry.open_folder(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BadModelFolder):
        registry.open_folder(tmp_path)


@pytest.mark.parametrize(("key", "value"), [("overlap", 500), ("overlap", -1), ("thresholds", {"toxic": {"value": 7}})])
def test_a_manifest_whose_numbers_make_no_sense_is_refused(folder: Path, key: str, value: object) -> None:
    path = folder / registry.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), key: value}), "utf-8")
    with pytest.raises(BadModelFolder, match="cannot be used"):
        registry.open_folder(folder)
