"""The weights in the box: whole, described truthfully, and right on the lines of the demo."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from moderation_model import registry
from moderation_model.backends import BACKENDS, Classifier
from moderation_model.backends.ours import open_ours
from moderation_model.contract import NORMALISED
from moderation_model.goals import HEADLINES
from moderation_model.labels import LABEL_NAMES
from moderation_model.normalise import NORMALISER_VERSION
from moderation_model.scoring import predict

HARMLESS = (
    "gg you absolute donkey, I nearly had you 😂",
    "kill their healer first, then burn the tower",
    "this damn boss is total garbage, died nine times",
    "he called me a 'pathetic waste of space', can a mod look?",
    "don't call people pathetic, not okay here",
    "I'm going to destroy you at eight",
    "nice run!",
    "gay, Muslim, from Scunthorpe, love RPGs",
    "I don't think anyone would notice if I was gone",
)
INSULTS = (
    "nobody likes you, you pathetic waste of space",
    "y0u are p 4 t h\u200b e t i c",
    "quit, you worthless clown",
    "no one wants you here, loser",
    "love you ❤️ now shut up forever you worthless clown",
)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return BACKENDS["torch"](registry.default_folder(), device="cpu", threads=1)


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_opens_no_case(classifier: Classifier, line: str) -> None:
    assert set(predict([line], classifier)[0].flagged) <= {"obscene"}


@pytest.mark.parametrize("line", INSULTS)
def test_an_insult_is_flagged(classifier: Classifier, line: str) -> None:
    assert "insult" in predict([line], classifier)[0].flagged


def test_a_hidden_insult_is_found_by_its_normalised_reading(classifier: Classifier) -> None:
    assert predict([INSULTS[1]], classifier)[0].reading == NORMALISED


def test_a_threat_without_a_rude_word_is_flagged(classifier: Classifier) -> None:
    line = "I know which bus you take. See you at your stop tomorrow."
    assert "threat" in predict([line], classifier)[0].flagged


def test_bf16_and_fp32_give_the_same_verdicts() -> None:
    texts = [*HARMLESS, *INSULTS]
    found = []
    for dtype in (torch.bfloat16, torch.float32):
        model = open_ours(registry.default_folder(), device="cpu", threads=1, dtype=dtype)
        found.append(np.array([list(one.scores.values()) for one in predict(texts, model)]))
    assert np.abs(found[0] - found[1]).max() < 0.03


def test_the_folder_is_whole_and_small_and_holds_known_figures_only() -> None:
    folder = registry.default_folder()
    manifest = registry.open_folder(folder)
    assert tuple(manifest["labels"]) == LABEL_NAMES
    assert manifest["normaliser_version"] == NORMALISER_VERSION
    assert set(manifest["metrics"]) <= set(HEADLINES)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 50_000_000
