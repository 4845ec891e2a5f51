"""Ways to run the classifier. One file a backend; `BACKENDS` is the table, the contract tests run over all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from moderation_model.contract import ModelInfo

if TYPE_CHECKING:
    import numpy as np

STARS = 5
"""Columns of the sentiment."""

Window = tuple[int, ...]
"""Token ids of one window of a text, special tokens included, at most `ModelInfo.max_tokens` long."""


class Logits(NamedTuple):
    """Both float32. `toxicity` (windows, labels): calibrated, sigmoid gives the score. `sentiment`: (windows, 5)."""

    toxicity: np.ndarray
    sentiment: np.ndarray


class Classifier(Protocol):
    """A loaded model. Synchronous and free of locks: one caller at a time runs `logits`; `encode` may run beside it."""

    @property
    def info(self) -> ModelInfo:
        """What it is."""
        ...

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """For each text its windows: one for most, several overlapping ones for over-long text, never none."""
        ...

    def logits(self, windows: Sequence[Window]) -> Logits:
        """One forward pass over all windows (any number, any lengths), rows in the order given."""
        ...


@runtime_checkable
class OnOneCore(Protocol):
    """What a classifier on a processor may offer besides: several passes at once, each on a core of its own."""

    @property
    def cores(self) -> int:
        """So many callers at once may run `logits_on_one_core`, beside none that runs `logits`."""
        ...

    def logits_on_one_core(self, windows: Sequence[Window]) -> Logits:
        """What `logits` gives, computed by the thread that calls."""
        ...


@runtime_checkable
class KnowsWords(Protocol):
    """What a classifier may offer besides."""

    def unknown_share(self, windows: Sequence[Window]) -> float | None:
        """The share of the words in one text's windows that it does not know, as `unknown_words.py` says."""
        ...


def _torch(path: str | Path, *, device: str = "auto", threads: int | None = None) -> Classifier:
    from moderation_model.backends.ours import load

    return load(path, device=device, threads=threads)


BACKENDS: dict[str, Callable[..., Classifier]] = {"torch": _torch}
"""Name -> loader(path_or_hub_id, device=, threads=). A loader raises BadModelFolder with one sentence."""
