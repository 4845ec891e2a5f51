"""What a member is told of a case, and what the member answers: frozen values, no Discord and no SQL in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.actions import Action
from bot.core.events import Subject

AppealState = Literal["open", "upheld", "overturned"]
About = Literal["acted", "undone", "fine", "upheld", "overturned"]
"""Something was done; it was taken back; the message was found fine; the member's appeal was answered."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """One member's appeal against what one case did. `text` is None once the case's text was dropped."""

    case_id: int
    member_id: int
    text: str | None = field(repr=False)
    state: AppealState
    appealed_at: datetime
    decided_by: int | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What one member is told. No score and no moderator's name has a place in it.

    `channel_id`: where the message stood; `messages`: how many messages of the member it is about. `rule`: the guild's
    own name of the rule, else the label's title, None where neither is known. `actions`: what was done, or taken back;
    `until`: when a timeout among them ends. `can_appeal`: whether the notice carries the Appeal button; `appeal_url`:
    where a banned member can appeal. `subject`: what it is about.
    """

    guild_id: int
    member_id: int
    case_id: int
    channel_id: int
    about: About
    messages: int = 1
    rule: str | None = None
    actions: tuple[Action, ...] = ()
    until: datetime | None = None
    can_appeal: bool = False
    appeal_url: str | None = None
    subject: Subject = "message"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line in the mod-log channel. `messages`: to how many it was done. `by`: the moderator's name, None for the
    bot itself; `untold`: why the member could not be told, None where they were or nobody meant to.
    """

    case_id: int
    actions: tuple[Action, ...]
    undone: bool = False
    messages: int = 1
    by: str | None = None
    untold: str | None = None
