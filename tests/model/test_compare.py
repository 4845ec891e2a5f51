"""Champion and challenger on the same rows, and one whole run on a tiny model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from moderation_model.bulk import Known
from moderation_model.checks.anchors import anchor_sentences
from moderation_model.checks.templates import generate, replay_folder
from moderation_model.compare import Side, compare
from moderation_model.gate import judge
from moderation_model.labels import LABEL_NAMES
from moderation_model.learning import Example
from moderation_model.training.splits import near_key
from tests.model.serving_fakes import FakeClassifier

LABEL = "insult"


def example(number: int, text: str, *, bad: bool, guild: str = "1", drawn: float = 1.0) -> Example:
    labels = {LABEL: float(bad)}
    return Example(
        number, text, labels, "sandbox", True, number, guild, author=f"a{number}", inclusion_probability=drawn
    )


def lowered(logits: np.ndarray) -> np.ndarray:
    return logits - 10.0


@cache
def both() -> tuple[Known, Known]:
    """Both models of these tests. What they said of our own sentences is kept: it takes the most time by far."""
    champion = FakeClassifier("champion", max_tokens=64)
    challenger = FakeClassifier("challenger", max_tokens=64, spoil=lowered)
    return Known(champion), Known(challenger)


def sides(*, limits: dict[str, dict[str, float]] | None = None) -> tuple[Side, Side]:
    """A champion that flags "pathetic" and "clown", and a challenger that flags nothing."""
    champion, challenger = both()
    return Side(champion, limits or {}), Side(challenger, limits or {})


def rows(harmless: Sequence[str], bad: Sequence[str]) -> list[Example]:
    made = [example(number, text, bad=False) for number, text in enumerate(harmless)]
    return made + [example(100 + number, text, bad=True) for number, text in enumerate(bad)]


def test_a_flip_says_which_of_the_two_is_right() -> None:
    test = rows(["you clown haha", "hello there"], ["you pathetic thing"])
    found = compare(*sides(), test, labels=3)
    by_id = {flip.example_id: flip for flip in found.flips}
    assert set(by_id) == {0, 100}
    assert by_id[0].right
    assert not by_id[100].right
    assert by_id[0].champion > 0.5 > by_id[0].challenger


def test_costs_count_wrong_flags_and_misses_by_inverse_probability() -> None:
    test = [example(1, "you clown haha", bad=False, drawn=0.1), example(2, "you pathetic thing", bad=True)]
    costs = compare(*sides(), test, labels=2).evidence.held_out
    assert costs.champion.tolist() == [1.0, 0.0]
    assert costs.challenger.tolist() == [0.0, 1.0]
    assert costs.weights.tolist() == [10.0, 1.0]


def test_a_row_of_a_judge_who_is_held_down_counts_for_less() -> None:
    test = [replace(example(1, "you clown haha", bad=False, drawn=0.1), weight=0.5), example(2, "hi", bad=False)]
    assert compare(*sides(), test, labels=2).evidence.held_out.weights.tolist() == [5.0, 1.0]


def test_a_guilds_own_limit_decides_what_is_flagged() -> None:
    test = [
        example(1, "you clown haha", bad=False, guild="strict"),
        example(2, "you clown haha", bad=False, guild="easy"),
    ]
    champion, challenger = sides(limits={"easy": {LABEL: 0.999}})
    costs = compare(champion, challenger, test, labels=2).evidence.held_out
    assert costs.champion.tolist() == [1.0, 0.0]


def test_a_change_of_limits_is_counted_on_the_servers_own_rows() -> None:
    test = [
        example(1, "you clown haha", bad=False, guild="1"),
        example(2, "you pathetic thing", bad=True, guild="1"),
        example(3, "you pathetic thing", bad=True, guild="2"),
    ]
    champion, challenger = sides(limits={"1": {LABEL: 0.4}})
    challenger = Side(champion.known, {"1": {LABEL: 0.999}, "3": {LABEL: 0.5}})
    found = {each.guild: each for each in compare(champion, challenger, test, labels=3).changes}
    assert set(found) == {"1", "3"}
    one = found["1"]
    assert (one.label, one.before, one.after) == (LABEL, 0.4, 0.999)
    assert (one.right_before, one.wrong_before, one.right_after, one.wrong_after) == (1, 1, 0, 0)
    assert (found["3"].right_before, found["3"].wrong_before) == (0, 0)


def test_a_model_that_flags_nothing_loses_its_suites_and_is_not_promoted() -> None:
    found = compare(*sides(), rows(["you clown haha"] * 90, ["you pathetic thing"] * 10), labels=100)
    verdict = judge(found.evidence)
    assert not verdict.promote
    assert "anchors" in {row.rule for row in verdict.rows}
    named = {difference.name: difference for difference in found.differences}
    assert named["left alone"].gain.value == pytest.approx(1.0)
    assert named["recall"].gain.value == pytest.approx(-1.0)


def test_reports_of_both_hold_numbers_and_no_text() -> None:
    found = compare(*sides(), rows(["you clown haha", "hi"], ["you pathetic thing", "you clown"]), labels=4)
    (before,), (after,) = found.before, found.after
    assert (before["name"], before["caught"], before["alarms"]) == (LABEL, 2, 1)
    assert (after["caught"], after["missed"]) == (0, 2)
    assert "pathetic" not in str(found.before)


def test_anchors_are_many_balanced_and_never_trained_on() -> None:
    anchors = anchor_sentences()
    abusive = sum(any(each.labels.values()) for each in anchors)
    assert len(anchors) >= 2000
    assert 0.25 <= abusive / len(anchors) <= 0.5
    assert set().union(*(each.labels for each in anchors)) <= set(LABEL_NAMES)
    trained = {near_key(each.text) for each in generate(replay_folder(), per_template=40, seed=1)}
    assert [each.text for each in anchors if near_key(each.text) in trained] == []
