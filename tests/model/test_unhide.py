"""Whole messages that were hidden are read as written plainly, and ordinary chat, code and prose are left alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model.checks.evasion import KINDS
from moderation_model.contract import AS_WRITTEN, NORMALISED
from moderation_model.normalise import readings


def normalised(text: str) -> str:
    """The last word on the text: its normalised reading, or the written one where they do not differ."""
    found = {reading.name: reading.text for reading in readings(text)}
    return found.get(NORMALISED, found[AS_WRITTEN]).lower()


ABUSE = "you are a pathetic little idiot and nobody likes you"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_most_words_of_a_hidden_sentence_are_found_again(kind: str) -> None:
    wanted = set(ABUSE.split())
    for seed in range(30):
        words = set(normalised(KINDS[kind](ABUSE, random.Random(seed))).split())
        assert len(wanted & words) >= len(wanted) - 4, words


@pytest.mark.parametrize(
    ("hidden", "opened"),
    [
        ("w.h.a.t.a.s.h.i.t.j.o.b", "what a shit job"),
        ("y o u , f u c k o f f !", "you fuck off !"),
        ("D.o.n.'.t t.a.l.k t.o m.e", "dont talk to me"),
        ("7h15 15 50 57up1d, y0u 1d107", "this is so stupid, you idiot"),
        ("+h3 (r@2y m0r0n", "the crazy moron"),
        ("wh*at a*re y*ou do*ing", "what are you doing"),
        ("lit\ntle id\niot", "little idiot"),
        ("li\\ttle id\\iot", "little idiot"),
        ("you \\b\\i\\t\\c\\h", "you bitch"),
        ("f*** you, you s*** of a b****", "fuck you, you shit of a bitch"),
        ("ssttuuppiidd iiddiioott", "stupid idiot"),
        ("the sуѕтем hаѕ fаіled уоυ", "the system has failed you"),
        ("⒴⒪⒰ ⒧⒪⒮⒠⒭", "you loser"),
        ("🇺 🇵  🇾🇴🇺🇷🇸", "up yours"),
    ],
)
def test_whole_messages_are_opened_not_only_their_rude_words(hidden: str, opened: str) -> None:
    assert normalised(hidden) == opened


@pytest.mark.parametrize(
    "harmless",
    [
        "he'll see who're there, she'd",
        "x = a * b * c and a, b, c, d, e",
        "I I I I",
        "J. R. R. Tolkien",
        "rm -rf a/b/c/d --no-preserve",
        "t-shirt e-mail x-ray co-op snake_case user_id is_a",
        "too! idea! base! wow!! lo! (how (rap (all",
        "unity3d md5sum x11drv m3u 5pm 90s 3rd 1st",
        "fail* them* typo* (fixed)",
        "print(a) f(x) range(10",
        "costs £3000 or €20 or 5$",
        "it has\nof\nme\nat\nO'Neil",
        "the bat\nman or the\nrapist",
        "W L W W L",
        "version 1.0.7-1ubuntu5 of\n4.6.3",
        "WWII www xxx",
        "~~~~ **bold** *yes* __init__ ***",
        "a^b 2^10 1e-5",
        "@part @here !it !ot",
        "привет all, как дела",
    ],
)
def test_ordinary_chat_and_code_have_one_reading(harmless: str) -> None:
    assert [reading.text for reading in readings(harmless)[1:]] == []


@pytest.mark.parametrize(
    ("spelt", "word"),
    [("t h e r a p i s t", "therapist"), ("s c u n t h o r p e", "scunthorpe"), ("c l a s s", "class")],
)
def test_no_rude_word_is_cut_out_of_a_longer_one(spelt: str, word: str) -> None:
    assert normalised(spelt) == word


PLAIN = (
    "the a is good class passing assistant Scunthorpe cocktail analysis therapist essex hello friend game tomorrow"
    " button mishit grape dickens titan basement compass skill heaven you're don't it's I O'Neil"
)
WORDS = st.sampled_from(PLAIN.split())


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=20), st.sampled_from([" ", "  ", "\n", " - ", ", "]))
def test_plain_prose_has_one_reading(words: list[str], between: str) -> None:
    assert len(readings(between.join(words))) == 1


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000))
def test_what_was_opened_needs_no_second_opening(kind: str, seed: int) -> None:
    once = normalised(KINDS[kind](ABUSE, random.Random(seed)))
    assert normalised(once) == once


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_ten_thousand_hidden_characters_are_read_at_once(kind: str) -> None:
    for seed in range(3):
        assert readings(KINDS[kind](f"{ABUSE} " * 250, random.Random(seed))[:10_000])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        "a*",
        "a.",
        "a..",
        "a||",
        "1!|",
        "a_",
        "(a",
        "q z x ",
        "a1! ",
        "$a",
        "ab-",
        "ab\n",
        "a?",
        "<@",
        "[a](",
        "`",
        "aab",
    ],
)
def test_hostile_repeats_are_read_at_once(unit: str) -> None:
    assert readings((unit * 10_000)[:10_000] + "1")
