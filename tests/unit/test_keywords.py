"""Keywords and words that are fine here: whole words, in any script, in time linear in the text."""

from __future__ import annotations

import time

import pytest

from bot.core.keywords import KeywordRule, find_keywords, hide_words, keyword_problem


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("gold", "cheap GOLD here", "GOLD"),
        ("gold", "golden days", ""),
        ("gold*", "golden days", "golden"),
        ("*shop", "the ｇｏｌｄshop", "goldshop"),
        ("c++", "i like c++!", "c++"),
        ("c++", "c++x", ""),
        ("ñandú", "el señandú", ""),
        ("ñandú", "un ÑANDÚ", "ÑANDÚ"),
        ("buy now", "please buy now.", "buy now"),
    ],
)
def test_words_are_whole_words_in_any_script_and_any_form(pattern: str, text: str, found: str) -> None:
    assert "".join(hit.found for hit in find_keywords(text, [KeywordRule(pattern)])) == found


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    started = time.process_time()
    find_keywords("a" * 4000 + "!", [KeywordRule("(a|a)*b", "regex"), KeywordRule("(a+)+$", "regex")])
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("pattern", "kind", "says"),
    [
        ("", "words", "at least one letter"),
        ("**", "words", "at least one letter"),
        ("x" * 201, "words", "at most 200"),
        ("(", "regex", "missing"),
        ("a*", "regex", "every message"),
        (r"(?=a)", "regex", "no regular expression"),
    ],
)
def test_what_cannot_be_a_rule_is_said_in_a_sentence(pattern: str, kind, says: str) -> None:
    assert says in (keyword_problem(pattern, kind) or "")


def test_words_that_are_fine_are_hidden_and_the_rest_stays() -> None:
    assert hide_words("you Clanker, clanker clanker clankers", ["clanker"]) == "you ..., ... ... clankers"
    assert hide_words("nothing here", ["clanker"]) == "nothing here"
