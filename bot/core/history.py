"""Every action of a case is kept, also when it was refused, replaced by a longer one or undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.actions import Timeout
from bot.core.cases import ActionRecord, Case, ends_at


def current(records: Iterable[ActionRecord]) -> tuple[ActionRecord, ...]:
    """What a card shows of the history, oldest first: by case and kind what stands, and the last thing that came of it.

    Of several timeouts that stand it is the longest.
    """
    by_kind: dict[tuple[int, str], list[ActionRecord]] = {}
    for record in records:
        by_kind.setdefault((record.case_id, record.action.kind), []).append(record)
    found: list[ActionRecord] = []
    for history in by_kind.values():
        standing = [record for record in history if record.state == "done"]
        shown = [max(standing, key=_length)] if standing else []
        if history[-1].state != "done":
            shown.append(history[-1])
        found += shown
    return tuple(sorted(found, key=lambda record: record.action_id))


@dataclass(frozen=True, slots=True)
class Standing:
    """The timeouts of one author that cases set and that were not lifted. Discord knows one: the one that ends last."""

    case: Case
    record: ActionRecord
    earlier: tuple[tuple[Case, ActionRecord], ...]


def standing_timeouts(group: Sequence[Case]) -> list[Standing]:
    """By author, the timeout of these cases that ends last, and those that it replaced."""
    by_author: dict[int, list[tuple[Case, ActionRecord]]] = {}
    for case in group:
        for record in case.actions:
            if record.state == "done" and isinstance(record.action, Timeout):
                by_author.setdefault(case.author_id, []).append((case, record))
    found: list[Standing] = []
    for timeouts in by_author.values():
        *earlier, (case, record) = sorted(timeouts, key=_end)
        found.append(Standing(case, record, tuple(earlier)))
    return found


def _length(record: ActionRecord) -> int:
    return record.action.seconds if isinstance(record.action, Timeout) else 0


def _end(timeout: tuple[Case, ActionRecord]) -> float:
    case, record = timeout
    assert isinstance(record.action, Timeout), "only timeouts are gathered"
    return ends_at(case, record.action).timestamp()
