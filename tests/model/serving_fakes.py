"""Classifiers for the serving tests: deterministic, instant, and stoppable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from moderation_model.backends import Logits, Window
from moderation_model.contract import ModelInfo
from moderation_model.labels import LABEL_NAMES

WEIGHTS = {"pathetic": 4.0, "clown": 3.0, "you": 0.5, "friend": -2.0, "nice": -1.0}


def fake_info(version: str = "fake-1", *, max_tokens: int = 16) -> ModelInfo:
    """A complete `ModelInfo` with every label at 0.5."""
    return ModelInfo(
        version=version,
        labels=LABEL_NAMES,
        missing=(),
        thresholds=dict.fromkeys(LABEL_NAMES, 0.5),
        has_sentiment=True,
        backend="fake",
        device="cpu",
        dtype="float32",
        max_tokens=max_tokens,
    )


class FakeClassifier:
    """A bag of words: each label's logit is -2 plus the words' weights, `toxic` one higher.

    A token is a word's number in `words`. `batches` keeps the windows of each pass; `before` runs in the model's thread
    before each pass and may block or raise.
    """

    def __init__(
        self,
        version: str = "fake-1",
        *,
        max_tokens: int = 16,
        before: Callable[[], None] | None = None,
        spoil: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.info = fake_info(version, max_tokens=max_tokens)
        self.words: dict[str, int] = {"[CLS]": 0, "[SEP]": 1}
        self.batches: list[list[Window]] = []
        self._before = before
        self._spoil = spoil

    def encode(self, texts: Sequence[str]) -> list[tuple[Window, ...]]:
        """One token a word; windows overlap by a quarter."""
        room = self.info.max_tokens - 2
        found: list[tuple[Window, ...]] = []
        for text in texts:
            ids = [self.words.setdefault(word, len(self.words)) for word in text.split()]
            starts = range(0, max(1, len(ids) - room // 4), room - room // 4) if len(ids) > room else range(1)
            found.append(tuple((0, *ids[start : start + room], 1) for start in starts))
        return found

    def logits(self, windows: Sequence[Window]) -> Logits:
        """Rows in the order given."""
        self.batches.append(list(windows))
        if self._before is not None:
            self._before()
        names = {number: word for word, number in self.words.items()}
        sums = [sum(WEIGHTS.get(names.get(token, "").strip(",.!"), 0.0) for token in window) for window in windows]
        toxicity = np.repeat(np.array(sums, dtype=np.float32)[:, None] - 2.0, len(LABEL_NAMES), axis=1)
        toxicity[:, 0] += 1.0
        if self._spoil is not None:
            toxicity = self._spoil(toxicity)
        return Logits(toxicity, np.zeros((len(windows), 5), dtype=np.float32))


class Sick(FakeClassifier):
    """Its scores are no numbers wherever a text holds the word "poison", everywhere if `always`."""

    def __init__(self, version: str = "sick-1", *, always: bool = False, max_tokens: int = 64) -> None:
        super().__init__(version, max_tokens=max_tokens)
        self._always = always

    def logits(self, windows: Sequence[Window]) -> Logits:
        """Rows in the order given."""
        found = super().logits(windows)
        poison = self.words.get("poison")
        found.toxicity[[self._always or poison in window for window in windows]] = np.nan
        return found


class Gate:
    """Holds the model's thread inside a pass until it is opened; `entered` tells that a pass has begun."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        if not self._open.wait(timeout=30):
            raise TimeoutError("the gate was never opened")

    def open(self) -> None:
        """Lets this pass and all later ones through."""
        self._open.set()
