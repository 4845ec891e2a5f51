"""Variants of training texts: written otherwise, known as before."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pytest

from moderation_model.contract import NORMALISED
from moderation_model.labels import LABEL_NAMES
from moderation_model.normalise import readings
from moderation_model.prepare import prepare
from moderation_model.training.augment import augmented, evade, joined, misspell
from moderation_model.training.dataset import REPORT, TRAIN, TUNE, Row

NAMES = ["captain", "teacher", "neighbour", "goalkeeper", "painter", "brother", "cousin", "driver", "singer", "baker"]


def row(text: str, part: str = TRAIN) -> Row:
    return Row(text, {"toxic": 1.0, "insult": 1.0}, None, 0.7, "chat", f"group of {text}", part, {"speaker": "reddit"})


ROWS = [
    row(f"you are a pathetic {name} and nobody likes you because of number {n}") for name in NAMES for n in range(40)
]


def test_a_variant_keeps_all_but_the_text() -> None:
    origins = {each.group: each for each in ROWS}
    variants = augmented(ROWS, share=1.0, seed=3)
    assert len(variants) > 0.95 * len(ROWS)
    for variant in variants:
        origin = origins[variant.group]
        assert variant.text.lower() != origin.text.lower()
        assert (variant.labels, variant.stars, variant.weight) == (origin.labels, origin.stars, origin.weight)
        assert (variant.source, variant.part, variant.extra) == (origin.source, origin.part, origin.extra)


def test_the_share_is_kept_and_depends_on_the_seed_and_the_text_alone() -> None:
    some = augmented(ROWS, share=0.3, seed=3)
    assert 0.2 * len(ROWS) < len(some) < 0.4 * len(ROWS)
    turned = augmented(ROWS[::-1], share=0.3, seed=3)
    assert sorted(each.text for each in turned) == sorted(each.text for each in some)
    assert {each.group for each in augmented(ROWS, share=0.3, seed=4)} != {each.group for each in some}
    assert augmented(ROWS, share=0.0, seed=3) == []


def test_measured_parts_are_left_alone() -> None:
    assert augmented([row("a text to tune on", TUNE), row("a text to report on", REPORT)], share=1.0, seed=1) == []


def test_variants_are_what_the_model_would_be_shown() -> None:
    for variant in augmented(ROWS, share=1.0, seed=5):
        assert prepare(variant.text) == variant.text


def test_about_half_of_the_variants_are_hidden_and_most_of_those_are_opened_as_far_as_the_normaliser_can() -> None:
    variants = augmented(ROWS, share=1.0, seed=6)
    signs = [each for each in variants if any(not char.isalnum() and char not in " '’" for char in each.text)]
    still_open = [each for each in variants if any(reading.name == NORMALISED for reading in readings(each.text))]
    assert signs
    assert 0 < len(still_open) < len(variants) / 2


def test_long_texts_are_misspelt_but_never_spelt_out() -> None:
    long = [row(f"{each.text} {'and so on and on ' * 60}") for each in ROWS[:100]]
    for variant in augmented(long, share=1.0, seed=1):
        assert len(variant.text) < 1.2 * len(long[0].text) + 20


def test_translations_are_variants_of_their_own_rows() -> None:
    asked: list[str] = []

    def translate(texts: Sequence[str]) -> list[str]:
        asked.extend(texts)
        return [f"voilà {text}" for text in texts]

    variants = augmented(ROWS, share=1.0, seed=2, translate=translate)
    translated = [each for each in variants if each.text.startswith("voilà ")]
    assert len(translated) == len(asked) > len(ROWS) / 5
    for each in translated:
        assert each.group == f"group of {each.text.removeprefix('voilà ')}"


@pytest.mark.parametrize("seed", range(200))
def test_a_misspelt_text_is_close_to_the_text(seed: int) -> None:
    text = "I don't know why people like this stupid thing, it's not what you're looking for."
    made = misspell(text, random.Random(seed))
    assert made.lower() != text.lower()
    assert abs(len(made) - len(text)) < 30
    assert made == misspell(text, random.Random(seed))


@pytest.mark.parametrize("text", ["", "a", "ok", "😂", "ß ÄÖ", "123 456", "'", "ing"])
def test_texts_without_words_to_misspell_are_no_error(text: str) -> None:
    for seed in range(30):
        assert isinstance(misspell(text, random.Random(seed)), str)
        assert isinstance(evade(text, random.Random(seed)), str)
        assert all(each.text for each in augmented([row(text)], share=1.0, seed=seed))


def labelled(text: str, labels: dict[str, float], **more: object) -> Row:
    return dataclasses.replace(row(text), labels=labels, group=text, **more)  # pyright: ignore[reportArgumentType]


CALM = [labelled(f"see you at the lake on day {n}", dict.fromkeys(LABEL_NAMES, 0.0)) for n in range(60)]
RUDE = [labelled(f"you are a pathetic baker number {n}", {"toxic": 1.0, "threat": 0.0}) for n in range(60)]


def test_a_joined_row_says_what_any_of_its_texts_says_and_leaves_open_what_one_leaves_open() -> None:
    made = joined(CALM + RUDE, share=1.0, seed=1)
    assert len(made) == 120
    for each in made:
        if "pathetic" in each.text:
            assert each.labels == {"toxic": 1.0, "threat": 0.0}
            assert "lake" in each.text
        else:
            assert each.labels == dict.fromkeys(LABEL_NAMES, 0.0)
            assert each.text.count("lake") >= 2
        assert each.stars is None


def test_nothing_is_joined_with_abuse_with_long_texts_or_with_measured_ones() -> None:
    assert joined(RUDE, share=1.0, seed=1) == []
    measured = [dataclasses.replace(each, part=REPORT) for each in CALM]
    long = labelled("a very long story " * 20, dict.fromkeys(LABEL_NAMES, 0.0))
    assert joined([*measured, long], share=1.0, seed=1) == []


def test_a_joined_row_weighs_as_much_as_its_lightest_text() -> None:
    light = [dataclasses.replace(each, weight=0.2) for each in RUDE]
    assert {each.weight for each in joined(CALM + light, share=1.0, seed=1) if "pathetic" in each.text} == {0.2}


def test_what_is_joined_depends_on_the_seed_and_not_on_the_order_of_the_rows() -> None:
    some = joined(CALM + RUDE, share=0.3, seed=1)
    assert some == joined((CALM + RUDE)[::-1], share=0.3, seed=1)
    assert 15 < len(some) < 60
    assert some != joined(CALM + RUDE, share=0.3, seed=2)
