"""Texts in other words: into another language and back with two MarianMT checkpoints.

The method is that of Sennrich, Haddow and Birch (2016), used here to vary texts, not to train a translator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from moderation_model.errors import BadModelFolder

BATCH = 32
MOST_TOKENS = 128
"""Of a text and of its translation; what is longer is cut."""
BEAMS = 2


class BackTranslator:
    """Calls with texts give the same number of texts, translated there and back, the same for the same texts.

    The folders are checkpoints as `transformers` saves them, for example of Helsinki-NLP/opus-mt-en-fr and -fr-en. They
    are opened at the first call. Raises `BadModelFolder` if one cannot be opened.
    """

    def __init__(self, folder_to: Path, folder_back: Path, *, device: str = "auto") -> None:
        self._folders = (folder_to, folder_back)
        self._device = device

    def __call__(self, texts: Sequence[str]) -> list[str]:
        found = list(texts)
        for folder in self._folders:
            found = _Translator(folder, self._device).translate(found)
        return found


class _Translator:
    def __init__(self, folder: Path, device: str) -> None:
        self._tokenizer, self._model = _open(folder)
        self._model.to("cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu"))
        self._model.eval()

    def translate(self, texts: Sequence[str]) -> list[str]:
        """One translation a text, in order. Texts of like length go together, so that little is padded."""
        found = [""] * len(texts)
        for numbers in _batches(texts):
            batch = self._tokenizer(
                [texts[number] for number in numbers],
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=MOST_TOKENS,
            ).to(self._model.device)
            with torch.inference_mode():
                made = self._model.generate(
                    input_ids=batch["input_ids"],
                    attention_mask=batch["attention_mask"],
                    do_sample=False,
                    num_beams=BEAMS,
                    max_new_tokens=MOST_TOKENS,
                )
            for number, text in zip(numbers, self._tokenizer.batch_decode(made, skip_special_tokens=True), strict=True):
                found[number] = text
        return found


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """The numbers of the texts that are not empty, by length."""
    order = sorted((number for number, text in enumerate(texts) if text.strip()), key=lambda number: len(texts[number]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _open(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise BadModelFolder(f"{folder} is no translation checkpoint: it lacks config.json.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except ImportError as error:
        raise BadModelFolder(
            f"The tokenizer of {folder} needs the package sentencepiece: pip install sentencepiece."
        ) from error
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise BadModelFolder(f"{folder} cannot be opened as a translation model in safetensors: {reason}.") from error
    return tokenizer, model
