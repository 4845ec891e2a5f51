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


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """`waiting_tokens`: most that wait at once. `batch_tokens`: most of one batch, padding counted.

    `batch_rows` and `small_batch_rows`: most windows of one batch, the small one for EXPLAIN and BACKFILL.
    """

    waiting_tokens: int = 65_536
    batch_tokens: int = 4_096
    batch_rows: int = 256
    small_batch_rows: int = 16

    @classmethod
    def for_device(cls, device: str) -> QueueLimits:
        """What fits `device`: a graphics card wants larger batches, on a processor they would only take longer."""
        return cls(batch_tokens=32_768, batch_rows=1_024) if device.startswith("cuda") else cls()

    def rows(self, priority: Priority) -> int:
        """Most rows of a batch of `priority`."""
        return self.batch_rows if priority <= Priority.EDIT else self.small_batch_rows
