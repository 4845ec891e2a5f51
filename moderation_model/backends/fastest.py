"""Which numbers a CPU computes one model with: the fastest that agree with float32, tried once and remembered.

Not every processor with bfloat16 instructions is faster by them, and int8 is not within tolerance on any: with 8-bit
weights alone scores of the model in the box moved by up to 0.026, with 8-bit activations too by 0.048.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from time import thread_time

import torch

from moderation_model.backends import Window
from moderation_model.backends.packed import PackedBert
from moderation_model.backends.packing import pack

TOLERANCE = 0.01
"""Most that a score may differ from float32."""
WORTH_IT = 1.1
"""How much faster than float32 other numbers must be."""
TRIALS = 5
"""Passes of each kind, in turns, after one that is not timed."""
KEPT = 64
"""Answers that the file keeps, the newest."""
FILE = "fastest.json"
TRIED = "thread time"
"""Another word for another way to try: answers that were found differently are not believed."""

logger = logging.getLogger(__name__)


def fastest(build: Callable[[torch.dtype], PackedBert], sample: Sequence[Window], *, digest: str) -> PackedBert:
    """The model that `build` makes of the best numbers for this processor. `digest` is that of the weights.

    The answer is kept in `cache_folder()`; a file there that cannot be read or written only costs another trial.
    """
    name = _name(digest)
    known = _remembered().get(name)
    if known in {"float32", "bfloat16"}:
        return build(getattr(torch, known))
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return build(torch.float32)
    found = _tried(build, sample)
    _remember(name, str(found.dtype).removeprefix("torch."))
    return found


def _tried(build: Callable[[torch.dtype], PackedBert], sample: Sequence[Window]) -> PackedBert:
    """Both kinds on `sample`: bfloat16 if it is that much faster and its scores agree, else float32."""
    [micro] = pack(sample)
    tokens, counts = torch.from_numpy(micro.tokens), torch.from_numpy(micro.counts)
    plain, short = build(torch.float32), build(torch.bfloat16)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            scores = [model(micro.row, tokens, counts).sigmoid()[: len(micro.windows)] for model in (plain, short)]
            took = [[_seconds(model, micro.row, tokens, counts) for model in (plain, short)] for _ in range(TRIALS)]
    finally:
        torch.set_num_threads(threads)
    agrees = float((scores[0] - scores[1]).abs().max()) <= TOLERANCE
    seconds, short_seconds = map(min, zip(*took, strict=True))
    return short if agrees and short_seconds * WORTH_IT <= seconds else plain


def _seconds(model: PackedBert, row: int, tokens: torch.Tensor, counts: torch.Tensor) -> float:
    """What one pass takes of the thread's own time: whatever else runs on this machine must not decide for good."""
    started = thread_time()
    model(row, tokens, counts)
    return thread_time() - started


def cache_folder() -> Path | None:
    """Where the answers are kept; None for a user without a home."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "candor"
    try:
        return Path.home() / ".cache" / "candor"
    except RuntimeError:
        return None


def _name(digest: str) -> str:
    """Of what the answer depends on: processor, torch, weights, and the way it was tried."""
    info = Path("/proc/cpuinfo")
    try:
        lines = info.read_text("utf-8").splitlines()
        processor = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
    except OSError:
        processor = [platform.processor(), platform.machine()]
    return hashlib.sha256("\n".join([*processor, torch.__version__, digest, TRIED]).encode()).hexdigest()


def _remembered() -> dict[str, str]:
    """What the file says, nothing if there is none that makes sense."""
    folder = cache_folder()
    try:
        found = json.loads((folder / FILE).read_text("utf-8")) if folder else {}
    except (OSError, ValueError):
        return {}
    return {str(name): str(kind) for name, kind in found.items()} if isinstance(found, dict) else {}


def _remember(name: str, kind: str) -> None:
    folder = cache_folder()
    if folder is None:
        return
    kept = dict([*_remembered().items(), (name, kind)][-KEPT:])
    part = folder / f"{FILE}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
        part.replace(folder / FILE)
    except OSError as error:
        logger.info("The fastest numbers cannot be remembered in %s (%s); they are tried at each start.", folder, error)
