"""How long each stage of one pass took."""

from __future__ import annotations

from time import perf_counter
from typing import Literal

Stage = Literal["wait", "rules", "model", "decide", "store", "act"]
"""`wait`: for a turn, as only so many messages are in the pass at a time; `rules`: the server's rules, and whether the
message was seen before; `model`: its answer; `decide`: with what is asked of the database for it; `store`: scores, case
and audit are written; `act`: on Discord, as far as anything is done."""


class Laps:
    """Begins with the pass. `seconds` holds the stages that were gone through."""

    __slots__ = ("_began", "_last", "seconds")

    def __init__(self) -> None:
        self._began = self._last = perf_counter()
        self.seconds: dict[Stage, float] = {}

    def end(self, stage: Stage) -> None:
        """What went by since the last stage ended is this one's."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def milliseconds(self) -> float:
        """The whole pass so far."""
        return (perf_counter() - self._began) * 1000
