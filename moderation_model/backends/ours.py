"""Our own model folders on torch, as they are served. Also the door to foreign Hugging Face models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from moderation_model import registry
from moderation_model.backends import STARS, Classifier, Logits, Window
from moderation_model.backends.cpu_pass import CpuPass
from moderation_model.backends.cuda_pass import CudaPass
from moderation_model.backends.devices import pick_device, pick_dtype, use_threads
from moderation_model.backends.fastest import fastest
from moderation_model.backends.packed import PackedBert, check
from moderation_model.backends.windows import cut_windows, mark, open_tokenizer
from moderation_model.contract import ModelInfo
from moderation_model.errors import BadModelFolder
from moderation_model.labels import LABEL_NAMES
from moderation_model.unknown_words import WordPieces

SAMPLE = (
    "gg you absolute donkey, I nearly had you",
    "nobody likes you, you pathetic waste of space, quit already",
    "I know which bus you take",
    "has anyone seen the patch notes? they changed the healer again",
    "shut up forever you worthless clown",
    "thank you all for last night, that was fun",
)
"""What number formats are tried on."""
IN_ONE_GO = 2_000
"""Characters of one text that is tokenised without letting go of Python's lock, for a millisecond at most: else its
thread has to wait for the lock again, which others want, too."""


class BertClassifier:
    """A loaded folder of ours. See `Classifier` for what the methods promise."""

    def __init__(
        self, model: PackedBert, tokenizer: Tokenizer, manifest: Mapping[str, Any], *, device: str, threads: int
    ) -> None:
        labels = tuple(manifest["labels"])
        self._pass = CudaPass(model) if model.device.type == "cuda" else CpuPass(model, threads=threads)
        self._encoder = _Encoder(tokenizer, manifest)
        self._words = WordPieces(tokenizer.get_vocab())
        steps = [manifest["calibration"].get(name, {"scale": 1.0, "bias": 0.0}) for name in labels]
        self._scale = np.array([step["scale"] for step in steps], dtype=np.float32)
        self._bias = np.array([step["bias"] for step in steps], dtype=np.float32)
        self._info = ModelInfo(
            version=str(manifest["version"]),
            labels=labels,
            missing=tuple(name for name in LABEL_NAMES if name not in labels),
            thresholds={name: float(manifest["thresholds"][name]["value"]) for name in labels},
            has_sentiment=True,
            backend="torch",
            device=device,
            dtype=str(model.dtype).removeprefix("torch."),
            max_tokens=int(manifest["max_tokens"]),
            languages=tuple(manifest.get("languages", registry.LANGUAGES)),
        )

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        return self._info

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """For each text its windows, overlapping where it is over-long."""
        return self._encoder(texts)

    def unknown_share(self, windows: Sequence[Window]) -> float | None:
        """The share of the words in one text's windows that the tokenizer does not know."""
        return self._words.unknown_share(windows)

    def logits(self, windows: Sequence[Window]) -> Logits:
        """One pass over all windows, packed; rows in the order given."""
        return self._in_order(len(windows), self._pass(windows))

    @property
    def cores(self) -> int:
        """How many callers at once `logits_on_one_core` is for: 1 where it runs on a graphics card."""
        return self._pass.cores

    def logits_on_one_core(self, windows: Sequence[Window]) -> Logits:
        """The same by the calling thread."""
        return self._in_order(len(windows), self._pass.on_one_core(windows))

    def _in_order(self, windows: int, answers: Iterable[tuple[list[int], np.ndarray]]) -> Logits:
        """The calibrated logits of so many windows from their rows, which come in any order."""
        labels = len(self._info.labels)
        found = np.zeros((windows, labels + STARS), dtype=np.float32)
        for numbers, rows in answers:
            found[numbers] = rows
        return Logits(found[:, :labels] * self._scale + self._bias, found[:, labels:])


class _Encoder:
    """Texts to windows."""

    def __init__(self, tokenizer: Tokenizer, manifest: Mapping[str, Any]) -> None:
        self._tokenizer = tokenizer
        self._start, self._end = mark(tokenizer, "[CLS]"), mark(tokenizer, "[SEP]")
        self._room, self._overlap = int(manifest["max_tokens"]) - 2, int(manifest["overlap"])

    def __call__(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        if len(texts) == 1 and len(texts[0]) <= IN_ONE_GO:
            encodings = [self._tokenizer.encode(texts[0], add_special_tokens=False)]
        else:
            encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [
            tuple((self._start, *part, self._end) for part in cut_windows(encoding.ids, self._room, self._overlap))
            for encoding in encodings
        ]


def load(path: str | Path, *, device: str = "auto", threads: int | None = None) -> Classifier:
    """Opens a folder of ours (it has a manifest), else a Hugging Face folder or hub id. Raises BadModelFolder."""
    threads = use_threads(threads)
    device = pick_device(device)
    if (Path(path) / registry.MANIFEST).is_file():
        return open_ours(Path(path), device=device, threads=threads)
    from moderation_model.backends.hub import load_foreign  # its library takes seconds to import

    return load_foreign(str(path), device=device)


def open_ours(folder: Path, *, device: str, threads: int, dtype: torch.dtype | None = None) -> BertClassifier:
    """A folder of ours on `device`, in the numbers that are fastest there unless `dtype` names some.

    Raises BadModelFolder.
    """
    manifest = registry.open_folder(folder)
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        state = load_file(folder / "model.safetensors")
        check(state, config, labels=len(manifest["labels"]))
        tokenizer = open_tokenizer(folder / "tokenizer.json")
        place = torch.device(device)

        def build(numbers: torch.dtype) -> PackedBert:
            return PackedBert(state, config, device=place, dtype=numbers)

        if dtype is not None or place.type == "cuda":
            model = build(dtype or pick_dtype(device))
        else:
            sample = [window for windows in _Encoder(tokenizer, manifest)(SAMPLE) for window in windows]
            model = fastest(build, sample, digest=manifest["files"]["model.safetensors"])
        return BertClassifier(model, tokenizer, manifest, device=device, threads=threads)
    except (OSError, RuntimeError, KeyError, ValueError, SafetensorError) as error:
        raise BadModelFolder(f"{folder.name} cannot be opened as a model of ours: {error}.") from error
