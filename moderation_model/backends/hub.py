"""Foreign models: any Hugging Face multi-label text classifier in safetensors, from a folder or the hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from moderation_model.backends import STARS, Logits, Window
from moderation_model.backends.devices import pick_dtype
from moderation_model.backends.padding import batch_tokens, batches, pad
from moderation_model.backends.windows import cut_windows
from moderation_model.contract import ModelInfo
from moderation_model.errors import BadModelFolder
from moderation_model.labels import LABEL_NAMES

THRESHOLD = 0.5
"""Limit of every label: a foreign model brings none of its own."""
MAX_TOKENS = 512
OVERLAP = 32

SYNONYMS: Mapping[str, str] = {
    "toxicity": "toxic",
    "severe_toxicity": "severe_toxic",
    "severely_toxic": "severe_toxic",
    "obscenity": "obscene",
    "profanity": "obscene",
    "threatening": "threat",
    "threats": "threat",
    "insulting": "insult",
    "insults": "insult",
    "identity_attack": "identity_hate",
    "identity_based_hate": "identity_hate",
    "hate": "identity_hate",
    "hateful": "identity_hate",
    "hate_speech": "identity_hate",
}
"""What others call our labels, in lower case with underscores."""


class HubClassifier:
    """A loaded foreign model: sigmoid over those of its labels that we know; it has no sentiment."""

    def __init__(self, model: Any, tokenizer: Any, columns: Mapping[str, int], *, version: str, device: str) -> None:
        dtype = pick_dtype(device)
        self._device = torch.device(device)
        self._model = model.eval().to(self._device, dtype)
        self._tokenizer = tokenizer
        self._columns = list(columns.values())
        self._pad = tokenizer.pad_token_id or 0
        positions = getattr(model.config, "max_position_embeddings", None) or MAX_TOKENS
        room = min(int(positions), int(tokenizer.model_max_length), MAX_TOKENS)
        self._around = _specials(tokenizer)
        self._info = ModelInfo(
            version=version,
            labels=tuple(columns),
            missing=tuple(name for name in LABEL_NAMES if name not in columns),
            thresholds=dict.fromkeys(columns, THRESHOLD),
            has_sentiment=False,
            backend="torch",
            device=device,
            dtype=str(dtype).removeprefix("torch."),
            # RoBERTa counts positions from pad + 1 and has that many fewer places for tokens.
            max_tokens=room - (self._pad + 1 if model.config.model_type in {"roberta", "xlm-roberta"} else 0),
        )

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        return self._info

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """For each text its windows, overlapping where it is over-long."""
        before, after = self._around
        room = self._info.max_tokens - len(before) - len(after)
        if not texts:
            return []
        found = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return [
            tuple((*before, *part, *after) for part in cut_windows(ids, room, min(OVERLAP, room // 2))) for ids in found
        ]

    def logits(self, windows: Sequence[Window]) -> Logits:
        """One pass over all windows; the sentiment rows are zeros."""
        toxicity = np.zeros((len(windows), len(self._columns)), dtype=np.float32)
        with torch.inference_mode():
            for rows, padded in batches([len(window) for window in windows], most=batch_tokens(self._device)):
                length = min(padded, self._info.max_tokens)
                ids, mask = pad([windows[row] for row in rows], length, self._pad)
                given = self._model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device)).logits
                toxicity[rows] = given.float().cpu().numpy()[:, self._columns]
        return Logits(toxicity, np.zeros((len(windows), STARS), dtype=np.float32))


def load_foreign(name: str, *, device: str) -> HubClassifier:
    """Opens a folder or a hub id. BadModelFolder with a sentence if it is neither or knows none of our labels."""
    folder = Path(name)
    if not folder.is_dir() and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise BadModelFolder(f"{name} is no folder and no Hugging Face id (owner/name); give one of the two.")
    try:
        model = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise BadModelFolder(
            f"{name} cannot be opened as a Hugging Face text classifier in safetensors: {reason}."
        ) from error
    columns = known_columns(model.config.id2label)
    if not columns:
        theirs = ", ".join(str(label) for label in list(model.config.id2label.values())[:8])
        raise BadModelFolder(f"{name} knows none of our labels; its own are {theirs}.")
    return HubClassifier(model, tokenizer, columns, version=_version(name, model.config), device=device)


def known_columns(id2label: Mapping[Any, str]) -> dict[str, int]:
    """Our label -> column of theirs, in our order; case, spaces and dashes do not count, see `SYNONYMS`."""
    found: dict[str, int] = {}
    for column, label in id2label.items():
        plain = re.sub(r"[\s-]+", "_", str(label).strip().lower())
        name = plain if plain in LABEL_NAMES else SYNONYMS.get(plain, "")
        if name:
            found.setdefault(name, int(column))
    return {name: found[name] for name in LABEL_NAMES if name in found}


def _specials(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special tokens that this tokenizer puts before and after one text."""
    [word] = tokenizer(["a"], add_special_tokens=False)["input_ids"]
    [whole] = tokenizer(["a"], add_special_tokens=True)["input_ids"]
    start = next(at for at in range(len(whole)) if list(whole[at : at + len(word)]) == list(word))
    return tuple(whole[:start]), tuple(whole[start + len(word) :])


def _version(name: str, config: Any) -> str:
    """The hub's commit where there is one, else a digest of the folder's config."""
    commit = getattr(config, "_commit_hash", None)
    mark = commit or hashlib.sha256(config.to_json_string().encode()).hexdigest()
    return f"{Path(name).name}@{mark[:12]}"
