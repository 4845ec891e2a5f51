"""Replay against forgetting: our own sentences with the champion's own answers as soft targets.

A model that learns a few hundred new labels forgets others. So it also sees sentences of `checks/replay/`, and for
those alone the target is what the champion says of them, for both heads (distillation: Li and Hoiem, "Learning without
forgetting", 2016).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from moderation_model.backends.torch_bert import BertTwoHeads
from moderation_model.checks.templates import generate, replay_folder
from moderation_model.labels import LABEL_NAMES
from moderation_model.prepare import prepare
from moderation_model.training.dataset import REPLAY, TRAIN, Row
from moderation_model.training.splits import near_key, share_of
from moderation_model.training.trainer import RowData, collate, has_bf16

PER_TEMPLATE = 2
TUNE_TEMPLATES = 0.12
"""Of the templates; they are watched and not trained on."""
_BATCH = 64


def replay_texts(count: int, *, watched: int, seed: int, without: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Up to `count` texts to train on and `watched` to look at, of other templates, as the model is shown them.

    None says the same as a text of `without`.
    """
    used = {near_key(text) for text in without}
    sentences = generate(replay_folder(), per_template=PER_TEMPLATE, seed=seed)
    random.Random(f"replay:{seed}").shuffle(sentences)
    sides: tuple[list[str], list[str]] = ([], [])
    for sentence in sentences:
        side, room = (sides[1], watched) if share_of(sentence.template) < TUNE_TEMPLATES else (sides[0], count)
        if len(side) >= room:
            continue
        text = prepare(sentence.text)
        if text.strip() and near_key(text) not in used:
            used.add(near_key(text))
            side.append(text)
    return sides


def distilled(
    texts: Sequence[str], champion: BertTwoHeads, tokenizer: Tokenizer, *, max_tokens: int, weight: float, part: str
) -> list[Row]:
    """Rows whose labels and stars are what `champion` says, as shares between 0 and 1, uncalibrated."""
    toxicity, sentiment = answers(texts, champion, tokenizer, max_tokens=max_tokens)
    return [
        Row(
            text=text,
            labels=dict(zip(LABEL_NAMES, map(float, scores), strict=True)),
            stars=tuple(map(float, stars)),
            weight=weight,
            source=REPLAY,
            group="",
            part=part,
            extra={},
        )
        for text, scores, stars in zip(texts, toxicity, sentiment, strict=True)
    ]


def answers(
    texts: Sequence[str], model: BertTwoHeads, tokenizer: Tokenizer, *, max_tokens: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shares by label (texts, 6) and by star (texts, 5) of the model as it stands."""
    toxicity, sentiment = np.zeros((len(texts), len(LABEL_NAMES))), np.zeros((len(texts), 5))
    data = RowData([_bare(text) for text in texts], tokenizer, max_tokens)
    order = sorted(range(len(texts)), key=data.lengths.__getitem__)
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16()):
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = collate([data[row] for row in rows])
            logits, stars = model(batch["input_ids"].to(device), batch["attention_mask"].to(device))
            toxicity[rows] = torch.sigmoid(logits.float()).cpu().numpy()
            sentiment[rows] = torch.softmax(stars.float(), dim=1).cpu().numpy()
    return toxicity, sentiment


def _bare(text: str) -> Row:
    return Row(text=text, labels={}, stars=None, weight=1.0, source=REPLAY, group="", part=TRAIN, extra={})
