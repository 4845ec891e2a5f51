"""For how long nobody was there, from the spells in which somebody was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta


def away(spells: Iterable[tuple[datetime, datetime]], *, since: datetime, until: datetime) -> timedelta:
    """The part of `since` to `until` that no spell (its beginning and its end) covers; spells may overlap."""
    missing, seen = timedelta(), since
    for begin, end in sorted(spells):
        missing += max(timedelta(), min(begin, until) - seen)
        seen = max(seen, min(end, until))
    return missing + max(timedelta(), until - seen)
