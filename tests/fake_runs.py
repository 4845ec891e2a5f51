"""A model server's learning for tests: it plays one run after the other, without training anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from moderation_model.errors import BadRequest, ModelError, ModelOverloaded
from moderation_model.learning import Flip, GateRow, GateVerdict, Learned, RunOrder, RunResult, RunState

OLD, NEW = "test-1", "test-2"
MET = GateRow("cost", True, "Fewer wrong flags and misses: 12.0 wrong of 100 before, 6.0 now, on 60 held-out labels.")
BETTER = RunResult(
    champion=OLD,
    challenger=NEW,
    verdict=GateVerdict(promote=True, rows=(MET, GateRow("checks", True, "97.0 % right before, 97.2 % now."))),
    learned=Learned({"moderator_written": 150, "imported": 30}, {}, 0.24),
    minutes=2.5,
    device="cpu",
)
WORSE = replace(
    BETTER,
    verdict=GateVerdict(
        promote=False, rows=(replace(MET, met=False, reason="Not enough labels yet, about 40 more."),), wanted=40
    ),
)


def label_report(name: str, *, caught: int, missed: int, alarms: int, passed: int) -> dict[str, Any]:
    """One label's figures as they come from the server."""
    shares = {"precision": (caught, caught + alarms), "recall": (caught, caught + missed)}
    figures = {
        figure: {"value": hits / total, "low": hits / total / 2, "high": 1.0, "count": total}
        for figure, (hits, total) in shares.items()
        if total
    }
    counts = {"caught": caught, "missed": missed, "alarms": alarms, "passed": passed}
    return {"name": name, "threshold": 0.5, **counts, "figures": figures}


COMPARED = replace(
    BETTER,
    held_out=76,
    before=(
        label_report("toxic", caught=0, missed=0, alarms=0, passed=76),
        label_report("insult", caught=18, missed=3, alarms=13, passed=42),
    ),
    after=(
        label_report("toxic", caught=0, missed=0, alarms=0, passed=76),
        label_report("insult", caught=20, missed=1, alarms=2, passed=53),
    ),
)
"""What `BETTER` found by label: 13 wrong flags become 2."""


def flip(case_id: int, *, right: bool) -> Flip:
    return Flip(case_id, "insult", 0.9, 0.2, right)


class FakeRuns:
    """The learning half of `FakeModel`. `says`: what the run that goes on answers next; `away` breaks every call,
    `unheard` the word of what was withdrawn.
    """

    def __init__(self) -> None:
        self.orders: list[RunOrder] = []
        self.states: dict[str, RunState] = {}
        self.serving = OLD
        self.previous: list[str] = []
        self.shadow: str | None = None
        self.stale: list[int] = []
        self.away: ModelError | None = None
        self.unheard: ModelError | None = None
        self.told: list[tuple[str, str]] = []

    def _check(self) -> None:
        if self.away is not None:
            raise self.away

    async def start_run(self, order: RunOrder) -> RunState:
        self._check()
        if any(not state.ended for state in self.states.values()):
            raise ModelOverloaded("A run goes on.", retry_after=30)
        self.orders.append(order)
        self.states[order.run_id] = RunState(order.run_id, "queued")
        return self.states[order.run_id]

    async def run_state(self, run_id: str) -> RunState:
        self._check()
        if run_id not in self.states:
            raise BadRequest(f"There is no run {run_id}.")
        return self.states[run_id]

    async def run_page(self, run_id: str, *, about: Sequence[tuple[str, str]] = (), guild: int | None = None) -> bytes:
        await self.run_state(run_id)
        self.told = list(about)
        return b"<!doctype html><title>a run</title>"

    async def cancel_run(self, run_id: str) -> RunState:
        state = await self.run_state(run_id)
        self.states[run_id] = state if state.ended else replace(state, phase="cancelled")
        return self.states[run_id]

    def goes(self, stage: str, done: int, every: int, *lines: str) -> None:
        """The newest run is that far."""
        run_id = list(self.states)[-1]
        self.states[run_id] = RunState(run_id, "running", stage, done, every, log=lines)

    def ends(self, result: RunResult | None = BETTER, *, error: str | None = None) -> None:
        """The newest run ends with that result, or fails."""
        run_id = list(self.states)[-1]
        self.states[run_id] = RunState(run_id, "done" if result and not error else "failed", result=result, error=error)

    async def set_shadow(self, version: str, *, on: bool) -> str | None:
        self._check()
        self.shadow = version if on else None
        return self.shadow

    async def promote(self, version: str, *, force: bool = False) -> str:
        self._check()
        self.previous.append(self.serving)
        self.serving = version
        return version

    async def rollback(self) -> str:
        self._check()
        if not self.previous:
            raise BadRequest("There is no previous version.")
        self.serving = self.previous.pop()
        return self.serving

    async def mark_stale(self, example_ids: Sequence[int]) -> list[str]:
        self._check()
        if self.unheard is not None:
            raise self.unheard
        self.stale += example_ids
        return [self.serving]
