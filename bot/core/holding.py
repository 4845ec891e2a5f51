"""How long a text stays as evidence although somebody wants it gone: its author, who deleted the message on Discord,
asked to be forgotten or opted out. Pure.

An open case, appeal or sanction holds the text until it is over and 30 days more, in which it can be disputed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.actions import Ban
from bot.core.cases import ActionRecord, Case, ends_at
from bot.core.policy import Timeout

HELD = timedelta(days=30)
FOR_NOW = datetime(9999, 1, 1, tzinfo=UTC)
"""Nobody knows until when: the case or its appeal is open, or a ban stands. A text's own time ends it all the same."""


def held_until(case: Case, *, asked_at: datetime | None) -> datetime | None:
    """Until when something holds the case's text; None where nothing does. `asked_at`: when the message was deleted or
    the author asked; None for who opted out, whose text goes as soon as the case closes.
    """
    if case.state == "open" or (case.appeal is not None and case.appeal.decided_at is None):
        return FOR_NOW
    ends = [_end(case, record) for record in case.actions if record.state in ("pending", "done")]
    if case.appeal is not None and case.appeal.decided_at is not None:
        ends.append(case.appeal.decided_at)
    if asked_at is not None and case.closed_at is not None and (asked_at <= case.closed_at or is_confirmed(case)):
        ends.append(case.closed_at)
    if not ends:
        return None
    last = max(ends)
    return last if last == FOR_NOW else last + HELD


def is_on_record(case: Case) -> bool:
    """Whether the bare fact stays with its member: something was done that stands, or moderators confirmed it."""
    return is_confirmed(case) or any(record.state in ("pending", "done") for record in case.actions)


def is_confirmed(case: Case) -> bool:
    """Whether moderators found that it breaks the rules. Perhaps one deleted it by hand, which Discord tells nobody."""
    verdicts = {vote.verdict for vote in case.votes}
    return "breaks_rules" in verdicts and "fine" not in verdicts


def _end(case: Case, record: ActionRecord) -> datetime:
    """When what was done is over. A ban is not before it is taken back."""
    if isinstance(record.action, Ban):
        return FOR_NOW
    if isinstance(record.action, Timeout):
        return ends_at(case, record.action)
    return record.at or case.opened_at
