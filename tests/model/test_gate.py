"""The gate stops what is worse and what was not shown to be better, says why, and lets the better pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.gate import BETTER, FEWEST_BETTER, MOST_WORSE, TRIALS, WORSE, promoted
from moderation_model.gate import Calibration, Costs, Evidence, GateRules, Passes, judge
from moderation_model.learning import GateRow, GateVerdict


def passes(rows: int, *, broken: int = 0, mended: int = 0, wrong: int = 100, slices: tuple[str, ...] = ()) -> Passes:
    """The champion fails on the first `wrong` rows; the challenger mends some of them and breaks the last ones."""
    champion = np.arange(rows) >= wrong
    challenger = champion.copy()
    challenger[:mended] = True
    challenger[rows - broken :] = False
    return Passes(champion, challenger, slices)


def costs(rows: int, *, mended: int, broken: int = 0) -> Costs:
    """The champion is wrong on a third of the rows."""
    champion = (np.arange(rows) % 3 == 0).astype(float)
    challenger = champion.copy()
    challenger[np.flatnonzero(champion == 1)[:mended]] = 0.0
    challenger[np.flatnonzero(champion == 0)[:broken]] = 1.0
    return Costs(champion, challenger, np.ones(rows))


IDENTITIES = tuple(f"people {number % 50}" for number in range(2000))
GOOD = Evidence(
    held_out=costs(150, mended=20, broken=5),
    anchors=passes(2000, broken=10, mended=8),
    checks=passes(1400, broken=5, mended=5),
    identity=passes(2000, broken=10, mended=10, slices=IDENTITIES),
    harmless=passes(4000, broken=2, mended=3, wrong=20),
    calibration=Calibration(0.05, 0.051, rows=150),
    labels=600,
)


def row(verdict: GateVerdict, rule: str) -> GateRow:
    return next(each for each in verdict.rows if each.rule == rule)


def test_a_challenger_that_is_better_and_forgot_nothing_is_promoted() -> None:
    verdict = judge(GOOD)
    assert verdict.promote
    assert verdict.reasons == ()
    assert verdict.wanted == 0
    assert row(verdict, "cost").reason == (
        "Fewer wrong flags and misses: 33.3 wrong of 100 before, 23.3 now, on 150 held-out labels."
    )


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("cost", {"held_out": costs(150, mended=5, broken=20)}),
        ("cost", {"held_out": costs(150, mended=0)}),
        ("anchors", {"anchors": passes(2000, broken=100)}),
        ("checks", {"checks": passes(1400, broken=40)}),
        ("identity", {"identity": passes(2000, broken=100, slices=IDENTITIES)}),
        ("false_flags", {"harmless": passes(4000, broken=20, wrong=20)}),
        ("calibration", {"calibration": Calibration(0.05, 0.2, rows=150)}),
        ("judges", {"one_judge": 0.95}),
    ],
)
def test_one_rule_that_is_not_met_is_enough_and_says_which(rule: str, change: dict[str, object]) -> None:
    verdict = judge(replace(GOOD, **change))
    assert not verdict.promote
    assert [each.rule for each in verdict.rows if not each.met] == [rule]
    assert verdict.reasons == (row(verdict, rule).reason,)
    assert verdict.reasons[0].endswith(".")


def test_too_few_labels_say_how_many_more_of_all_labels_are_wanted() -> None:
    verdict = judge(replace(GOOD, held_out=costs(50, mended=17), labels=200))
    assert not verdict.promote
    assert verdict.wanted == 40
    assert row(verdict, "cost").reason == "Not enough labels yet, about 40 more: 50 of 60 to compare on."


def test_no_labels_at_all_are_too_few() -> None:
    none = np.array([])
    assert judge(replace(GOOD, held_out=Costs(none, none, none), labels=0)).wanted == 60


def test_a_gain_that_may_be_chance_asks_for_about_as_many_labels_as_make_it_sure() -> None:
    unsure = costs(90, mended=8, broken=6)
    verdict = judge(replace(GOOD, held_out=unsure, labels=90))
    assert not verdict.promote
    assert f"about {verdict.wanted} more" in row(verdict, "cost").reason
    times = 1 + verdict.wanted / 90
    many = np.tile(np.arange(90), round(times) + 1)
    more = Costs(unsure.champion[many], unsure.challenger[many], np.ones(len(many)))
    assert judge(replace(GOOD, held_out=more, labels=len(many))).promote


def test_a_gain_too_small_to_wait_for_asks_for_nothing() -> None:
    verdict = judge(replace(GOOD, held_out=costs(900, mended=101, broken=100), labels=900))
    assert not verdict.promote
    assert verdict.wanted == 0
    assert "Too small a difference" in row(verdict, "cost").reason


def test_a_rare_row_weighs_as_much_as_what_it_stands_for() -> None:
    found = costs(150, mended=20, broken=5)
    broken = found.challenger > found.champion
    weighed = replace(found, weights=np.where(broken, 40.0, 1.0))
    assert judge(GOOD).promote
    assert not judge(replace(GOOD, held_out=weighed)).promote


def test_gains_of_a_single_quarrel_prove_nothing() -> None:
    found = costs(150, mended=20)
    mended = found.challenger < found.champion
    one_quarrel = np.where(mended, -1, np.arange(150))
    assert judge(replace(GOOD, held_out=found)).promote
    assert not judge(replace(GOOD, held_out=replace(found, clusters=one_quarrel))).promote


def test_fewer_wrong_flags_are_not_bought_with_misses() -> None:
    lost = replace(GOOD, found=passes(60, broken=30, wrong=0))
    assert "100.0 % of 60 labels that hold found before, 50.0 % now" in row(judge(lost), "recall").reason
    assert not judge(lost).promote
    assert judge(replace(GOOD, found=passes(60, broken=2, wrong=0))).promote


@pytest.mark.parametrize(("authors", "passed"), [(1, False), (9, False), (10, True)])
def test_messages_of_a_few_people_prove_nothing(authors: int, passed: bool) -> None:
    found = replace(GOOD.held_out, clusters=np.arange(150) % authors)
    verdict = judge(replace(GOOD, held_out=found))
    assert verdict.promote is passed
    assert passed or "at least 10 are needed" in row(verdict, "cost").reason


def test_a_short_suite_with_many_flips_does_not_count_as_proof() -> None:
    verdict = judge(replace(GOOD, anchors=passes(200, broken=20, mended=20)))
    assert not row(verdict, "anchors").met
    assert "may have lost" in row(verdict, "anchors").reason


def test_one_identity_cannot_pay_for_the_others() -> None:
    identity = GOOD.identity
    against = np.array([name == "people 7" for name in IDENTITIES])
    challenger = np.where(against & (np.arange(2000) % 100 == 7), False, identity.challenger)
    verdict = judge(replace(GOOD, identity=replace(identity, challenger=challenger)))
    assert row(verdict, "identity").met
    assert not row(verdict, "identities").met
    assert "people 7" in row(verdict, "identities").reason


def test_a_single_flip_in_a_small_slice_is_chance() -> None:
    challenger = GOOD.identity.champion.copy()
    challenger[-1] = False
    assert judge(replace(GOOD, identity=Passes(GOOD.identity.champion, challenger, IDENTITIES))).promote


@pytest.mark.parametrize("part", ["anchors", "checks", "identity", "harmless"])
def test_what_was_not_measured_promotes_nothing(part: str) -> None:
    none = np.array([], dtype=bool)
    verdict = judge(replace(GOOD, **{part: Passes(none, none)}))
    assert not verdict.promote
    assert "nobody knows" in verdict.reasons[0]


def test_identities_without_names_and_missing_calibration_promote_nothing() -> None:
    assert not judge(replace(GOOD, identity=replace(GOOD.identity, slices=()))).promote
    assert not judge(replace(GOOD, calibration=Calibration(0.0, 0.0, rows=0))).promote


def test_the_rules_are_numbers_that_can_be_stricter() -> None:
    assert not judge(GOOD, GateRules(fewest=1000)).promote
    assert not judge(GOOD, GateRules(margin=0.0)).promote


def test_the_same_evidence_gives_the_same_verdict() -> None:
    assert judge(GOOD) == judge(GOOD)


def test_in_a_hundred_trials_a_worse_challenger_is_promoted_at_most_five_times() -> None:
    count = promoted(WORSE["two_points_worse"], TRIALS)
    print(f"two points worse, 300 labels: promoted {count} times in {TRIALS}")
    assert count <= MOST_WORSE


def test_in_a_hundred_trials_one_that_is_five_points_better_is_promoted_at_least_sixty_times() -> None:
    count = promoted(BETTER["five_points_better"], TRIALS)
    print(f"five points better, 300 labels: promoted {count} times in {TRIALS}")
    assert count >= FEWEST_BETTER


@pytest.mark.parametrize("name", [name for name in WORSE if name.startswith("better_but")])
def test_a_gain_on_messages_does_not_buy_harm_elsewhere(name: str) -> None:
    assert promoted(WORSE[name], 20) <= 1


@pytest.mark.parametrize(
    ("share", "reason"), [(1.0, "All held-out labels come from one person"), (0.93, "93 % of the held-out labels")]
)
def test_labels_of_one_person_among_several_do_not_decide_alone(share: float, reason: str) -> None:
    verdict = judge(replace(GOOD, one_judge=share))
    assert not verdict.promote
    assert verdict.reasons[0].startswith(reason)
    assert judge(replace(GOOD, one_judge=0.8)).promote
