"""Schedules as people write them: what is taken, what is refused, and with which sentence."""

from __future__ import annotations

import pytest

from bot.core.cron import read_cron
from bot.core.settings import read_value, setting_called, show_value
from bot.errors import BotError

TAKEN = (
    "0 6 * * mon",
    "59 23 * * mon-fri",
    "0 3 * * sat,sun",
    "30 4 1,15 * *",
    "0 0 29 2 *",
    "0 0 31 jan,mar-may *",
    "5 5 * 6-8 *",
    "0 0 * * *",
)


@pytest.mark.parametrize("written", TAKEN)
def test_a_schedule_of_five_fields_is_taken_as_it_is(written: str) -> None:
    assert read_cron(written) == written


def test_capitals_and_spaces_do_not_matter() -> None:
    assert read_cron("  0  6 * *  MON ") == "0 6 * * mon"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "five fields"),
        ("every monday", "five fields"),
        ("0 6 * * mon 2026", "five fields"),
        ("0 6 * * mon" + "," * 60 + "tue", "five fields"),
        ("* 6 * * mon", "minute of a schedule is one number"),
        ("*/5 6 * * mon", "minute of a schedule is one number"),
        ("60 6 * * mon", "minute of a schedule is one number"),
        ("0 24 * * mon", "hour of a schedule is one number"),
        ("0 ² * * mon", "hour of a schedule is one number"),
        ("0 6 * * 1", "weekday of a schedule is its name"),
        ("0 6 * * monday", "weekday of a schedule is its name"),
        ("0 6 * * sun-tue", "weekday of a schedule is its name"),
        ("0 6 * * mon,", "weekday of a schedule is its name"),
        ("0 6 0 * *", "day of a schedule is a number from 1 to 31"),
        ("0 6 1-32 * *", "day of a schedule is a number from 1 to 31"),
        ("0 6 1 13 *", "month of a schedule is a number from 1 to 12"),
        ("0 6 1 * mon", "days or weekdays"),
        ("0 6 30 feb *", "never be due"),
        ("0 6 31 4,6,9,11 *", "never be due"),
    ],
)
def test_what_would_never_be_due_too_often_or_on_another_day_is_refused(written: str, why: str) -> None:
    with pytest.raises(BotError, match=why):
        read_cron(written)


def test_a_guild_writes_its_schedule_as_the_setting_shows_it() -> None:
    weekly = setting_called("weekly_cron")
    assert weekly.default == "0 6 * * mon"
    assert show_value(weekly, "0 6 * * fri") == "`0 6 * * fri` (UTC)"
    assert read_value(weekly, "`0 6 * * FRI` (UTC)") == "0 6 * * fri"
    assert read_value(weekly, "none") is None
