"""Which language a text is in, told only where it is sure; slow to call a text anything but English.

Chat is full of what merely looks foreign: names, dishes, laughter, game talk, code. And nobody shall escape the model
by adding foreign words to English abuse. So a text is foreign only if it is long enough, few of its words are English,
py3langid (naive Bayes over n-grams of bytes, BSD-3-Clause) is nearly certain, and no part of it reads English alone.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import emoji

from moderation_model.lexicon import HIDDEN_WORDS
from moderation_model.normalise import unhide
from moderation_model.prepare import MASK_WORDS, in_emoji_runs, mask
from moderation_model.words import known, ranks

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
# fmt: off
OTHERS = (
    "ca", "cs", "da", "de", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt",
    "lv", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "tl", "tr", "vi",
)
# fmt: on
"""ISO 639-1 codes of the languages that can be told from English: in Latin letters and much written in chats. Any
other in Latin letters counts as English; text in another script is `normalise.readable`'s."""

MIN_WORDS, MIN_LETTERS = 5, 25
"""Different words, and letters in them, under which nothing is told."""
LONG = 8
"""Different words from which on `CERTAIN` is enough; a shorter text needs `MORE_CERTAIN`."""
CERTAIN, MORE_CERTAIN = 0.99, 0.999
"""Probabilities of the language."""
FEW_ENGLISH = 0.4
"""Share of English words that sentences in other languages stay below: some words are spelt alike."""
MOST_ENGLISH = 0.8
"""Share of English words from which on a text is called English."""
LOOKED_AT = 400
"""Words from which the language is told; that no part of a text is English is made sure of in all of it."""

# fmt: off
_SHARED = frozenset({
    "animal", "animals", "coon", "dick", "die", "dies", "gas", "hang", "hell", "hoe", "homo", "idiot", "idiots",
    "ignorant", "imbecile", "islam", "miserable", "muslim", "nazi", "nazis", "parasite", "parasites", "rat", "rats",
    "suicide",
})
# fmt: on
"""Hidden words that another language spells alike; "die" and "hoe" are among the commonest of German and Dutch."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_WORDS = re.compile(r"[\d_/\\@#=<>{}|$%*~^+]|\w[.:]\w|([^\W\d_])\1\1", re.IGNORECASE)
"""In a piece of text: an address, a path, code, leetspeak, a stretched word."""
_LAUGHTER = re.compile(r"[bmw]?[aeiou]?(?:[hj]+[aeiou]+){2,}[hj]*s?|x+d+|(?:rs){2,}|(?:lo)+l+|lmf?ao+|rofl")


def language_of(raw: str) -> str | None:
    """ISO 639-1 code of the one language of `raw`; None where it is too short, mixed or in any doubt.

    Anything but "en" and None is sure enough to leave the text unjudged. About 0.01 ms for English, 0.2 for others; the
    first text with few English words takes a second more, unless `load_detector` was called before.
    """
    if raw.isascii() and len(raw) < MIN_LETTERS + MIN_WORDS - 1:
        return None  # too short for so many letters and the gaps between so many words
    text = _without_emoji(mask(raw))
    pieces = text.split()
    read = _words_in_piece if max(map(len, pieces), default=0) <= _LONG_PIECE else _words_in_piece.__wrapped__
    words = [word for piece in pieces for word in read(piece)][:LOOKED_AT]
    different = set(words)
    if len(different) < MIN_WORDS or sum(map(len, different)) < MIN_LETTERS:
        return None
    share = sum(map(_is_listed, words)) / len(words)
    if share >= FEW_ENGLISH:
        return ENGLISH if share >= MOST_ENGLISH else None
    found, probability = _detector().classify(" ".join(words))
    if probability < (CERTAIN if len(different) >= LONG else MORE_CERTAIN):
        return None
    forms = {text, _without_emoji(mask(unhide(raw)))}
    return found if found == ENGLISH or not any(_holds_english(form, found) for form in forms) else None


def load_detector() -> None:
    """Loads what tells other languages (58 MB, about a second), once; the first text that needs it would else wait."""
    _detector()


_LONG_PIECE = 40
"""Most characters of a piece whose words are remembered."""


@functools.lru_cache(maxsize=8192)
def _words_in_piece(piece: str) -> tuple[str, ...]:
    """The words of text without spaces; none if it holds what people do not write in words."""
    return () if _NO_WORDS.search(piece) else tuple(_words(piece))


def _words(text: str) -> list[str]:
    """In lower case, without laughter and the words that only stand for a link, a mention and the like."""
    found = _WORD.findall(text.lower())
    return [word for word in found if word not in MASK_WORDS and not _LAUGHTER.fullmatch(word)]


def _without_emoji(text: str) -> str:
    return text if text.isascii() else in_emoji_runs(text, lambda run: emoji.replace_emoji(run, " "))


def _is_listed(word: str) -> bool:
    """True for English words and what other languages spell alike."""
    return word in ranks() or _start(word) in ranks()


def _is_known(word: str) -> bool:
    """True for those, for them with an English ending, and for letters that are words in chat ("u", "r")."""
    return known(_start(word))


def _start(word: str) -> str:
    """Of "don't" and "l'été" the part before the apostrophe."""
    return word.partition("'")[0].partition("’")[0]


def _holds_english(text: str, found: str) -> bool:
    """True if a word that English abuse hides, or two words in a row, are likelier English than `found`."""
    words = _words(text)
    if any(word in HIDDEN_WORDS and word not in _SHARED for word in words):
        return True
    pairs = {(first, second) for first, second in pairwise(words) if _is_known(first) and _is_known(second)}
    return any(_is_english(pair, found) for pair in pairs)


def _is_english(words: Sequence[str], found: str) -> bool:
    chances = dict(_detector().rank(" ".join(words)))
    return chances[ENGLISH] > chances[found]


_loading = threading.Lock()
_loaded: list[LanguageIdentifier] = []


def _detector() -> LanguageIdentifier:
    """Loaded once, at the latest by the first text that needs it."""
    with _loading:
        if not _loaded:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            every = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
            every.set_languages([ENGLISH, *OTHERS])
            # Built anew from the chosen columns: the first keeps those of all 139 languages, 23 MB more.
            _loaded.append(
                LanguageIdentifier(
                    every.nb_ptc,
                    every.nb_pc,
                    every.nb_classes,
                    every.tk_nextmove,
                    every.tk_output,
                    norm_probs=True,
                    tk_row=every.tk_row,
                )
            )
        return _loaded[0]
