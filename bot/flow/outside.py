"""What the use cases reach outside of this process, as one bundle: `bot.app` gives the real ones, tests give fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.flow.ports import (
    AuditBoard,
    Board,
    Clock,
    Enforcer,
    History,
    Messages,
    Messenger,
    Model,
    ReportBoard,
    WeekBoard,
)


class Boards(Board, AuditBoard, ReportBoard, WeekBoard, Protocol):
    """The review channel and the reports channel with everything that is posted there."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the use cases reach outside of this process."""

    model: Model
    enforcer: Enforcer
    messenger: Messenger
    board: Boards
    messages: Messages
    clock: Clock
    history: History
