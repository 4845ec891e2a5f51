"""The packed pass on CPU cores: each thread computes whole micro-batches by itself.

Torch's own way, all threads inside every operator, loses a wake-up of each thread at some seventy operators a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, local

import numpy as np
import torch
from torch import Tensor

from moderation_model.backends import Window
from moderation_model.backends.packed import PackedBert, traced
from moderation_model.backends.packing import CPU_SIZES, Micro, pack


class CpuPass:
    """Runs windows through a model on `threads` cores."""

    def __init__(self, model: PackedBert, *, threads: int) -> None:
        self._model = model
        self._threads = threads
        self._traced: dict[int, Callable[[Tensor, Tensor], Tensor]] = {}
        self._tracing = Lock()
        self._alone = local()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="torch")
        before = torch.get_num_threads()
        together = Barrier(threads)
        list(self._pool.map(_one_thread_each, [together] * threads))
        torch.set_num_threads(before)  # what the workers said last would count for threads to come

    def __call__(self, windows: Sequence[Window]) -> Iterator[tuple[list[int], np.ndarray]]:
        """For each micro-batch which windows were in it and their rows (windows, labels + 5)."""
        micros = pack(windows, sizes=CPU_SIZES, workers=self._threads)
        for micro, answer in zip(micros, self._pool.map(self._run, micros), strict=True):
            yield micro.windows, answer

    @property
    def cores(self) -> int:
        """How many threads may run `on_one_core` at once."""
        return self._threads

    def on_one_core(self, windows: Sequence[Window]) -> Iterator[tuple[list[int], np.ndarray]]:
        """The same, micro-batch after micro-batch by the calling thread."""
        if not hasattr(self._alone, "said"):
            torch.set_num_threads(1)  # counts for this thread, and for those that are made after it
            self._alone.said = True
        for micro in pack(windows, sizes=CPU_SIZES):
            yield micro.windows, self._run(micro)

    def _run(self, micro: Micro) -> np.ndarray:
        tokens, counts = torch.from_numpy(micro.tokens), torch.from_numpy(micro.counts)
        with torch.inference_mode():
            with self._tracing:
                if micro.row not in self._traced:
                    self._traced[micro.row] = traced(self._model, micro.row, tokens, counts)
            answer = self._traced[micro.row](tokens, counts)
        return answer[: len(micro.windows)].numpy()


def _one_thread_each(together: Barrier) -> None:
    torch.set_num_threads(1)  # counts for this thread
    together.wait()
