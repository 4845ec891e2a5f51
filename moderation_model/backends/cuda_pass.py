"""The packed pass on a GPU: one CUDA graph for each shape, copies that nobody waits for until all work is queued."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from moderation_model.backends import Window
from moderation_model.backends.packed import PackedBert
from moderation_model.backends.packing import CUDA_SIZES, Micro, pack

WARM_UPS = 2
"""Runs before a graph is recorded, as torch asks for: libraries choose and allocate in the first ones."""


class _Graph(NamedTuple):
    """A recorded pass: it reads `tokens` and `counts` and writes `answer`, all of them fixed places on the GPU."""

    graph: torch.cuda.CUDAGraph
    tokens: Tensor
    counts: Tensor
    answer: Tensor


class CudaPass:
    """Runs windows through a model on its GPU."""

    cores = 1
    """All of the GPU works at one pass."""

    def __init__(self, model: PackedBert) -> None:
        self._model = model
        self._graphs: dict[tuple[int, int], _Graph] = {}
        self._memory = torch.cuda.graph_pool_handle()

    def __call__(self, windows: Sequence[Window]) -> Iterator[tuple[list[int], np.ndarray]]:
        """For each micro-batch which windows were in it and their rows (windows, labels + 5)."""
        with torch.inference_mode(), torch.cuda.device(self._model.device):
            micros = pack(windows, sizes=CUDA_SIZES)
            answers = [self._start(micro) for micro in micros]
            torch.cuda.current_stream().synchronize()
        for micro, answer in zip(micros, answers, strict=True):
            yield micro.windows, answer.numpy()

    def on_one_core(self, windows: Sequence[Window]) -> Iterator[tuple[list[int], np.ndarray]]:
        """The same: no core computes it."""
        return self(windows)

    def _start(self, micro: Micro) -> Tensor:
        """Queues one pass. The tensor in pinned memory holds the answer once the stream has got so far."""
        tokens, counts = torch.from_numpy(micro.tokens), torch.from_numpy(micro.counts)
        shape = (micro.row, tokens.shape[1])
        if shape not in self._graphs:
            self._graphs[shape] = self._record(micro.row, tokens.to(self._model.device), counts.to(self._model.device))
        recorded = self._graphs[shape]
        # Torch keeps pinned blocks until the copies from them are done, and the stream keeps the order of all steps.
        recorded.tokens.copy_(tokens.pin_memory(), non_blocking=True)
        recorded.counts.copy_(counts.pin_memory(), non_blocking=True)
        recorded.graph.replay()
        found = recorded.answer[: len(micro.windows)]
        answer = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
        return answer.copy_(found, non_blocking=True)

    def _record(self, row: int, tokens: Tensor, counts: Tensor) -> _Graph:
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                self._model(row, tokens, counts)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._memory):
            answer = self._model(row, tokens, counts)
        return _Graph(graph, tokens, counts, answer)
