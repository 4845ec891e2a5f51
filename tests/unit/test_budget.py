"""The card budget: so many cards a day, spread over it, the highest scores first, and what never waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core.appeals import Appeal
from bot.core.budget import Today, cards_a_day, may_post, never_waits
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.core.policy import CARE_WHY, Reason
from tests.builders import GUILD, MODEL, NOON, SOME_CASE

HOUR = timedelta(hours=1)
RULES = GuildRules(GUILD)


def reason(label: str = "insult", score: float = 0.9) -> Reason:
    return Reason(label, score, 0.5, "model", "as_written", MODEL, "content")


def case(label: str = "insult") -> Case:
    return replace(SOME_CASE, reasons=(reason(label),))


def a_day_of(scores: list[float], rules: GuildRules = RULES, *, every: timedelta) -> list[float]:
    """The scores that get a card at once when one case comes after the other."""
    cards: list[datetime] = []
    seen: list[float] = []
    posted: list[float] = []
    now = NOON
    for score in scores:
        if may_post(score, Today(tuple(cards), tuple(seen)), rules, now=now):
            cards.append(now)
            posted.append(score)
        seen.append(score)
        now += every
    return posted


def test_a_quiet_day_is_not_held_back() -> None:
    assert len(a_day_of([0.8] * 12, every=2 * HOUR)) == 12


def test_a_day_brings_no_more_cards_than_the_team_reads() -> None:
    rising = [0.5 + number / 2000 for number in range(900)]
    posted = a_day_of(rising, every=timedelta(seconds=90))
    assert len(posted) == RULES.cards_a_day


def test_a_loud_minute_takes_a_small_burst_alone() -> None:
    assert len(a_day_of([0.8] * 200, every=timedelta(milliseconds=100))) == 6


def test_places_come_back_in_the_course_of_the_day() -> None:
    burst = tuple(NOON for _ in range(6))
    ordinary = Today(burst, (0.9,) * 20)
    assert not may_post(0.8, ordinary, RULES, now=NOON + timedelta(minutes=30))
    assert may_post(0.8, ordinary, RULES, now=NOON + HOUR)


def test_one_of_the_days_best_goes_at_once_where_others_wait() -> None:
    loud = Today(tuple(NOON for _ in range(6)), (0.97, 0.95) + (0.8,) * 50)
    assert may_post(0.96, loud, RULES, now=NOON)
    assert not may_post(0.79, loud, RULES, now=NOON)


def test_the_last_places_are_kept_for_the_days_best() -> None:
    used = Today(tuple(NOON - number * HOUR / 2 for number in range(1, 28)), (0.9,) * 40)
    assert not may_post(0.85, used, RULES, now=NOON + HOUR)
    assert may_post(0.95, used, RULES, now=NOON + HOUR)


def test_a_free_place_goes_to_the_highest_that_waits() -> None:
    waiting = Today((), (0.9, 0.9, 0.9, 0.8), waiting=(0.8,))
    assert not may_post(0.7, waiting, RULES, now=NOON)
    assert may_post(0.85, waiting, RULES, now=NOON)


def test_the_first_day_brings_ten_cards_at_most_and_at_any_pace() -> None:
    new = replace(RULES, set_up_at=NOON)
    assert len(a_day_of([0.9 - number / 1000 for number in range(100)], new, every=timedelta(seconds=1))) == 9
    assert len(a_day_of([0.5 + number / 1000 for number in range(100)], new, every=timedelta(seconds=1))) == 10
    assert cards_a_day(new, NOON + timedelta(hours=24)) == 30


def test_a_smaller_budget_holds_on_the_first_day_too() -> None:
    assert cards_a_day(replace(RULES, set_up_at=NOON, cards_a_day=4), NOON) == 4


@pytest.mark.parametrize(
    "waits_for_nobody",
    [
        case("threat"),
        replace(case(), ping=True),
        replace(case(), withheld_why=CARE_WHY),
        replace(case(), reports=1),
        replace(case(), opened_why="care"),
        replace(case(), opened_why="reported"),
        replace(case(), opened_why="labelled"),
        replace(case(), second_opinion_by=7),
        replace(case(), appeal=Appeal(1, 4, "sorry", "open", NOON)),
    ],
)
def test_threats_cries_for_help_and_what_people_ask_for_never_wait(waits_for_nobody: Case) -> None:
    assert never_waits(waits_for_nobody)


def test_what_was_flagged_by_its_score_may_wait() -> None:
    assert not never_waits(case())
