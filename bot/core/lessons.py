"""What may be learned from, as the store returns it: frozen, with nothing of SQL in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from moderation_model.learning import RunPhase, RunResult, Source

RunDecision = Literal["use", "keep", "auto", "back"]
"""What became of a finished run: its model was taken, left, taken by itself (`promotion = auto`), or taken and given up
again."""


@dataclass(frozen=True, slots=True)
class NewLesson:
    """An example that a person gives: written in own words, or imported. `labels`: the known ones, 0 or 1."""

    guild_id: int
    source: Source
    text: str = field(repr=False)
    labels: Mapping[str, float]
    made_by: int
    made_at: datetime
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Discord's express permission to train on a server's messages, as an administrator recorded it."""

    reference: str
    scope: str
    recorded_by: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One training run. `guild_id` and `asked_by` are None where the schedule asked. `facts`: numbers by name."""

    run_id: str
    phase: RunPhase
    asked_at: datetime
    guild_id: int | None = None
    asked_by: int | None = None
    ended_at: datetime | None = None
    error: str | None = None
    log: tuple[str, ...] = ()
    result: RunResult | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    decision: RunDecision | None = None
    decided_by: int | None = None
    decided_at: datetime | None = None
    report: tuple[int, int] | None = None
    """Channel and message of its report."""
