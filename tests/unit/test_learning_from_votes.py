"""From votes to labels: who agreed, whose answers are held, and how much one person may teach."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.agreement import agreement, pairs
from bot.core.cases import Answer, Vote
from bot.core.feedback import resolve_votes
from bot.core.influence import Judgement, contradictions
from bot.flow.collecting import held_back

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def vote(moderator_id: int, **labels: Answer) -> Vote:
    return Vote(1, moderator_id, "breaks_rules", labels, "v1", NOW)


def test_a_single_vote_teaches_what_it_says_and_nothing_else():
    resolved = resolve_votes([vote(1, insult="right", toxic="wrong", threat="missing", obscene="unknown")])
    assert resolved.labels == {"insult": 1.0, "toxic": 0.0, "threat": 1.0}
    assert resolved.disputed == ()


def test_the_majority_counts_and_a_tie_is_disputed():
    votes = [vote(1, insult="right", toxic="right"), vote(2, insult="wrong", toxic="wrong"), vote(3, insult="wrong")]
    resolved = resolve_votes(votes)
    assert resolved.labels == {"insult": 0.0}
    assert resolved.disputed == ("toxic",)


def test_no_votes_teach_nothing():
    assert resolve_votes([]).labels == {}


def test_cohens_kappa_of_a_worked_example():
    # 20 both yes, 5 only the first, 10 only the second, 15 both no: observed 0.7, by chance 0.5.
    cases = [{1: True, 2: True}] * 20 + [{1: True, 2: False}] * 5 + [{1: False, 2: True}] * 10
    cases += [{1: False, 2: False}] * 15
    assert agreement(cases) == pytest.approx(0.4)
    assert pairs(cases) == {(1, 2): (50, pytest.approx(0.4))}


def test_fleiss_kappa_with_three_judges():
    cases = [{1: True, 2: True, 3: True}, {1: True, 2: True, 3: False}, {1: False, 2: False, 3: False}]
    # Within cases 1, 1/3 and 1 agree; 5 of 9 votes are yes.
    observed, chance = (1 + 1 / 3 + 1) / 3, (5 / 9) ** 2 + (4 / 9) ** 2
    assert agreement(cases) == pytest.approx((observed - chance) / (1 - chance))


def test_agreement_needs_a_case_that_two_judged():
    assert agreement([{1: True}, {2: False}]) is None


def judgements(*, inverted: int | None, people: int = 5, each: int = 60, seed: int = 1) -> list[Judgement]:
    chance = random.Random(seed)
    made = []
    for person in range(people):
        for _ in range(each):
            score = chance.uniform(0.5, 1.0)
            right = chance.random() < 0.55 + 0.4 * (score - 0.5) / 0.5
            made.append(Judgement(person, "insult", score, right != (person == inverted)))
    return made


def first_held(seed: int, *, inverted: int | None) -> int | None:
    held = contradictions(judgements(inverted=inverted, seed=seed))
    return held[0].moderator_id if held else None


def test_somebody_who_answers_the_opposite_is_held_before_anybody_else():
    first = [first_held(seed, inverted=3) for seed in range(40)]
    assert set(first) <= {3, None}
    assert first.count(3) >= 34


def test_people_who_judge_alike_are_hardly_ever_held():
    assert sum(first_held(seed, inverted=None) is not None for seed in range(100)) <= 4


def test_what_an_administrator_reads_names_the_moderator():
    (held,) = contradictions(judgements(inverted=3, each=200))[:1]
    assert "<@3>" in held.sentence


def test_whom_an_administrator_allowed_is_not_held():
    assert 3 not in {each.moderator_id for each in contradictions(judgements(inverted=3), allowed={3})}


def test_a_single_moderator_has_nobody_to_contradict():
    assert contradictions(judgements(inverted=0, people=1)) == []


def two_at_odds(honest: int, liar: int) -> list[Judgement]:
    chance = random.Random(1)
    made = []
    for number in range(120):
        truth = chance.random() < 0.8
        made.append(Judgement(liar if number % 2 else honest, "insult", 0.75, truth != bool(number % 2)))
    return made


@pytest.mark.parametrize(("honest", "liar"), [(11, 22), (22, 11), (101, 8), (8, 101), (123456789, 987654321)])
def test_of_two_who_answer_the_opposite_both_are_held(honest: int, liar: int):
    held = held_back(two_at_odds(honest, liar), {})
    assert [each.moderator_id for each in held] == sorted([honest, liar])
    assert all("both are held" in each.sentence for each in held)


def test_of_two_at_odds_an_administrators_word_lets_one_teach():
    assert [each.moderator_id for each in held_back(two_at_odds(11, 22), {11: "allow"})] == [22]
    assert held_back(two_at_odds(11, 22), {22: "drop"}) == []


def test_a_handful_of_opposite_answers_holds_nobody():
    many = [Judgement(11, "insult", 0.75, True)] * 80
    assert held_back([*many, *[Judgement(22, "insult", 0.75, False)] * 5], {}) == []


def test_with_a_third_moderator_only_the_one_who_answers_the_opposite_is_held():
    third = [replace(each, moderator_id=33) for each in two_at_odds(11, 22) if each.moderator_id == 11]
    (held,) = held_back([*two_at_odds(11, 22), *third], {})
    assert held.moderator_id == 22
    assert "both" not in held.sentence


def test_whoever_is_allowed_does_not_make_the_others_look_strange():
    assert contradictions(judgements(inverted=3, each=200), allowed={3}) == []
