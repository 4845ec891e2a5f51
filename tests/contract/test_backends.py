"""Every backend on every device says what the trained module says in float32, whatever it does to be fast."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier, OnOneCore, Window
from moderation_model.checks.anchors import anchor_sentences
from moderation_model.checks.suite import read_suite

WEIGHTS = registry.default_folder()
TOLERANCE = 0.01
BEYOND, FEW = 0.0125, 5000
"""bfloat16 rounds the weights themselves: one score in so many may be so far off."""
TEXTS = 2000

pytestmark = [
    pytest.mark.skipif(not (WEIGHTS / "model.safetensors").exists(), reason="the weights are not in this checkout"),
    pytest.mark.timeout(400),
]


@lru_cache
def texts() -> tuple[str, ...]:
    """The checks, abusive and harmless, then anchors, and some texts of more than one window."""
    short = [
        *(text for check in read_suite() for text in check.cases),
        *(sentence.text for sentence in anchor_sentences()),
    ]
    long = [" ".join(short[start : start + 40]) for start in range(0, 400, 40)]
    return tuple([*long, *dict.fromkeys(short)][:TEXTS])


@lru_cache(maxsize=1)
def expected() -> np.ndarray:
    """(windows, labels) scores of the module that is trained, in float32, window by window of like length."""
    import torch

    from moderation_model.backends.torch_bert import open_model

    model = open_model(WEIGHTS)
    rows = windows(BACKENDS["torch"](WEIGHTS, device="cpu"))
    logits = np.zeros((len(rows), len(registry.read_manifest(WEIGHTS)["labels"])), dtype=np.float32)
    by_length: dict[int, list[int]] = {}
    for row, window in enumerate(rows):
        by_length.setdefault(len(window), []).append(row)
    with torch.inference_mode():
        for same in by_length.values():
            ids = torch.tensor([rows[row] for row in same])
            logits[same] = model(ids, torch.ones_like(ids))[0].numpy()
    calibration = registry.read_manifest(WEIGHTS)["calibration"]
    steps = [calibration[name] for name in registry.read_manifest(WEIGHTS)["labels"]]
    return sigmoid(logits * [step["scale"] for step in steps] + [step["bias"] for step in steps])


def windows(classifier: Classifier) -> list[Window]:
    return [window for group in classifier.encode(texts()) for window in group]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    import torch

    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    return request.param


@pytest.fixture(params=sorted(BACKENDS))
def classifier(request: pytest.FixtureRequest, device: str) -> Classifier:
    return BACKENDS[request.param](WEIGHTS, device=device)


def test_scores_are_those_of_float32_and_the_same_texts_are_flagged(classifier: Classifier) -> None:
    found = sigmoid(classifier.logits(windows(classifier)).toxicity)
    assert len(found) >= TEXTS
    np.testing.assert_allclose(found, expected(), atol=BEYOND)
    assert (np.abs(found - expected()) > TOLERANCE).sum() <= found.size / FEW
    limits = np.array([classifier.info.thresholds[name] for name in classifier.info.labels])
    clear = np.abs(expected() - limits) > TOLERANCE
    np.testing.assert_array_equal((found >= limits)[clear], (expected() >= limits)[clear])
    assert (expected() >= limits).any(axis=0).all()  # each label is put to the test


def test_neither_company_nor_place_in_a_batch_changes_a_score(classifier: Classifier) -> None:
    rows = windows(classifier)[:300]
    together = sigmoid(classifier.logits(rows).toxicity)
    for chosen in ([0], [299], [7, 150], list(range(40, 73)), list(range(299, -1, -1))):
        some = sigmoid(classifier.logits([rows[row] for row in chosen]).toxicity)
        np.testing.assert_allclose(some, together[chosen], atol=TOLERANCE)


def test_one_core_alone_says_what_all_of_them_say(classifier: Classifier) -> None:
    if not isinstance(classifier, OnOneCore):
        pytest.skip("it needs all of its cores for one pass")
    rows = windows(classifier)[:300]
    together = sigmoid(classifier.logits(rows).toxicity)
    with ThreadPoolExecutor(classifier.cores + 1) as threads:
        parts = [rows[start : start + 40] for start in range(0, 300, 40)]
        found = [each.toxicity for each in threads.map(classifier.logits_on_one_core, parts)]
    np.testing.assert_allclose(sigmoid(np.concatenate(found)), together, atol=TOLERANCE)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_packed_pass_agrees_in_every_kind_of_number(dtype: str) -> None:
    import torch

    from moderation_model.backends.ours import open_ours

    classifier = open_ours(Path(WEIGHTS), device="cpu", threads=1, dtype=getattr(torch, dtype))
    rows: Sequence[Window] = windows(classifier)[-300:]
    found = sigmoid(classifier.logits(rows).toxicity)
    np.testing.assert_allclose(found, expected()[-300:], atol=TOLERANCE if dtype == "bfloat16" else 1e-4)
