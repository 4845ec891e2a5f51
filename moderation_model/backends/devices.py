"""Which device torch runs on, with which numbers and how many threads."""

from __future__ import annotations

import torch

from moderation_model.backends.cores import usable_cores


def use_threads(threads: int | None) -> int:
    """Gives torch `threads` threads, without a number as many as this process may use cores; returns how many."""
    chosen = threads or usable_cores()
    torch.set_num_threads(chosen)
    return chosen


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
