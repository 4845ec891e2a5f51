"""The words that most often led to a card that was fine: those that a guild may want to call fine here.

They are the words that raised the score most, as the cards named them. Common words are left out: hiding "you" from the
model would hide half of what it reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

LEAST_WRONG = 2
"""A word that was wrong once may be chance."""
SHOWN = 3
LONGEST = 40
"""Longer ones are no words."""

_LITTLE = """
a about after all also always am an and another any are aren't as at be because been before being both but by
came can can't could did didn't do does doesn't doing don't down each ever every few for from get gets getting
go goes going gonna good got had has have haven't having he her here him his how i i'd i'll i'm i've if in
into is isn't it it's its just know let like made make many me mean more most much my never no not nothing now
of off oh on one only or other our out over people please put really right said same say see she should so
some something still such take tell than that that's the their them then there there's these they they're
thing things think this those through time to today too u under until up ur us very want was wasn't way we
well went were what what's when where which while who why will with won't would yeah yes yet you you'll you're
you've your yours yourself
"""
COMMON = frozenset(_LITTLE.split())


@dataclass(frozen=True, slots=True)
class Judged:
    """The words that a card named, and whether moderators found its message fine."""

    words: tuple[str, ...] = field(repr=False)
    fine: bool


@dataclass(frozen=True, slots=True)
class WrongWord:
    """On `wrong` of `total` judged cards that named it the message was fine."""

    word: str = field(repr=False)
    wrong: int
    total: int


def wrong_words(cards: Iterable[Judged], *, known: Collection[str] = ()) -> tuple[WrongWord, ...]:
    """The words that were wrong most often, and more often than right; `known` ones are called fine already."""
    skipped = COMMON | {word.casefold() for word in known}
    wrong: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for card in cards:
        named = {word.casefold().replace("’", "'") for word in card.words} - skipped
        named = {word for word in named if _is_word(word)}
        total.update(named)
        wrong.update(named if card.fine else ())
    found = [
        WrongWord(word, number, total[word])
        for word, number in wrong.items()
        if number >= LEAST_WRONG and 2 * number > total[word]
    ]
    return tuple(sorted(found, key=lambda each: (-each.wrong, each.total, each.word))[:SHOWN])


def _is_word(word: str) -> bool:
    """Letters among it, and nothing that a button could not show or that stands for other letters in a pattern."""
    return 1 < len(word) <= LONGEST and word.isprintable() and "*" not in word and any(map(str.isalpha, word))
