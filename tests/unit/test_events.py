from __future__ import annotations

import pytest

from bot.core.events import clean
from bot.core.keywords import asks_for_care


def test_what_databases_and_tokenizers_refuse_is_dropped_and_nothing_else():
    assert clean("a\x00b\ud800c\udfff 😂 \u200b") == "abc 😂 \u200b"


@pytest.mark.parametrize(
    "text",
    [
        "I don't think anyone would notice if I was gone",
        "i don’t want to be here anymore",
        "you'd all be better off without me",
        "I'm thinking about hurting myself",
    ],
)
def test_a_disclosure_asks_for_care(text: str):
    assert asks_for_care(text)


@pytest.mark.parametrize(
    "text",
    ["kill their healer first", "nobody would notice if we skipped the boss", "he died twice", "join me at eight"],
)
def test_game_talk_does_not(text: str):
    assert not asks_for_care(text)


@pytest.mark.timeout(10)
def test_hostile_length_is_searched_without_backtracking_for_ever():
    assert not asks_for_care("nobody would " * 50_000)
    assert not asks_for_care("i " * 100_000)
