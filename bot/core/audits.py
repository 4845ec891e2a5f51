"""Audits as the store returns them: messages that were drawn for checking, ten to a batch, each batch on one card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.cases import CardRef, NewCase

BATCH_SIZE = 10
"""Lines on one card."""

BatchState = Literal["open", "answered", "expired"]


@dataclass(frozen=True, slots=True)
class Draw:
    """A message that was drawn. `case` is the case that it becomes once somebody answers."""

    draw_id: int
    case: NewCase = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """What stands on one audit card. `draws` are those that still wait for an answer, in the order of the card.

    Once it is answered, `lines` says of how many messages and `bad_case_ids` which cases break the rules.
    """

    batch_id: int
    guild_id: int
    state: BatchState
    draws: tuple[Draw, ...] = ()
    lines: int = 0
    bad_case_ids: tuple[int, ...] = ()
    answered_by: int | None = None
    closed_at: datetime | None = None
    card: CardRef | None = None
