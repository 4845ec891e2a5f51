"""`candor-model export`: what it writes scores like the model, and what cannot be written leaves nothing behind."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from moderation_model import registry
from moderation_model.__main__ import build_app
from moderation_model.backends import BACKENDS
from moderation_model.labels import LABEL_NAMES

TEXTS = ("you are a clown", "hello", "nobody likes the boss and it is not a nice game, see you tomorrow")


def export(out: Path, *more: str | Path) -> Result:
    return CliRunner().invoke(build_app(), ["export", "--out", str(out), *map(str, more)])


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory, tiny_model_dir: Path) -> Path:
    """A model whose calibration changes its scores much, each label's in another way."""
    folder = tmp_path_factory.mktemp("calibrated") / "tiny"
    shutil.copytree(tiny_model_dir, folder)
    manifest = registry.read_manifest(folder)
    steps = {name: {"scale": 1.5, "bias": number - 2.5} for number, name in enumerate(LABEL_NAMES)}
    registry.write_manifest(folder, {**manifest, "calibration": steps})
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, calibrated: Path) -> Path:
    pytest.importorskip("onnxscript", reason="the extra candor[export] is not installed")
    out = tmp_path_factory.mktemp("exported") / "onnx"
    done = export(out, "--model", calibrated)
    assert done.exit_code == 0, done.output
    return out


def scored(folder: Path, texts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Scores and stars of one batch, as the README says."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    rows = tokenizer.encode_batch(list(texts))
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    ids = np.array([row.ids for row in rows], dtype=np.int64)
    return session.run(None, {"input_ids": ids, "attention_mask": np.array([row.attention_mask for row in rows])})


def test_the_graph_scores_like_the_model(exported: Path, calibrated: Path) -> None:
    classifier = BACKENDS["torch"](calibrated, device="cpu")
    logits = classifier.logits([windows[0] for windows in classifier.encode(TEXTS)])
    scores, stars = scored(exported, TEXTS)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits.toxicity)), atol=0.01)
    np.testing.assert_allclose(stars.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(stars.argmax(axis=1), logits.sentiment.argmax(axis=1))


def test_padding_and_company_change_no_score(exported: Path) -> None:
    together, _ = scored(exported, TEXTS)
    for row, text in zip(together, TEXTS, strict=True):
        alone, _ = scored(exported, (text,))
        np.testing.assert_allclose(row, alone[0], atol=1e-5)


def test_the_readme_s_program_runs_as_it_stands(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    program = re.search(r"```python\n(.*?)```", (exported / "README.md").read_text("utf-8"), re.DOTALL)
    assert program is not None
    monkeypatch.chdir(exported)
    ran: dict[str, Any] = {}
    exec(program[1], ran)
    facts = json.loads((exported / "candor.json").read_text("utf-8"))
    limits = [facts["limits"][name] for name in facts["labels"]]
    assert facts["labels"] == list(LABEL_NAMES)
    assert ran["scores"].shape == (1, 6)
    assert ran["flagged"] == [
        name for name, score, limit in zip(LABEL_NAMES, ran["scores"][0], limits, strict=True) if score >= limit
    ]


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, tiny_model_dir: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me", "utf-8")
    done = export(tmp_path / "mine", "--model", tiny_model_dir)
    assert done.exit_code == 1
    assert "is there already. Choose another folder" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_model_that_is_none_of_ours_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    done = export(tmp_path / "out", "--model", tmp_path / "foreign")
    assert done.exit_code == 1
    assert "is no model folder: it has no manifest.json." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["foreign"]


@pytest.mark.parametrize("package", ["onnxscript", "torch"])
def test_a_missing_package_is_named_and_nothing_is_left_behind(
    tmp_path: Path, tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.delitem(sys.modules, "moderation_model.backends.onnx_export", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    done = export(tmp_path / "out", "--model", tiny_model_dir)
    assert done.exit_code == 1
    assert f"Writing ONNX needs {package}: pip install 'candor[model,export]'." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, tiny_model_dir: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    done = export(tmp_path / "file" / "out", "--model", tiny_model_dir)
    assert done.exit_code == 1
    assert "Nothing can be written to" in done.stderr
