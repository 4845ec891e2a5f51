"""Batches of windows padded to one length: for models whose insides we do not know, and for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from moderation_model.backends import Window

LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Padded lengths: few shapes, because every new shape costs oneDNN a primitive that it keeps."""
BATCH_TOKENS = 2048
"""Most padded tokens of one forward pass on a CPU: more brings no speed there and costs memory (8,192: 120 MB more)."""
CUDA_BATCH_TOKENS = 32_768


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
