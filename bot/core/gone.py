"""When a card needs nobody any more because its messages are gone. Pure.

Discord's delete event names no actor: it may have been another bot, a moderator or the author. So nobody is named, and
only what was flagged and touched by nobody is over by itself; whatever calls for a person stays open.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.cases import Case


def over_by_itself(card: Iterable[Case]) -> bool:
    """Whether the cases of one card close without a verdict: every message is gone, and nobody waits for an answer."""
    return all(case.gone_at is not None and not _wants_a_person(case) for case in card)


def _wants_a_person(case: Case) -> bool:
    """A threat, a report, an appeal, a cry for help, a case that somebody answered, or one that did something."""
    asked = case.opened_why not in ("flagged", "challenger") or case.reports or case.appeal is not None
    threat = case.ping or "threat" in case.decision.labels
    touched = case.votes or any(record.state in ("pending", "done", "undone") for record in case.actions)
    return bool(asked or threat or touched)
