"""Letters written one by one become words again: where the gaps tell the words apart, or by the likeliest cut."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import Counter

from moderation_model.lexicon import HIDDEN_WORDS
from moderation_model.words import cost, known, likeliest

_LONGEST_WORD = 16
_UNKNOWN = 9.0
"""The cost of a letter that belongs to no known word; a word of five common letters costs less than one of them."""
_HIDDEN_BONUS = 1.5
"""Who spells words out means to hide one."""
_ENOUGH_IN_PARTS = 0.3
"""Share of the letters that must lie in known words between gaps for the gaps to be taken for those between words."""
_ENOUGH, _ENOUGH_IN_LONG = 0.75, 0.6
"""Share of the letters that must lie in known words for a run to be cut, and for one of more than 20 letters."""

_LETTER = r"(?:[^\W_]|[@$!])"
_GAPS = " \t\n.,-_*|/\\·•~+:;'’`^="
_GAP = f"[{re.escape(_GAPS)}]"
FEWEST_LETTERS = 3
"""So many letters written one by one may be a word."""
_LONE = re.compile(rf"(?<![^\W_]|[@$]){_LETTER}(?![^\W_]|[@$])")
_SPELT = re.compile(rf"(?<![\w@$])\\?{_LETTER}(?:{_GAP}{{1,6}}{_LETTER}(?![^\W_]|[@$])){{2,}}")


def lone_letters(piece: str) -> int:
    """How many letters, or signs for letters, stand alone in `piece`: at least as many as `join_spelt` would join."""
    return len(_LONE.findall(piece))


def join_spelt(text: str) -> str:
    """`text` with letters written one by one ("p 4 t h", "i.d.i.o.t") as words; other single letters are kept."""
    return _SPELT.sub(_join, text)


def _join(match: re.Match[str]) -> str:
    """The run joined. It does not end in calls ("s t o p ! !"), which are no letters then."""
    # Cut off here: a pattern that ends so would try each end anew from each start, the square of the text's length.
    run = match[0].rstrip(f"{_GAPS}!")
    return _joined(run) + match[0][len(run) :]


def _joined(spelt: str) -> str:
    run = spelt.removeprefix("\\")
    letters = re.findall(_LETTER, run)
    gaps = [gap for gap in re.split(_LETTER, run) if gap]
    plain_letters = sum(char.isalpha() for char in letters)
    if len(letters) < FEWEST_LETTERS or plain_letters * 3 <= len(letters):
        return spelt
    whole = "".join(letters)
    if len(letters) == 3:
        return whole if reading_of(whole) in HIDDEN_WORDS and "." not in run else spelt
    counted = Counter(gaps)
    joiner = max(counted, key=lambda gap: (counted[gap], -len(gap)))
    parts = _parts(letters, gaps, joiner)
    plain = [part if part.isalpha() or not known(reading_of(part)) else reading_of(part) for part in parts]
    clear = sum(len(part) for part in plain if known(part.lower())) > _ENOUGH_IN_PARTS * len(letters)
    if clear and len(parts) > 2 and len(letters) >= 2.5 * len(parts):
        return " ".join(plain)
    words, share = _cut_all(parts)
    if len(parts) > 1 and share < _ENOUGH:
        words, share = max((words, share), _cut_all([whole]), key=lambda cut: cut[1])
    loose = len(letters) <= 20 and any(len(word) == 1 and not known(word.lower()) for word in words)
    if share >= (_ENOUGH if len(letters) <= 20 else _ENOUGH_IN_LONG) and not loose:
        return " ".join(words)
    lone = len(joiner) == 1 and len(letters) > 4 and len(set(whole.lower())) > 2 and plain_letters * 2 > len(letters)
    lone = lone and len(parts) * 3 <= len(letters)
    return " ".join(parts) if lone else spelt


def _parts(letters: list[str], gaps: list[str], joiner: str) -> list[str]:
    """The letters between wider gaps than the usual one, or between spaces where the usual one is a sign."""
    parts = [letters[0]]
    for gap, letter in zip(gaps, letters[1:], strict=True):
        wider = len(gap) > len(joiner) or (gap != joiner and any(char.isspace() for char in gap))
        if wider and "'" not in gap and "’" not in gap:
            parts.append(letter)
        else:
            parts[-1] += letter
    return parts


def _cut_all(parts: list[str]) -> tuple[list[str], float]:
    """All words of the parts, and the share of their letters that lies in known words of two letters or more."""
    words: list[str] = []
    covered = 0
    for part in parts:
        found = _cut(part)
        words += found
        covered += sum(len(word) for word in found if len(word) > 1 and known(word.lower()))
    return words, covered / max(1, sum(len(word) for word in words))


def _cut(letters: str) -> list[str]:
    """The likeliest words whose letters these are, one after the other; letters between words stay together."""
    whole = reading_of(letters)
    if known(whole):
        return [letters if letters.lower() == whole else whole]
    best = [0.0] + [math.inf] * len(letters)
    start_of = [0] * (len(letters) + 1)
    word_to = [""] * (len(letters) + 1)
    for end in range(1, len(letters) + 1):
        best[end], start_of[end] = best[end - 1] + _UNKNOWN, end - 1
        for start in range(max(0, end - _LONGEST_WORD), end):
            word = reading_of(letters[start:end])
            total = best[start] + cost(word) - _HIDDEN_BONUS * (word in HIDDEN_WORDS)
            if total < best[end]:
                best[end], start_of[end], word_to[end] = total, start, word
    words: list[str] = []
    end = len(letters)
    loose = ""
    while end:
        if word_to[end]:
            words += [loose, word_to[end]]
            loose = ""
        else:
            loose = letters[end - 1] + loose
        end = start_of[end]
    return [word for word in reversed([*words, loose]) if word]


_SIGNS = str.maketrans("0234578@$+({9", "ozeastbastccg")
_DOUBTFUL = {"1": "il", "!": "il", "|": "il", "6": "gb"}
_DOUBTS = re.compile("[1!|6]")


def reading_of(token: str) -> str:
    """`token` (any case) in lower case with digits and signs as letters; 1, ! and | are i or l, as a word needs."""
    lower = token.lower()
    return lower if lower.isascii() and lower.isalpha() else _read(lower) if len(lower) <= 64 else lower


@functools.lru_cache(maxsize=8192)
def _read(token: str) -> str:
    plain = token.translate(_SIGNS)
    doubts = _DOUBTS.findall(plain)
    if not doubts:
        return plain
    if len(doubts) <= 4:
        choices = itertools.product(*(_DOUBTFUL[sign] for sign in doubts))
    else:
        choices = zip(*(_DOUBTFUL[sign] for sign in doubts), strict=True)
    read = [_fill(plain, letters) for letters in choices]
    return likeliest([word for word in read if known(word)]) or read[0]


def _fill(plain: str, letters: tuple[str, ...]) -> str:
    chosen = iter(letters)
    return _DOUBTS.sub(lambda _: next(chosen), plain)
