"""Which letters make a word: a list of English words by frequency, and look-ups for words with letters missing.

Used to undo hiding only, and to tell what needs no undoing. `words.txt` holds the whole words of BERT's vocabulary
(bert-base-uncased, Apache-2.0), which come in the order of their frequency in books and Wikipedia, without its
fragments and foreign particles, and words of chat set among them by hand.
"""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from importlib import resources
from operator import itemgetter

from moderation_model.lexicon import HIDDEN_WORDS, STARRED_OUT

_RARE = 6000
"""The rank that hidden words get that the list lacks."""
_COMMON_PAIR = 300
"""Up to this rank two letters are taken for a word where they stand alone; longer words always are."""
_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er", "ers", "y", "ish", "ness", "less", "est", "in")
_STAND_IN = re.compile("[^a-z]")


@functools.lru_cache(maxsize=1)
def ranks() -> Mapping[str, int]:
    """Each word with its place in the list, the commonest first."""
    listed = resources.files("moderation_model").joinpath("words.txt").read_text(encoding="ascii").split()
    found = {word: place for place, word in enumerate(listed)}
    return found | {word: _RARE for word in HIDDEN_WORDS if word not in found}


def known(word: str) -> bool:
    """True if `word` (lower case) is in the list, is a hidden word, or is one of them with an ending."""
    return cost(word) < math.inf


def stands_alone(word: str) -> bool:
    """True if `word` (lower case) is so common that nobody wrote it as a piece of a longer one."""
    if len(word) < 2:
        return word in {"a", "i"}
    return known(word) and (len(word) > 2 or ranks()[word] < _COMMON_PAIR)


@functools.lru_cache(maxsize=32768)
def cost(word: str) -> float:
    """How unlikely `word` (lower case) is, from about 4 to 12; infinite if it is no known word."""
    place = ranks().get(word)
    if place is not None:
        return math.log(place + 60)
    if len(word) == 1:
        return _LONE.get(word, math.inf)
    if len(word) > 4 and word.endswith(_ENDINGS):
        for ending in _ENDINGS:
            stem = word[: -len(ending)]
            if word.endswith(ending) and len(stem) > 2 and (stem in ranks() or stem + "e" in ranks()):
                return math.log(ranks().get(stem, _RARE) + 60) + 2
    return math.inf


_LONE = {"a": 4.5, "i": 4.5, "u": 7.0, "r": 8.0, "n": 9.0, "s": 8.0, "t": 8.0, "y": 9.0}
"""Letters that are words in chat, or what an apostrophe leaves of one."""


def likeliest(words: list[str]) -> str:
    """The hidden word among `words`, if there is one, else the commonest; empty if there are none."""
    return min(words, key=lambda word: (word not in HIDDEN_WORDS, ranks().get(word, _RARE)), default="")


@functools.lru_cache(maxsize=2048)
def filled(token: str, *, hidden_only: bool) -> str:
    """The word for `token` (lower case), in which every other sign stands for a letter; empty in doubt.

    A word that people star out, the only hidden word that fits, or else the only or by far the commonest word.
    """
    start = (token[:1], len(token))
    among = _by_start().get(start, ())
    if not among or (hidden_only and start not in _HIDDEN_STARTS):
        return ""
    # Compares the letters at their places; all words are of a to z, so that anything may stand for the others.
    letters = itemgetter(0, *(place for place, char in enumerate(token) if "a" <= char <= "z"))
    wanted = letters(token)
    fitting = [word for word in among if letters(word) == wanted]
    starred = [word for word in STARRED_OUT if word in fitting]
    if starred:
        return starred[0]
    hidden = [word for word in fitting if word in HIDDEN_WORDS]
    few = 3 * len(_STAND_IN.findall(token)) <= len(token)
    fitting.sort(key=lambda word: ranks()[word])
    if len(hidden) == 1 and few and ranks()[fitting[0]] * 5 > ranks()[hidden[0]]:
        return hidden[0]
    clear = len(fitting) == 1 or (len(fitting) > 1 and ranks()[fitting[0]] * 5 < ranks()[fitting[1]])
    return fitting[0] if clear and not hidden_only else ""


_HIDDEN_STARTS = frozenset((word[0], len(word)) for word in HIDDEN_WORDS.union(STARRED_OUT))
"""First letters and lengths of the words that `filled` may give with `hidden_only`."""


@functools.lru_cache(maxsize=1)
def _by_start() -> Mapping[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for word in ranks():
        found[word[0], len(word)].append(word)
    return dict(found)


def squeeze(word: str) -> str:
    """`word` with every run of a letter as one letter: "stuuupid" and "stupid" both give "stupid"."""
    return _RUN.sub(r"\1", word)


_RUN = re.compile(r"(.)\1+")


def unstretched(word: str) -> str:
    """The likeliest word that `word` (lower case) is with letters repeated; empty if there is none."""
    runs = _lengths(word)
    fitting = [
        other
        for other in _by_squeezed().get(squeeze(word), ())
        if all(own <= long for own, long in zip(_lengths(other), runs, strict=True))
    ]
    return likeliest(fitting)


def _lengths(word: str) -> list[int]:
    return [len(run[0]) for run in re.finditer(r"(.)\1*", word)]


@functools.lru_cache(maxsize=1)
def _by_squeezed() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in ranks():
        found[squeeze(word)].append(word)
    return dict(found)
