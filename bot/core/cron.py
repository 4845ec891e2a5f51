"""Schedules as five cron fields, checked here in words that people read; `bot/jobs.py` says when they are due.

Weekdays are written by name, since 0 is Sunday for some programs and Monday for others. A schedule has one hour and
one minute, so that it is due once a day at most: what is scheduled here is read by people or takes a while.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass

from bot.errors import BotError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EXAMPLE = "0 6 * * mon"
LONGEST = 60
LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Due:
    """What a schedule says. Days and months count from 1, weekdays from Monday, which is 0."""

    minute: int
    hour: int
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]


def read_cron(written: str) -> str:
    """The schedule in one form: lower case, one space between the fields. Raises BotError with a sentence."""
    due_of(written)
    return " ".join(written.lower().split())


def due_of(written: str) -> Due:
    """What the schedule says. Raises BotError with a sentence."""
    fields = written.lower().split()
    if len(fields) != 5 or len(written) > LONGEST:
        raise BotError(
            f"A schedule has five fields: minute, hour, day, month, weekday, in UTC. `{EXAMPLE}` is Monday, 6:00 UTC."
        )
    minute, hour, day, month, weekday = fields
    _one(minute, "minute", 59)
    _one(hour, "hour", 23)
    days = _several(day, "day", range(1, 32), ())
    months = _several(month, "month", range(1, 13), MONTHS)
    weekdays = _several(weekday, "weekday", range(0), WEEKDAYS)
    if day != "*" and weekday != "*":
        raise BotError("Give days or weekdays, and `*` for the other: together they mean different things elsewhere.")
    if min(days) > max(monthrange(LEAP_YEAR, number)[1] for number in months):
        raise BotError("None of these months has such a day, so that schedule would never be due.")
    return Due(int(minute), int(hour), frozenset(days), frozenset(months), frozenset(weekdays))


def _one(field: str, name: str, most: int) -> None:
    if not (field.isascii() and field.isdigit() and len(field) < 3 and int(field) <= most):
        raise BotError(f"The {name} of a schedule is one number from 0 to {most}, as in `{EXAMPLE}`.")


def _several(field: str, name: str, numbers: range, names: tuple[str, ...]) -> set[int]:
    """What the field allows, as numbers; weekdays count from 0, days and months from 1."""
    allowed = [str(number) for number in numbers] or list(names)
    first = 1 if numbers else 0
    if field == "*":
        return set(range(first, first + len(allowed)))
    found: set[int] = set()
    for part in field.split(","):
        begin, dash, end = part.partition("-")
        start, stop = (_place(each, allowed, names) for each in (begin, end if dash else begin))
        if start is None or stop is None or start > stop:
            raise BotError(f"The {name} of a schedule is {_takes(name)}, and `*` for all, not {part[:20]!r}.")
        found.update(range(first + start, first + stop + 1))
    return found


def _place(end: str, allowed: list[str], names: tuple[str, ...]) -> int | None:
    for known in (allowed, names):
        if end in known:
            return known.index(end)
    return None


def _takes(name: str) -> str:
    if name == "weekday":
        return "its name (mon to sun), several with commas (mon,thu) or a range in that order (mon-fri)"
    most, names = (12, " or its name (jan)") if name == "month" else (31, "")
    return f"a number from 1 to {most}{names}, several with commas or a range"
