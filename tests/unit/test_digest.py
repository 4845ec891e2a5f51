"""A digest a day comes at its hour, never in quiet hours, and says when far more or fewer cards come than are read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.digest import digest_due, digest_hour, is_quiet, trend_of
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from tests.builders import GUILD, NOON

RULES = GuildRules(GUILD)
NIGHT = replace(RULES, quiet_from=22, quiet_to=7)


def at(hour: int, *, minute: int = 0, day: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute) + timedelta(days=day)


def hours_of(rules: GuildRules, *, days: int = 3) -> list[tuple[int, int]]:
    """Day and hour of each digest where something waits all the time and every hour is asked."""
    last, found = None, []
    for hour in range(24 * days):
        now = at(0, minute=20) + timedelta(hours=hour)
        if digest_due(rules, last, now):
            last = now
            found.append(divmod(hour, 24))
    return found


@pytest.mark.parametrize(("hour", "quiet"), [(21, False), (22, True), (3, True), (6, True), (7, False), (12, False)])
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    assert is_quiet(NIGHT, at(hour)) is quiet


def test_half_or_equal_quiet_hours_are_none() -> None:
    assert not is_quiet(replace(RULES, quiet_from=22), at(23))
    assert not is_quiet(replace(RULES, quiet_from=8, quiet_to=8), at(8))


def test_the_digest_comes_once_a_day_at_its_hour() -> None:
    assert hours_of(replace(RULES, digest_hour=16)) == [(0, 16), (1, 16), (2, 16)]


def test_without_an_hour_it_comes_when_the_quiet_hours_end() -> None:
    assert hours_of(NIGHT) == [(0, 7), (1, 7), (2, 7)]


def test_an_hour_in_the_quiet_hours_waits_for_their_end() -> None:
    assert digest_hour(replace(NIGHT, digest_hour=3)) == 7
    assert hours_of(replace(NIGHT, digest_hour=3)) == [(0, 7), (1, 7), (2, 7)]


def test_without_any_hour_it_comes_at_once_and_a_day_later_again() -> None:
    assert digest_due(RULES, None, at(15))
    assert not digest_due(RULES, at(15), at(14, day=1))
    assert digest_due(RULES, at(15), at(15, day=1))


def test_what_begins_to_wait_after_the_hour_is_told_the_next_day() -> None:
    rules = replace(RULES, digest_hour=9)
    assert not digest_due(rules, at(9, day=-3), at(16))
    assert digest_due(rules, at(9, day=-3), at(9, day=1))


def test_a_digest_that_was_missed_by_a_little_still_comes() -> None:
    assert digest_due(replace(RULES, digest_hour=9), at(9, day=-1), at(12))
    assert not digest_due(replace(RULES, digest_hour=20, quiet_from=22, quiet_to=7), at(20, day=-1), at(23))


def test_far_too_many_on_every_day_is_a_trend_and_one_loud_evening_is_none() -> None:
    assert trend_of((60, 90, 46), RULES, NOON) == "over"
    assert trend_of((20, 300, 25), RULES, NOON) is None
    assert trend_of((31, 33, 40), RULES, NOON) is None


def test_a_new_guild_has_no_trend_yet() -> None:
    new = replace(RULES, set_up_at=NOON - timedelta(days=2))
    assert trend_of((60, 90, 46), new, NOON) is None
    assert trend_of((60, 90, 46), replace(new, set_up_at=NOON - timedelta(days=3)), NOON) == "over"


def test_too_few_cards_are_spoken_of_only_where_the_guild_raised_a_limit() -> None:
    assert trend_of((1, 0, 2), RULES, NOON) is None
    raised = replace(RULES, labels={**default_labels(), "insult": LabelRule(flag_at=0.95)})
    assert trend_of((1, 0, 2), raised, NOON) == "under"
    assert trend_of((1, 12, 2), raised, NOON) is None
