"""What is left out, because it has nothing to do, and what is remembered changes no reading."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model import unhide
from moderation_model.checks.evasion import KINDS
from moderation_model.normalise import NORMALISER_VERSION, readable, readings

SENTENCES = (
    "You are a pathetic little idiot and nobody likes you!",
    "shut up, loser, or I'll kill you and your stupid friends",
    "good game everyone, see you at 10:30 (or 2nd half) :)",
    "don't you dare read v1.2.3 of C:\\temp_files, it's $100 & worth 2x",
    "k y s already",
    "the class was so cool, I can't wait... hahaha",
    "café naïve 😂 👩🏿‍🤝‍👩🏻 “quoted” <@123456> https://example.org/a?b=1 `x = 1`",
    "ich weiß nicht, warum das heute schon wieder nicht geht, du Idiot",
)
READ_AS = "158cd9bf87e4c2be"
"""Digest of everything below. When it changes, texts have other readings than those that models were trained with:
raise `NORMALISER_VERSION`, and write here what the failing test prints."""


def test_hidden_and_plain_sentences_have_the_readings_that_models_were_trained_with() -> None:
    digest = hashlib.sha256(NORMALISER_VERSION.encode())
    for kind in sorted(KINDS):
        for number, sentence in enumerate(SENTENCES):
            for seed in range(6):
                text = KINDS[kind](sentence, random.Random(100 * number + seed))
                for said in (text, f"{sentence} {text}"):
                    found = [(reading.name, reading.text) for reading in readings(said)]
                    digest.update(repr((found, readable(said))).encode())
    assert digest.hexdigest()[:16] == READ_AS


def every_step(text: str) -> str:
    """`text` opened without looking for what may be left out."""
    for step in unhide._STEPS:
        text = step(text)
    return text


WORDS = "I a don't it's you idiot lo-ser s.t.u.p.i.d f*ck stuuupid 1d10t p4th3tic (see wow! foo_bar 2nd 10 $100 x²y² é"
SIGNS = [
    "",
    " ",
    " ",
    " ",
    "\n",
    "-",
    ".",
    "*",
    "||",
    "_",
    "'",
    "!",
    "(",
    "  ",
    "@",
    "\u00a0",
    "|",
    "~~",
    "\\",
    "1",
    "A",
]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS.split()), st.sampled_from(SIGNS)), max_size=12))
def test_words_and_signs_are_opened_as_by_every_step(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + sign for word, sign in parts)
    assert unhide._open(text) == every_step(text)


@settings(max_examples=1000, deadline=None)
@given(st.text(alphabet="abIs tuU10$@!(|*_-.'’~`\\\n²é+,/", max_size=40))
def test_any_signs_are_opened_as_by_every_step(text: str) -> None:
    assert unhide._open(text) == every_step(text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_hidden_sentences_are_opened_as_by_every_step(kind: str) -> None:
    for seed in range(40):
        sentence = SENTENCES[seed % len(SENTENCES)]
        text = f"{sentence} {KINDS[kind](sentence, random.Random(seed))}" if seed % 3 else sentence
        assert unhide._open(text) == every_step(text)
