"""Which words are put before moderators as most often wrong."""

from __future__ import annotations

from bot.core.wrong_words import Judged, WrongWord, wrong_words


def fine(*words: str) -> Judged:
    return Judged(words, fine=True)


def broke(*words: str) -> Judged:
    return Judged(words, fine=False)


def test_the_words_that_were_wrong_most_often_come_first() -> None:
    cards = [fine("clown")] * 2 + [fine("Walnut", "you")] * 4 + [broke("walnut")] + [fine("spoon")] * 2
    assert wrong_words(cards) == (WrongWord("walnut", 4, 5), WrongWord("clown", 2, 2), WrongWord("spoon", 2, 2))


def test_no_more_than_three_are_shown() -> None:
    cards = [fine("one_a", "two_b", "three_c", "four_d")] * 2
    assert len(wrong_words(cards)) == 3


def test_a_word_that_was_wrong_once_or_as_often_right_is_left_alone() -> None:
    assert wrong_words([fine("once"), fine("half"), fine("half"), broke("half"), broke("half")]) == ()


def test_common_words_numbers_and_what_is_fine_already_are_left_out() -> None:
    cards = [fine("You", "don’t", "1234", "x", "w" * 41, "cl*wn", "turn\u202ed", "walnut", "Spoon")] * 3
    assert wrong_words(cards, known=("SPOON",)) == (WrongWord("walnut", 3, 3),)


def test_a_word_counts_once_a_card() -> None:
    assert wrong_words([fine("walnut", "Walnut"), fine("clown")]) == ()
