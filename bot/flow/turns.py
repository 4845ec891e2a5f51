"""A turn: one due time of a scheduled job, which one process alone works on (`bot/jobs.py` hands turns out)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """`due` is the time for which it runs, however late it does. `guild_id` is None for a job of all guilds at once.

    `confirm` raises TurnLost where the turn is another's by now, and StoreUnavailable: call it right before what cannot
    be done twice.
    """

    due: datetime
    guild_id: int | None
    confirm: Callable[[], Awaitable[None]]
