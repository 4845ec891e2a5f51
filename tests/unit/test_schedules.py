"""Schedules in plain words: what is understood, how one is read out, and that both agree with the alarm clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.schedules import in_words, next_due, read_schedule
from bot.core.settings import read_value, setting_called
from bot.errors import BotError
from bot.jobs import CronSchedule

UNDERSTOOD = {
    "Sundays at 03:00": "0 3 * * sun",
    "sunday 3:00 utc": "0 3 * * sun",
    "on Sunday at 3:30 (UTC)": "30 3 * * sun",
    "every day at 6:00": "0 6 * * *",
    "daily at 6pm": "0 18 * * *",
    "every Monday and Thursday at 12 am": "0 0 * * mon,thu",
    "mon, wed, fri at 23:59": "59 23 * * mon,wed,fri",
    "Mondays to Fridays at 7:05": "5 7 * * mon-fri",
    "weekdays at 7": "0 7 * * mon-fri",
    "weekends at 10:00": "0 10 * * sat,sun",
    "sat-mon at 4:00": "0 4 * * mon,sat,sun",
    "0 6 * * MON": "0 6 * * mon",
    "`30 4 1,15 * *` (UTC)": "30 4 1,15 * *",
}


@pytest.mark.parametrize("written", UNDERSTOOD)
def test_words_and_cron_fields_are_understood(written: str) -> None:
    assert read_schedule(written) == UNDERSTOOD[written]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("whenever", "I do not understand"),
        ("Sundays", "I do not understand"),
        ("3:00", "I do not understand"),
        ("Blursdays at 3:00", "I do not understand"),
        ("every month at 3:00", "I do not understand"),
        ("Sundays at 13pm", "I do not understand"),
        ("Sundays at 25:00", "hour of a schedule is one number from 0 to 23"),
        ("Sundays at 3:75", "minute of a schedule is one number from 0 to 59"),
        ("0 6 * * 1", "weekday of a schedule is its name"),
        ("0 6 30 feb *", "never be due"),
        ("s" * 500 + " at 3:00", "I do not understand"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(written: str, why: str) -> None:
    with pytest.raises(BotError, match=why):
        read_schedule(written)


READ_OUT = {
    "0 3 * * sun": "Sundays at 03:00 UTC",
    "5 6 * * *": "every day at 06:05 UTC",
    "0 6 * * mon-fri": "Mondays to Fridays at 06:00 UTC",
    "0 6 * * mon,thu": "Mondays and Thursdays at 06:00 UTC",
    "0 6 * * mon,tue,wed,fri": "Mondays to Wednesdays and Fridays at 06:00 UTC",
    "30 4 1,15 * *": "on the 1st and 15th at 04:30 UTC",
    "30 4 2,3,11,21 * *": "on the 2nd, 3rd, 11th and 21st at 04:30 UTC",
    "0 0 29 2 *": "on the 29th at 00:00 UTC in February",
    "0 6 * jan,mar-may mon": "Mondays at 06:00 UTC in January and March to May",
}


@pytest.mark.parametrize("cron", READ_OUT)
def test_a_schedule_is_read_out_as_people_say_it(cron: str) -> None:
    assert in_words(cron) == READ_OUT[cron]


@pytest.mark.parametrize("cron", ["0 3 * * sun", "0 6 * * *", "0 6 * * mon-fri", "59 23 * * mon,thu"])
def test_what_is_read_out_is_understood_again(cron: str) -> None:
    assert read_schedule(in_words(cron)) == cron


@pytest.mark.parametrize("cron", READ_OUT)
def test_the_next_due_time_is_the_alarm_clocks(cron: str) -> None:
    for hours in (0, 7, 100, 1000, 8000, 30_000):
        after = datetime(2026, 2, 27, 23, 59, tzinfo=UTC) + timedelta(hours=hours)
        assert next_due(cron, after) == CronSchedule().next_due(cron, after)
    exactly = datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert next_due("0 3 * * sun", exactly) == exactly + timedelta(days=7)


def test_the_settings_take_words_too() -> None:
    assert read_value(setting_called("learn_cron"), "Sundays at 03:00") == "0 3 * * sun"
    assert read_value(setting_called("learn_cron"), "never") is None
