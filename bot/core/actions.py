"""What may be done to a message or its author, and how several of it combine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.guild_rules import LabelRule


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell the author by direct message."""

    kind: Literal["warn"] = "warn"


@dataclass(frozen=True, slots=True)
class Timeout:
    """Keep the author from writing for `seconds`, at most 28 days. `since`: when it was decided, None: when its
    case was opened. Two of the same length are the same."""

    seconds: int
    since: datetime | None = field(default=None, compare=False)
    kind: Literal["timeout"] = "timeout"


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the message."""

    kind: Literal["delete"] = "delete"


@dataclass(frozen=True, slots=True)
class Ban:
    """Ban the author. No rule asks for it: only a person ever does."""

    kind: Literal["ban"] = "ban"


@dataclass(frozen=True, slots=True)
class ResetNickname:
    """Take the author's nickname away. No rule asks for it: only a person ever does."""

    kind: Literal["reset_nickname"] = "reset_nickname"


@dataclass(frozen=True, slots=True)
class Kick:
    """Put the author out of the server; an invite lets them in again. No rule asks for it: only a person ever does."""

    kind: Literal["kick"] = "kick"


Action = Warn | Timeout | Delete | Ban | Kick | ResetNickname
"""What may be done to a message or its author. A case and its card are no action: nothing happens to anybody."""

BY_PEOPLE = (Ban, Kick, ResetNickname)
"""Actions that no rule asks for."""

PUTS_OUT = (Ban, Kick)
"""Actions after which no message of the bot reaches the author."""

LADDER: tuple[Action, ...] = (Warn(), Timeout(600), Timeout(3600), Timeout(24 * 3600))
"""Escalation: what follows the first, second, third and every later confirmed case."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that a limit asks for; `held_why` says as a sentence what keeps it from happening, None: nothing.

    `deletes_only`: who asks may delete and no more.
    """

    action: Action
    held_why: str | None = None
    deletes_only: bool = False


def wanted(rule: LabelRule, score: float) -> Iterable[Action]:
    """The actions whose limits `score` reaches."""
    if rule.warn_at is not None and score >= rule.warn_at:
        yield Warn()
    if rule.timeout_at is not None and score >= rule.timeout_at:
        yield Timeout(rule.timeout_seconds)
    if rule.delete_at is not None and score >= rule.delete_at:
        yield Delete()


def escalated(asked: Sequence[Asked], *, confirmed: int) -> list[Asked]:
    """`asked` with the step of the ladder for a member with so many confirmed cases, where anything may be done."""
    if all(each.held_why or each.deletes_only for each in asked):
        return list(asked)
    return [*asked, Asked(LADDER[min(confirmed, len(LADDER) - 1)])]


def sort_out(
    asked: Sequence[Asked], *, deletes_only: bool = False
) -> tuple[tuple[Action, ...], tuple[Action, ...], str | None]:
    """What is to be done, what is held back, and the first reason for holding back, None where nothing is.

    `deletes_only`: the author is a webhook, no member. What is done anyway is not also held back.
    """
    asked = [each for each in asked if not deletes_only or isinstance(each.action, Delete)]
    done = combine(each.action for each in asked if each.held_why is None)
    kinds = {action.kind for action in done}
    held = [each for each in asked if each.held_why and each.action.kind not in kinds]
    return done, combine(each.action for each in held), held[0].held_why if held else None


def combine(actions: Iterable[Action]) -> tuple[Action, ...]:
    """One action of each kind, the longer timeout, in the order in which they are performed."""
    strongest: dict[str, Action] = {}
    for action in actions:
        before = strongest.get(action.kind)
        if isinstance(action, Timeout) and isinstance(before, Timeout) and before.seconds >= action.seconds:
            continue
        strongest[action.kind] = action
    return tuple(strongest[kind] for kind in ("warn", "timeout", "delete") if kind in strongest)
