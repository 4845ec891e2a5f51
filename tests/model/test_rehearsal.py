"""A rehearsal on somebody's own file: who judges what, what is measured, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.learning import read_rows
from moderation_model.bulk import ACCUSING, Known
from moderation_model.compare import Side
from moderation_model.training.rehearsal import REPORTED, fired, held, verdicts
from tests.model.serving_fakes import FakeClassifier

FLAGGED, QUIET = "you pathetic thing", "hello there"


def judged(texts: list[str], harmful: list[bool], wanted: int = 1000) -> dict[int, dict[str, float]]:
    found = verdicts(
        texts,
        np.array(harmful),
        classifier=FakeClassifier("champion", max_tokens=64),
        judges=4,
        seed=1,
        wanted=wanted,
    )
    return {example.example_id: dict(example.labels) for example in found}


def test_every_flag_is_judged_and_a_right_one_confirms_only_what_fired() -> None:
    found = judged([f"{FLAGGED} {number}" for number in range(4)], [True, True, False, False])
    assert set(found) == {1, 2, 3, 4}
    assert set(found[1].values()) == {1.0}
    assert found[3] == dict.fromkeys(ACCUSING, 0.0)


def test_most_missed_lines_are_reported_and_few_quiet_ones_drawn() -> None:
    texts = [f"{QUIET} {number}" for number in range(2000)]
    found = judged(texts, [number < 1000 for number in range(2000)])
    missed = sum(number <= 1000 for number in found)
    assert missed / 1000 == pytest.approx(REPORTED, abs=0.06)
    assert 20 < len(found) - missed < 100


def test_no_more_verdicts_than_wanted() -> None:
    assert len(judged([f"{FLAGGED} {number}" for number in range(50)], [True] * 50, wanted=7)) == 7


def test_each_side_flags_at_its_own_limits() -> None:
    classifier = FakeClassifier("champion", max_tokens=64)
    texts = [FLAGGED, QUIET]
    assert fired(Side(Known(classifier), {}), texts).tolist() == [True, False]
    never = {"": dict.fromkeys(ACCUSING, 1.1)}
    assert fired(Side(Known(classifier), never), texts).tolist() == [False, False]


def test_what_is_measured_are_shares_of_harmful_and_harmless_lines() -> None:
    shares = held(np.array([True, True, False, False, False]), np.array([True, False, True, True, False]))
    assert (shares.false_flags, shares.recall, shares.precision) == (0.5, pytest.approx(1 / 3), 0.5)


def test_rows_without_text_or_label_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text("words,bad\nhello,0\n,1\nwell,\nNA,0.7\nfine,false\n", "utf-8")
    assert read_rows(path, text="words", label="bad") == [("hello", False), ("NA", True), ("fine", False)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text,bad\nhello,0\n", "no column 'words'"),
        (b"words,bad\nhello,often\n", "a number from 0 to 1"),
        ("words,bad\ncaf\u00e9,0\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_does_not_fit_is_said_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_rows(path, text="words", label="bad")
    with pytest.raises(ValueError, match="cannot be read"):
        read_rows(tmp_path, text="words", label="bad")
