"""The readings of a message: as written, spoilers opened, and normalised, where hidden spellings are undone.

The same for training and serving (`as_written` is what the model is trained on). Folding is shy: it must not create
words that are not there, so whatever is ambiguous is opened only if a word of `lexicon.HIDDEN_WORDS` comes out.
Everything is linear in the length of the text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

import emoji

from moderation_model.contract import AS_WRITTEN, NORMALISED, SPOILERS_OPENED
from moderation_model.emoji_names import letters_in_words
from moderation_model.homoglyphs import LATIN_SHAPES, OTHER_SCRIPTS, SIGN_SHAPES, TWINS
from moderation_model.prepare import cut_marks, prepare
from moderation_model.unhide import open_words
from moderation_model.words import known

NORMALISER_VERSION = "2"
"""Changes when the same text would give other readings; a model folder names the one it was trained with."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One text form, ready for the tokenizer; `name` is one of the constants of `contract`."""

    name: str
    text: str


def readings(raw: str) -> tuple[Reading, ...]:
    """As written first; then normalised and spoilers opened, each only where the model would see something else.

    The text of the first is empty when nothing is left to score.
    """
    found = [Reading(AS_WRITTEN, prepare(raw))]
    for name, opened in ((NORMALISED, unhide(raw)), (SPOILERS_OPENED, _open_spoilers(raw))):
        if opened == raw:  # then it is prepared alike
            continue
        text = prepare(opened)
        if _key(text) not in {"", *(_key(reading.text) for reading in found)}:
            found.append(Reading(name, text))
    return tuple(found)


def readable(text: str) -> bool:
    """False if more than half of the letters, lookalikes folded, are of a script that the model does not read."""
    if text.isascii():
        return True
    letters = [char for char in _fold_letters(text) if char.isalpha()]
    return sum(map(_is_latin, letters)) * 2 >= len(letters)


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE"))


def unhide(raw: str) -> str:
    """`raw` with hidden spellings undone and nothing else changed: emoji, links and code stand as they were."""
    return open_words(raw if raw.isascii() else _fold_letters(_drop_invisible(raw)))


def _key(text: str) -> str:
    """Texts with the same key need one reading: case, spaces, marks around words and accents make no other word."""
    plain = text.lower().replace("…", "...")
    if not text.isascii():
        # The first character of the decomposition is the bare letter; marks that no letter carries stand alone.
        plain = "".join(map(_bare, unicodedata.normalize("NFC", plain)))
    return " ".join(_AROUND_WORDS.sub(" ", plain).split())


@functools.lru_cache(maxsize=4096)
def _bare(char: str) -> str:
    return unicodedata.normalize("NFD", char)[0]


_AROUND_WORDS = re.compile(r"(?<![^\W_])[*_]+|[*_]+(?![^\W_])")


_SPOILER = re.compile(r"\|\|(.+?)\|\|", re.DOTALL)


def _open_spoilers(raw: str) -> str:
    """The text with spoiler bars gone and nothing else changed."""
    return _SPOILER.sub(r" \1 ", raw) if "||" in raw else raw


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_JOINER_OUTSIDE_EMOJI = re.compile(r"(?<=[\w\s])\u200d|\u200d(?=[\w\s])")
_BRAILLE_BLANK = "\u2800"


def _drop_invisible(text: str) -> str:
    text = _INVISIBLE.sub("", text.replace(_BRAILLE_BLANK, " "))
    return _JOINER_OUTSIDE_EMOJI.sub("", text)


@functools.lru_cache(maxsize=32)
def _fold_letters(text: str) -> str:
    """Mathematical, full-width, circled and squared letters, accents and lookalikes become plain Latin letters.

    The last few are remembered, because `readings`, `language_of` and `readable` of one text ask for the same.
    """
    text = _letter_emoji(letters_in_words(cut_marks(text)))
    text = text.translate(_QUOTES)
    text = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", "".join(map(_compatible, text))))
    text = _MONEY.sub(lambda match: match[0].translate(SIGN_SHAPES), text.translate(LATIN_SHAPES))
    if not text.isascii() and re.search("[A-Za-z]", text):
        disguised = any(_is_disguised(word) for word in _WORD.findall(text))
        text = _WORD.sub(lambda match: _fold_word(match[0], disguised=disguised), text)
    return unicodedata.normalize("NFC", text)


@functools.lru_cache(maxsize=4096)
def _compatible(char: str) -> str:
    """What Unicode takes for the same as `char`, emoji as they are."""
    return char if emoji.is_emoji(char) else unicodedata.normalize("NFKC", char)


_LATIN_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20ff\ufe20-\ufe2f]"
)
"""Combining marks of Latin, Greek and Cyrillic letters; those of Indic, Arabic and other scripts carry meaning."""
_WORD = re.compile(r"[^\W\d_]+")
_MONEY = re.compile(r"(?<=[A-Za-z])[€£¢¥®§¡×µªº]+|(?<![€£¢¥®§¡×µªº])[€£¢¥®§¡×µªº]++(?=[A-Za-z])")
_QUOTES = str.maketrans("´′ʼ＇", "'" * 4)


def _is_disguised(word: str) -> bool:
    """A known word in letters of two alphabets: nobody writes so by chance."""
    return not word.isascii() and len(_alphabets(word)) > 1 and known(_latin(word).lower())


def _fold_word(word: str, *, disguised: bool) -> str:
    """The word in Latin letters, if it mixes alphabets, has perfect twins only or, in a disguised text, is known."""
    if word.isascii():
        return word
    folded = _latin(word)
    if not folded.isascii():
        return word
    return (
        folded if len(_alphabets(word)) > 1 or TWINS.issuperset(word) or (disguised and known(folded.lower())) else word
    )


def _latin(word: str) -> str:
    folded = word.translate(OTHER_SCRIPTS)
    other = word.replace("ӏ", "i").translate(OTHER_SCRIPTS)
    return other if known(other.lower()) and not known(folded.lower()) else folded


def _alphabets(word: str) -> set[str]:
    """The first words of the letters' Unicode names: LATIN, GREEK, CYRILLIC and so on."""
    return {unicodedata.name(char, "").partition(" ")[0] for char in word}


_INDICATORS = re.compile("[\U0001f1e6-\U0001f1ff](?:[ \u200b]?[\U0001f1e6-\U0001f1ff])*")
_SQUARED = re.compile(
    "([\u249c-\u24b5\U0001f110-\U0001f129\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189])\ufe0f?"
)


def _letter_emoji(text: str) -> str:
    """Letters in boxes, circles and brackets, and regional indicators that do not make flags, become letters."""
    text = _SQUARED.sub(lambda match: _squared_letter(match[1]), text)
    return _INDICATORS.sub(_spell_indicators, text)


_FIRST_BOXES = (0x249C, 0x1F110, 0x1F130, 0x1F150, 0x1F170)


def _squared_letter(char: str) -> str:
    code = ord(char)
    return chr(ord("A") + code - max(first for first in _FIRST_BOXES if first <= code))


def _spell_indicators(match: re.Match[str]) -> str:
    spelt = match[0]
    codes = spelt.replace(" ", "").replace("\u200b", "")
    flags = [codes[start : start + 2] for start in range(0, len(codes), 2)]
    if spelt == codes and all(emoji.is_emoji(flag) for flag in flags):
        return spelt
    return "".join(chr(ord("A") + ord(code) - 0x1F1E6) for code in codes)
