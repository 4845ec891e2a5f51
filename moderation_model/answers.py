"""The scores of windows that came before: a bounded memory, the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

Answer = tuple[np.ndarray, np.ndarray]
"""One window's logits: toxicity (labels,) and sentiment (5,)."""


class Answers:
    """At most `most` answers by key; none with 0. A key says nothing of the text."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()

    def get(self, key: bytes | None) -> Answer | None:
        """The answer that is kept under `key`, None without one."""
        found = self._kept.get(key) if key is not None else None
        if found is not None and key is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: bytes, toxicity: np.ndarray, sentiment: np.ndarray) -> None:
        """Remembers copies, so that no batch stays in memory for one of its rows."""
        self._kept[key] = (toxicity.copy(), sentiment.copy())
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._kept.clear()
