"""Our own model on torch: one BERT encoder, mean pooling, two heads. Also the door to foreign Hugging Face models."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertModel

from moderation_model import registry
from moderation_model.backends import Classifier, Logits, Window
from moderation_model.contract import ModelInfo
from moderation_model.errors import BadModelFolder
from moderation_model.labels import LABEL_NAMES
from moderation_model.unknown_words import WordPieces

STARS = 5
HEAD_DROPOUT = 0.1
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Padded lengths: few shapes, because every new shape costs oneDNN a primitive that it keeps."""
BATCH_TOKENS = 2048
"""Most padded tokens of one forward pass on a CPU: more brings no speed there and costs memory (8,192: 120 MB more)."""
CUDA_BATCH_TOKENS = 32_768


class BertTwoHeads(nn.Module):
    """One encoder, mean pooling, the heads `toxicity` (logits by label) and `sentiment` (logits by star)."""

    def __init__(self, config: BertConfig, labels: int = len(LABEL_NAMES)) -> None:
        super().__init__()
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.toxicity = nn.Linear(config.hidden_size, labels)
        self.sentiment = nn.Linear(config.hidden_size, STARS)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask (rows, length) -> toxicity (rows, labels) and sentiment (rows, 5), float32."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = ((hidden * mask).sum(1) / mask.sum(1).clamp(min=1)).to(self.toxicity.weight.dtype)
        pooled = self.dropout(pooled)
        return self.toxicity(pooled).float(), self.sentiment(pooled).float()


class BertClassifier:
    """A loaded folder of ours. See `Classifier` for what the methods promise."""

    def __init__(
        self, model: BertTwoHeads, tokenizer: Tokenizer, manifest: Mapping[str, Any], *, device: str, dtype: torch.dtype
    ) -> None:
        labels = tuple(manifest["labels"])
        self._device = torch.device(device)
        self._model = model.eval().to(self._device)
        nn.Module.to(self._model.encoder, dtype)
        self._tokenizer = tokenizer
        self._words = WordPieces(tokenizer.get_vocab())
        self._overlap = int(manifest["overlap"])
        self._start, self._end, self._pad = (_token(tokenizer, name) for name in ("[CLS]", "[SEP]", "[PAD]"))
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
            dtype=str(dtype).removeprefix("torch."),
            max_tokens=int(manifest["max_tokens"]),
            languages=tuple(manifest.get("languages", registry.LANGUAGES)),
        )

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        return self._info

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """For each text its windows, overlapping where it is over-long."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        room = self._info.max_tokens - 2
        return [
            tuple((self._start, *part, self._end) for part in cut_windows(encoding.ids, room, self._overlap))
            for encoding in encodings
        ]

    def unknown_share(self, windows: Sequence[Window]) -> float | None:
        """The share of the words in one text's windows that the tokenizer does not know."""
        return self._words.unknown_share(windows)

    def logits(self, windows: Sequence[Window]) -> Logits:
        """One pass over all windows, in batches of like length; rows in the order given."""
        toxicity = np.zeros((len(windows), len(self._info.labels)), dtype=np.float32)
        sentiment = np.zeros((len(windows), STARS), dtype=np.float32)
        with torch.inference_mode():
            for rows, length in batches([len(window) for window in windows], most=batch_tokens(self._device)):
                ids, mask = pad([windows[row] for row in rows], length, self._pad)
                tox, stars = self._model(ids.to(self._device), mask.to(self._device))
                toxicity[rows] = tox.cpu().numpy()
                sentiment[rows] = stars.cpu().numpy()
        return Logits(toxicity * self._scale + self._bias, sentiment)


def load(path: str | Path, *, device: str = "auto", threads: int | None = None) -> Classifier:
    """Opens a folder of ours (it has a manifest), else a Hugging Face folder or hub id. Raises BadModelFolder."""
    use_threads(threads)
    device = pick_device(device)
    if (Path(path) / registry.MANIFEST).is_file():
        return _load_ours(Path(path), device)
    from moderation_model.backends.hub import load_foreign

    return load_foreign(str(path), device=device)


def _load_ours(folder: Path, device: str) -> BertClassifier:
    manifest = registry.open_folder(folder)
    try:
        config = BertConfig.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
        model = new_model(config, labels=len(manifest["labels"]))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        tokenizer = open_tokenizer(folder / "tokenizer.json")
        return BertClassifier(model, tokenizer, manifest, device=device, dtype=pick_dtype(device))
    except (OSError, RuntimeError, KeyError, ValueError, SafetensorError) as error:
        raise BadModelFolder(f"{folder.name} cannot be opened as a model of ours: {error}.") from error


def _token(tokenizer: Tokenizer, name: str) -> int:
    number = tokenizer.token_to_id(name)
    if number is None:
        raise ValueError(f"the tokenizer lacks {name}")
    return number


def new_model(config: BertConfig, *, labels: int = len(LABEL_NAMES), attention: str = "sdpa") -> BertTwoHeads:
    """A model with random weights in float32; `sdpa` is torch's fused attention, the faster one for scoring."""
    config._attn_implementation = attention
    return BertTwoHeads(config, labels)


def save_weights(model: BertTwoHeads, folder: Path) -> None:
    """Writes `model.safetensors` (fp16) and `config.json`; the manifest is `registry.write_manifest`'s."""
    state = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)  # the library writes it for the owner only; the folder is to be shared
    kept = {"attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range"}
    kept |= {"intermediate_size", "layer_norm_eps", "max_position_embeddings", "model_type", "num_attention_heads"}
    kept |= {"num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size"}
    config = {name: value for name, value in model.encoder.config.to_dict().items() if name in kept}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")


def open_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of `path` without truncation and padding: windows are cut and padded here."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def cut_windows(ids: Sequence[int], room: int, overlap: int) -> list[tuple[int, ...]]:
    """`ids` in parts of at most `room`, each repeating the last `overlap` of the one before; one part for no ids."""
    if len(ids) <= room:
        return [tuple(ids)]
    step = room - overlap
    return [tuple(ids[start : start + room]) for start in range(0, len(ids) - overlap, step)]


def batch_tokens(device: torch.device) -> int:
    """Most padded tokens of one forward pass on that device."""
    return CUDA_BATCH_TOKENS if device.type == "cuda" else BATCH_TOKENS


def batches(lengths: Sequence[int], *, most: int) -> list[tuple[list[int], int]]:
    """Rows of like length in groups of at most `most` padded tokens: (row numbers, padded length)."""
    groups: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        padded = next((size for size in LENGTHS if size >= length), length)
        groups.setdefault(padded, []).append(row)
    found: list[tuple[list[int], int]] = []
    for padded, rows in sorted(groups.items()):
        size = max(1, most // padded)
        found.extend((rows[start : start + size], padded) for start in range(0, len(rows), size))
    return found


def pad(windows: Sequence[Window], length: int, pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both int64 (rows, length)."""
    ids = np.full((len(windows), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(windows), length), dtype=np.int64)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def use_threads(threads: int | None) -> None:
    """Gives torch `threads` threads; without a number, as many as this process may use cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads or cores)


def pick_device(device: str) -> str:
    """`auto` is the first CUDA device, else the CPU."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def pick_dtype(device: str) -> torch.dtype:
    """bfloat16 where the device multiplies it fast (CUDA from Ampere, AMX, AVX512-BF16), else float32."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    has = torch.cpu.get_capabilities()
    return torch.bfloat16 if has.get("amx_bf16") or has.get("avx512_bf16") else torch.float32
