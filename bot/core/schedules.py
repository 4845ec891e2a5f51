"""Schedules in plain words, both ways ("Sundays at 03:00 UTC"; `cron.py` has the five fields), and when one is due."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta

from bot.core.cron import EXAMPLE, MONTHS, WEEKDAYS, due_of, read_cron
from bot.errors import BotError

NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MADE_OF = {
    "day": range(7),
    "days": range(7),
    "daily": range(7),
    "weekday": range(5),
    "weekdays": range(5),
    "weekend": (5, 6),
    "weekends": (5, 6),
}
"""Words for several weekdays."""
NOT_UNDERSTOOD = (
    "I do not understand that schedule: write weekdays and a time in UTC such as `Sundays at 03:00` or "
    f"`every day at 6:00`, five cron fields such as `{EXAMPLE}`, or `none`."
)
LONGEST = 100
YEARS = 9
"""29 February may be so far away."""
_WRITTEN = re.compile(r"(?P<days>.+?)(?:\s+at)?\s+(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>am|pm)?")


def read_schedule(written: str) -> str:
    """The five cron fields of what was written, in words or as such fields. Raises BotError with one sentence."""
    text = " ".join(written.lower().replace("`", " ").replace("(utc)", " ").split()).removesuffix("utc").strip()
    found = _WRITTEN.fullmatch(text) if len(text) <= LONGEST else None
    days = _weekdays(found["days"]) if found else None
    if found is None or days is None:
        if len(text.split()) == 5:
            return read_cron(text)
        raise BotError(NOT_UNDERSTOOD)
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise BotError(NOT_UNDERSTOOD)
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return read_cron(f"{int(found['minute'] or 0)} {hour} * * {_field(days)}")


def in_words(cron: str) -> str:
    """The schedule as people say it. Raises BotError for what is no schedule."""
    due = due_of(cron)
    if len(due.days) < 31:
        days = f"on the {_listed([_ordinal(day) for day in sorted(due.days)])}"
    elif len(due.weekdays) == 7:
        days = "every day"
    else:
        days = _listed(_runs(due.weekdays, [f"{name}s" for name in NAMES], first=0))
    months = f" in {_listed(_runs(due.months, MONTH_NAMES, first=1))}" if len(due.months) < len(MONTHS) else ""
    return f"{days} at {due.hour:02d}:{due.minute:02d} UTC{months}"


def next_due(cron: str, after: datetime) -> datetime | None:
    """The first due time after that, in UTC; None where there is none in years. Raises BotError for no schedule."""
    due, begin = due_of(cron), after.astimezone(UTC)
    for more in range(YEARS * 366):
        day = begin.date() + timedelta(days=more)
        if day.month in due.months and day.day in due.days and day.weekday() in due.weekdays:
            at = datetime.combine(day, time(due.hour, due.minute), UTC)
            if at > begin:
                return at
    return None


def _weekdays(text: str) -> set[int] | None:
    """The weekdays that are named, None where something else is."""
    found: set[int] = set()
    plain = re.sub(r"\s*(?:-|\u2013|\bto\b|\buntil\b)\s*", "-", re.sub(r"\b(?:every|each|on|and)\b|,", " ", text))
    for part in plain.split():
        if part in MADE_OF:
            found.update(MADE_OF[part])
            continue
        begin, dash, end = part.partition("-")
        start, stop = _weekday(begin), _weekday(end if dash else begin)
        if start is None or stop is None:
            return None
        found.update((start + more) % 7 for more in range((stop - start) % 7 + 1))
    return found or None


def _weekday(word: str) -> int | None:
    for number, name in enumerate(name.lower() for name in NAMES):
        if len(word) >= 3 and (name.startswith(word) or f"{name}s" == word):
            return number
    return None


def _field(weekdays: Collection[int]) -> str:
    if len(weekdays) == 7:
        return "*"
    return ",".join(part for part in _runs(weekdays, WEEKDAYS, first=0, between="-"))


def _runs(numbers: Collection[int], names: Sequence[str], *, first: int, between: str = " to ") -> list[str]:
    """Three and more in a row as a range, others by themselves."""
    rows: list[list[int]] = []
    for number in sorted(numbers):
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    found: list[str] = []
    for row in rows:
        named = [names[number - first] for number in row]
        found += [f"{named[0]}{between}{named[-1]}"] if len(named) > 2 else named
    return found


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _ordinal(day: int) -> str:
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
