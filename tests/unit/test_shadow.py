"""When the check of a new model beside the old one is over, and what verdicts on it say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.cases import Flagger
from bot.core.shadow import CHECKED, ShadowRules, Stage, speaks_against
from tests.builders import NOON

RULES = ShadowRules(messages=10, hours=2)


def begun(**numbers: float) -> Stage:
    stage = Stage.of({**RULES.begun(NOON), **numbers})
    assert stage is not None
    return stage


def test_a_stage_ends_with_its_messages_or_with_its_time() -> None:
    stage = begun(**{CHECKED: 9})
    assert not stage.over(NOON + timedelta(minutes=119), RULES)
    assert stage.over(NOON + timedelta(hours=2), RULES)
    assert replace(stage, checked=10).over(NOON, RULES)


def test_an_operator_who_wants_no_check_any_more_ends_the_one_that_goes_on() -> None:
    assert begun().over(NOON, ShadowRules(messages=0))


@pytest.mark.parametrize("rules", [ShadowRules(messages=0), ShadowRules(hours=0)])
def test_none_of_either_is_no_stage(rules: ShadowRules) -> None:
    assert not rules.on


@pytest.mark.parametrize(
    ("by", "broken", "against"),
    [("champion", True, True), ("champion", False, False), ("challenger", False, True), ("challenger", True, False)],
)
def test_whoever_flags_what_is_fine_or_misses_what_breaks_rules_is_wrong(
    by: Flagger, broken: bool, against: bool
) -> None:
    stage = replace(begun(), only_old=4, only_new=4)
    assert speaks_against(stage, [(by, broken)]) is against


def test_silence_and_a_tie_speak_against_nobody() -> None:
    stage = replace(begun(), only_old=4, only_new=4)
    assert not speaks_against(stage, [])
    assert not speaks_against(stage, [("champion", True), ("challenger", True)])


def test_few_verdicts_on_many_disagreements_count_for_all_of_them() -> None:
    stage = replace(begun(), only_old=2, only_new=100)
    said: list[tuple[Flagger, bool]] = [("champion", False), ("champion", False), ("challenger", False)]
    assert speaks_against(stage, said)
    assert not speaks_against(replace(stage, only_new=1), said)
