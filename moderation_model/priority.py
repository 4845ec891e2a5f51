"""Who goes first at the classifier, and the bounds of its queue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """Who goes first. The names in lower case are the words of the HTTP interface."""

    LIVE = 0
    EDIT = 1
    EXPLAIN = 2
    BACKFILL = 3

    @property
    def urgent(self) -> bool:
        """Whether it is about what people say now."""
        return self <= Priority.EDIT


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """`waiting_tokens`: most that wait at once, urgent ones and all others counted apart, so that no backfill ever has
    a live message refused. `batch_tokens`: most of one batch, padding counted.

    `batch_rows` and `small_batch_rows`: most windows of one batch, the small one for EXPLAIN and BACKFILL.
    `wait_ms`: the longest that an idle model waits for more rows while they come fast (see `pace.py`).
    `answers_kept`: answers remembered for windows that come again; 0 remembers none.
    """

    waiting_tokens: int = 65_536
    batch_tokens: int = 4_096
    batch_rows: int = 256
    small_batch_rows: int = 8
    wait_ms: float = 5.0
    answers_kept: int = 8_192

    @classmethod
    def for_device(cls, device: str) -> QueueLimits:
        """What fits `device`: a graphics card wants larger batches, on a processor they would only take longer."""
        return cls(batch_tokens=32_768, batch_rows=1_024) if device.startswith("cuda") else cls()

    def rows(self, priority: Priority) -> int:
        """Most rows of a batch of `priority`."""
        return self.batch_rows if priority.urgent else self.small_batch_rows
