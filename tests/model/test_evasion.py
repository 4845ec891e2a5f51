"""The ways in which members hide what they write, as the checks and the augmentation use them."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model.checks.evasion import KINDS

SENTENCE = "You are a pathetic little loser and nobody here likes you."
NAMED = {
    *("zero_width", "combining_marks", "homoglyph", "mathematical", "full_width", "leet", "censoring_stars", "spaced"),
    *("dotted", "stretched", "spoiler_split", "markdown_split", "backslash_split", "newline_split"),
}
SAME_LENGTH = {"homoglyph", "mathematical", "full_width", "leet", "censoring_stars"}


def test_every_kind_of_evasion_that_is_measured_has_its_function() -> None:
    assert set(KINDS) == NAMED


@pytest.mark.parametrize("kind", sorted(NAMED))
def test_a_kind_hides_the_sentence_another_way_for_another_seed_and_the_same_way_for_the_same(kind: str) -> None:
    made = [KINDS[kind](SENTENCE, random.Random(seed)) for seed in range(40)]
    assert SENTENCE not in made
    assert made == [KINDS[kind](SENTENCE, random.Random(seed)) for seed in range(40)]
    assert len(set(made)) > 1


@pytest.mark.parametrize("kind", sorted(NAMED))
@pytest.mark.parametrize("seed", range(20))
def test_a_person_still_finds_the_letters_in_order(kind: str, seed: int) -> None:
    made = KINDS[kind](SENTENCE, random.Random(seed))
    if kind in SAME_LENGTH:
        assert len(made) == len(SENTENCE)
        assert made[0] == "Y" or kind != "censoring_stars"
        return
    letters = re.sub("[^a-z]", "", "".join(c for c in made if not unicodedata.combining(c)).lower())
    plain = re.sub("[^a-z]", "", SENTENCE.lower())
    assert re.sub(r"(.)\1+", r"\1", letters) == re.sub(r"(.)\1+", r"\1", plain)


@pytest.mark.parametrize("seed", range(30))
def test_mathematical_letters_and_full_width_ones_are_the_same_text_to_unicode(seed: int) -> None:
    for kind in ("mathematical", "full_width"):
        assert unicodedata.normalize("NFKC", KINDS[kind](SENTENCE, random.Random(seed))) == SENTENCE


def test_stars_leave_the_edges_of_a_word() -> None:
    for seed in range(20):
        hidden = KINDS["censoring_stars"]("pathetic", random.Random(seed))
        assert hidden.startswith("p")
        assert hidden.endswith("c")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.integers())
def test_any_text_can_be_hidden(text: str, seed: int) -> None:
    for hide in KINDS.values():
        assert isinstance(hide(text, random.Random(seed)), str)
