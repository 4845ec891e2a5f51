"""Our own folders and foreign checkpoints on torch: windows, order, number formats, labels that are missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.backends.ours import open_ours
from moderation_model.backends.windows import cut_windows
from moderation_model.errors import BadModelFolder
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import predict
from tests.model.conftest import write_tiny_model

TEXTS = ["you are nice", "hello", "you worthless clown, quit now please", "", "a b c d e f g " * 20]


def open_model(path: Path | str) -> Classifier:
    return BACKENDS["torch"](path, device="cpu", threads=1)


def all_logits(classifier: Classifier, texts: list[str]) -> np.ndarray:
    windows = [window for group in classifier.encode(texts) for window in group]
    return classifier.logits(windows).toxicity


def test_it_says_what_it_is(tiny_model_dir: Path) -> None:
    info = open_model(tiny_model_dir).info
    assert info.labels == LABEL_NAMES
    assert info.missing == ()
    assert info.has_sentiment
    assert (info.version, info.device, info.max_tokens) == ("tiny-1", "cpu", 32)


def test_every_text_has_windows_and_long_text_several_that_overlap(tiny_model_dir: Path) -> None:
    groups = open_model(tiny_model_dir).encode(TEXTS)
    assert [len(group) for group in groups[:4]] == [1, 1, 1, 1]
    assert len(groups[4]) > 2
    assert all(len(window) <= 32 for group in groups for window in group)
    first, second = groups[4][0], groups[4][1]
    assert first[-9:-1] == second[1:9]


def test_cut_windows_cover_every_token_once_or_in_the_overlap() -> None:
    for length in range(60):
        parts = cut_windows(list(range(length)), 10, 3)
        joined = list(parts[0])
        for part in parts[1:]:
            assert list(part[:3]) == joined[-3:]
            joined += part[3:]
        assert joined == list(range(length))


def test_rows_come_in_the_order_given_whatever_their_lengths(tiny_model_dir: Path) -> None:
    classifier = open_model(tiny_model_dir)
    together = all_logits(classifier, TEXTS[:4])
    alone = np.concatenate([all_logits(classifier, [text]) for text in TEXTS[:4]])
    assert np.allclose(together, alone, atol=0.05)


def test_no_windows_give_no_rows(tiny_model_dir: Path) -> None:
    logits = open_model(tiny_model_dir).logits([])
    assert logits.toxicity.shape == (0, 6)
    assert logits.sentiment.shape == (0, 5)


def test_scores_in_bf16_and_fp32_agree(tiny_model_dir: Path) -> None:
    found = []
    for dtype in (torch.bfloat16, torch.float32):
        classifier = open_ours(tiny_model_dir, device="cpu", threads=1, dtype=dtype)
        assert classifier.info.dtype == str(dtype).removeprefix("torch.")
        found.append(np.array([list(one.scores.values()) for one in predict(TEXTS, classifier)]))
    assert np.abs(found[0] - found[1]).max() < 0.02


def test_calibration_of_the_manifest_is_in_the_logits(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path / "calibrated"))
    manifest = registry.read_manifest(folder)
    manifest["calibration"]["toxic"] = {"scale": 2.0, "bias": -1.0}
    registry.write_manifest(folder, manifest)
    plain, changed = (all_logits(open_model(path), ["hello"]) for path in (tiny_model_dir, folder))
    assert changed[0, 0] == pytest.approx(plain[0, 0] * 2.0 - 1.0, abs=1e-5)
    assert changed[0, 1:] == pytest.approx(plain[0, 1:])


def test_a_changed_folder_is_refused(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path / "changed"))
    (folder / "config.json").write_text("{}")
    with pytest.raises(BadModelFolder, match="changed"):
        open_model(folder)


def test_weights_that_do_not_fit_the_config_are_refused(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path / "unfit"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    registry.write_manifest(folder, registry.read_manifest(folder))
    with pytest.raises(BadModelFolder, match="cannot be opened"):
        open_model(folder)


@pytest.mark.parametrize("path", ["no/such/folder", "nothing", "/nowhere/at/all"])
def test_a_path_that_is_neither_folder_nor_id_is_refused(path: str) -> None:
    with pytest.raises(BadModelFolder, match="no folder and no Hugging Face id"):
        open_model(path)


def foreign_model(folder: Path, labels: list[str], *, safetensors: bool = True) -> Path:
    """A tiny random multi-label checkpoint as Hugging Face writes it."""
    ours = write_tiny_model(folder / "ours")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(ours / "tokenizer.json"),
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        id2label=dict(enumerate(labels)),
        problem_type="multi_label_classification",
    )
    torch.manual_seed(1)
    model = BertForSequenceClassification(config)
    target = folder / "foreign"
    tokenizer.save_pretrained(target)
    model.save_pretrained(target)
    if not safetensors:
        (target / "model.safetensors").unlink()
        torch.save(model.state_dict(), target / "pytorch_model.bin")
    return target


def test_a_foreign_model_is_opened_by_its_label_names_and_says_what_it_lacks(tmp_path: Path) -> None:
    names = ["toxicity", "Severe-Toxicity", "sexual_explicit", "identity attack", "insult"]
    classifier = open_model(foreign_model(tmp_path, names))
    assert classifier.info.languages == ()
    info = classifier.info
    assert info.labels == ("toxic", "severe_toxic", "insult", "identity_hate")
    assert info.missing == ("obscene", "threat")
    assert not info.has_sentiment
    prediction = predict(["you are nice", "a b c " * 40], classifier)[0]
    assert set(prediction.scores) == set(info.labels)
    assert prediction.sentiment.stars == (0.2,) * 5


def test_a_foreign_model_scores_as_its_own_library_does(tmp_path: Path) -> None:
    folder = foreign_model(tmp_path, ["insult", "toxic"])
    theirs = BertForSequenceClassification.from_pretrained(folder)
    tokens = PreTrainedTokenizerFast.from_pretrained(folder)("you nice clown", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        expected = torch.sigmoid(theirs(torch.tensor([tokens])).logits)[0]
    scores = predict(["you nice clown"], open_model(folder))[0].scores
    assert scores["insult"] == pytest.approx(float(expected[0]), abs=0.02)
    assert scores["toxic"] == pytest.approx(float(expected[1]), abs=0.02)


def test_a_foreign_model_without_any_of_our_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match="spam, ham"):
        open_model(foreign_model(tmp_path, ["spam", "ham"]))


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelFolder, match="safetensors"):
        open_model(foreign_model(tmp_path, ["toxic", "insult"], safetensors=False))
