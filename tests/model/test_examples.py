"""Examples to parts: nothing leaks, nothing forbidden is trained on, nobody teaches too much, every row is counted."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from moderation_model.checks.community import as_examples, community
from moderation_model.learning import Example
from moderation_model.training.examples import (
    CONTRADICTED,
    EMPTY,
    NO_LABEL,
    NOT_PERMITTED,
    TOO_NEAR,
    Parts,
    capped,
    digest_of,
    parts_of,
    rows_of,
    shares_of,
)
from moderation_model.training.splits import clusters_of

RUDE = {"toxic": 1.0, "insult": 1.0}
KIND = {"toxic": 0.0, "insult": 0.0}


def example(number: int, text: str, **more: object) -> Example:
    given: dict = {"labels": KIND, "source": "sandbox", "may_train": True, "at": float(number)}
    return Example(example_id=number, text=text, **{**given, **more})


def chat(count: int, *, seed: int, members: int = 300) -> list[Example]:
    judges = ("ann", "ben", "cid", "dot")
    return as_examples(community(count, seed=seed, members=members), judges=judges)


def strangers(parts: Sequence[Sequence[Example]]) -> bool:
    """Whether no two of the parts share an author, a thread or a near-duplicate."""
    rows = [(number, each) for number, part in enumerate(parts) for each in part]
    clusters = clusters_of([each.text for _, each in rows], range(len(rows)))
    for mark in (lambda row: rows[row][1].author, lambda row: rows[row][1].thread, lambda row: clusters[row]):
        where: dict[object, set[int]] = {}
        for row, (number, _) in enumerate(rows):
            if mark(row) != "":
                where.setdefault(mark(row), set()).add(number)
        if any(len(numbers) > 1 for numbers in where.values()):
            return False
    return True


def split(examples: Sequence[Example]) -> Parts:
    return parts_of(examples, judge_share=0.3)


@pytest.mark.parametrize(("count", "members"), [(40, 20), (200, 60), (500, 300)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_author_thread_near_duplicate_or_later_time_leaks(count: int, members: int, seed: int) -> None:
    chance = random.Random(seed)
    examples = chat(count, seed=seed, members=members)
    examples += [
        replace(each, example_id=each.example_id + 9000, at=each.at + chance.randrange(40_000))
        for each in examples[::9]
    ]
    permitted = [replace(each, may_train=chance.random() < 0.8) for each in examples]
    parts = split(permitted)
    assert strangers([parts.train, parts.tune, parts.test])
    assert strangers([parts.train, parts.limits, parts.test])
    earliest = min(each.at for each in parts.test)
    assert all(each.at <= earliest for each in (*parts.train, *parts.tune, *parts.limits))
    assert parts.train
    assert parts.test


def test_a_row_that_stands_in_no_part_is_counted_with_its_reason() -> None:
    examples = chat(300, seed=5)
    parts = split(examples)
    in_parts = len(parts.train) + len(parts.tune) + len(parts.test)
    assert in_parts + parts.learned.refused[TOO_NEAR] == 300
    assert sum(parts.learned.by_source.values()) == len(parts.train) + len(parts.tune) == len(parts.trained_on)


def test_three_hundred_verdicts_leave_enough_to_train_on_and_sixty_to_measure() -> None:
    parts = split(chat(300, seed=6))
    assert len(parts.test) >= 60
    assert len(parts.train) >= 100
    assert len(parts.tune) >= 15


def test_messages_from_discord_without_a_permission_only_measure() -> None:
    examples = chat(300, seed=7)
    examples = [
        replace(each, source="discord_message", may_train=False) if each.example_id % 2 else each for each in examples
    ]
    parts = split(examples)
    assert all(each.may_train for each in (*parts.train, *parts.tune))
    assert any(not each.may_train for each in parts.test)
    assert any(not each.may_train for each in parts.limits)
    assert parts.learned.refused[NOT_PERMITTED] == 150
    assert "discord_message" not in parts.learned.by_source


def test_with_nothing_that_may_train_there_is_still_a_part_that_measures() -> None:
    parts = split([replace(each, source="discord_message", may_train=False) for each in chat(100, seed=8)])
    assert not parts.train
    assert not parts.tune
    assert len(parts.test) >= 30
    assert len(parts.limits) >= 20


def test_a_file_without_times_is_still_cut() -> None:
    examples = [replace(each, at=0.0, author="", thread="") for each in chat(300, seed=9)]
    examples.sort(key=lambda each: each.labels["toxic"])
    parts = split(examples)
    assert len(parts.train) > 120
    assert {each.labels["toxic"] for each in parts.test} == {0.0, 1.0}


def test_the_order_in_which_examples_come_changes_nothing() -> None:
    examples = chat(200, seed=10)
    mixed = random.Random(1).sample(examples, len(examples))
    assert split(examples) == split(mixed)


def test_of_contradicting_answers_on_one_text_the_majority_stays() -> None:
    said = [("You absolute walnut", KIND), ("you absolute walnut!", KIND), ("you  absolute walnut", RUDE)]
    twice = [("get out of here now", KIND), ("Get out of here, now!", RUDE)]
    early = [example(number, text, labels=labels) for number, (text, labels) in enumerate([*said, *twice])]
    late = [
        example(100 + number, f"the {word} is in the lower crypt") for number, word in enumerate(["key", "lamp"] * 20)
    ]
    parts = split([*early, *late])
    kept = {each.example_id: each.labels for each in (*parts.train, *parts.tune)}
    assert kept.get(0) == kept.get(1) == KIND
    assert not kept.keys() & {2, 3, 4}
    assert parts.learned.refused[CONTRADICTED] == 3


def test_rows_without_text_or_label_are_left_out_and_counted() -> None:
    parts = split([example(1, "  "), example(2, "hello you", labels={}), *chat(50, seed=1)])
    assert (parts.learned.refused[EMPTY], parts.learned.refused[NO_LABEL]) == (1, 1)


@pytest.mark.parametrize(
    ("counts", "free", "most"),
    [
        ({"ann": 80, "ben": 10, "cid": 10, "dot": 10}, 0, 0.3),
        ({"ann": 80, "ben": 60, "cid": 10, "dot": 10, "eve": 5}, 0, 0.3),
        ({"ann": 50}, 50, 0.3),
        ({"ann": 80, "ben": 8}, 0, 0.3),
        ({"ann": 80, "ben": 8}, 30, 0.3),
        ({"ann": 5, "ben": 5, "cid": 5}, 0, 0.3),
        ({"ann": 80, "ben": 10, "cid": 10, "dot": 10}, 0, 0.0),
    ],
)
def test_no_judge_weighs_more_than_the_cap_or_than_an_equal_share(counts: dict, free: int, most: float) -> None:
    judged = [(judge,) for judge, count in counts.items() for _ in range(count)] + [()] * free
    examples = [example(number, f"line {number}", judges=judges) for number, judges in enumerate(judged)]
    scaled, largest = capped(examples, most)
    total = sum(each.weight for each in scaled)
    shares = {judge: weight / total for judge, weight in shares_of(scaled).items()}
    allowed = max(most, 1 / len(counts))
    assert max(shares.values()) == pytest.approx(largest, abs=1e-9)
    assert largest <= allowed + 1e-6
    assert all(each.weight == 1.0 for each in scaled if not each.judges)
    assert all(after.weight <= before.weight for before, after in zip(examples, scaled, strict=True))


def test_weights_stay_as_they_are_where_nobody_is_over_the_cap() -> None:
    examples = [example(number, f"line {number}", judges=(f"judge-{number % 5}",)) for number in range(50)]
    scaled, largest = capped(examples, 0.3)
    assert scaled == tuple(examples)
    assert largest == pytest.approx(0.2)


def test_of_a_row_judged_by_two_only_the_busy_ones_part_is_scaled() -> None:
    examples = [example(number, f"line {number}", judges=("ann",)) for number in range(60)]
    examples += [
        example(100 + number, f"row {number}", judges=(name,))
        for number, name in enumerate(["ben", "cid", "dot", "eve"] * 8)
    ]
    scaled, _ = capped([*examples, example(200, "both", judges=("ann", "ben"))], 0.3)
    alone, both = scaled[0].weight, scaled[-1].weight
    assert alone < 1
    assert both == pytest.approx((alone + 1) / 2)


def test_the_digest_changes_with_texts_labels_and_weights_and_not_with_the_order() -> None:
    examples = chat(20, seed=1)
    first = examples[0]
    others = [replace(first, text="other"), replace(first, labels={"toxic": 1.0}), replace(first, weight=0.5)]
    digests = {digest_of([other, *examples[1:]]) for other in (first, *others)}
    assert len(digests) == 4
    assert digest_of(examples) == digest_of(examples[::-1])


def test_rows_show_the_text_as_the_model_is_served_it() -> None:
    row = rows_of([example(1, "look https://example.org 😀", labels=RUDE, weight=0.5)])[0]
    assert "https" not in row.text
    assert row.labels == RUDE
    assert row.weight == 0.5


def test_every_two_parts_are_disjoint() -> None:
    parts = split(chat(300, seed=11))
    ids = [{each.example_id for each in part} for part in (parts.train, parts.tune, parts.test)]
    assert all(not one & other for one, other in itertools.combinations(ids, 2))


def written_last(count: int, *, by: str, seed: int = 12) -> list[Example]:
    """A team's examples, then as many newer ones of one person."""
    late = [
        replace(each, example_id=9000 + each.example_id, at=1e9 + each.at, judges=(by,), author="", thread="")
        for each in chat(count, seed=seed + 1)
    ]
    return [*chat(300, seed=seed), *late]


def test_who_writes_all_the_newest_examples_is_told_of() -> None:
    parts = split(written_last(150, by="eve"))
    assert {each.judges for each in parts.test} == {("eve",)}
    assert parts.one_judge == 1.0


def test_where_one_person_is_the_whole_team_nobody_is_told_of() -> None:
    alone = [replace(each, judges=("eve",)) for each in chat(300, seed=13)]
    assert split(alone).one_judge == 0.0
    assert split([replace(each, judges=()) for each in alone]).one_judge == 0.0


def test_a_busy_judge_weighs_no_more_in_the_measured_part_than_the_cap() -> None:
    examples = [
        replace(each, judges=("eve",)) if each.example_id % 3 else replace(each, weight=7.0)
        for each in chat(400, seed=14)
    ]
    parts = split(examples)
    weights = shares_of(parts.test)
    assert parts.one_judge > 0.5
    assert max(weights.values()) / sum(weights.values()) <= 0.3 + 1e-6
    assert max(each.weight for each in parts.test) == 1.0
