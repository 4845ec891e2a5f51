"""Opens words that were hidden by splitting, starring, digits for letters and stretching, one step after the other.

Most chat hides nothing, and most of its words come again. So for each piece of text between spaces it is remembered
which steps have anything to do there, and the others are left out: they would return the text as it is.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable

from moderation_model.leet import may_open, open_leet
from moderation_model.lexicon import HIDDEN_WORDS, USUAL
from moderation_model.spelling import FEWEST_LETTERS, join_spelt, lone_letters, reading_of
from moderation_model.words import cost, filled, known, stands_alone, unstretched

_MASKED = re.compile(r"<[@#a:!&/t][^<>\s]{2,110}>|(?:https?://|www\.|discord\.gg/)\S+|```.*?(?:```|\Z)", re.DOTALL)
"""Links, mentions and code blocks: not words, left for `prepare` to mask."""
_MASK_SIGNS = ("<", "://", "www.", "discord.gg/", "```")
"""Each match of `_MASKED` holds one of these."""


def open_words(text: str) -> str:
    """`text` with hidden spellings opened; links, mentions and code blocks are not touched."""
    if not any(sign in text for sign in _MASK_SIGNS):
        return _open(text)
    parts: list[str] = []
    end = 0
    for match in _MASKED.finditer(text):
        parts += [_open(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, _open(text[end:])])


def _open(text: str) -> str:
    due = _due(text)
    for step in _STEPS:
        if step in due:
            opened = step(text)
            due = due if opened == text else _due(opened)
            text = opened
    return text


def _due(text: str) -> frozenset[_Step]:
    """The steps that may change `text`; each of the others would return it as it is."""
    pieces = text.split()
    if len(text) > _LONG or max(map(len, pieces), default=0) > _LONG_PIECE:
        return _ALL_STEPS
    # Pieces without anything to do are the rule: what is left of this is mostly nothing.
    found = [(steps, letters) for steps, letters in map(_due_in_piece, pieces) if steps or letters]
    due = frozenset[_Step]().union(*(steps for steps, _ in found))
    if sum(letters for _, letters in found) >= FEWEST_LETTERS:
        due |= {join_spelt}
    # Apart from letters written one by one, only halves of a word on two lines stand in two pieces.
    return due | {_join_splits} if "\n" in text else due


@functools.lru_cache(maxsize=16384)
def _due_in_piece(piece: str) -> tuple[frozenset[_Step], int]:
    """The steps that change `piece` (text without spaces) in some text, and the letters that stand alone in it.

    Apart from `join_spelt` no step looks beyond a space, but for what it counts in the whole text: `open_leet` counts
    the tokens that `may_open` tells of, `_join_splits` the words that it joins.
    """
    if plain := _PLAIN_WORD.fullmatch(piece):  # these signs hide nothing at the end of a word: letters may be repeated
        return frozenset({_shorten_words} if _shorten_words(piece) != piece else ()), int(len(plain[1]) == 1)
    steps = {step for step in (_open_starred, _join_marked, _join_splits, _shorten_words) if step(piece) != piece}
    return frozenset(steps | {open_leet} if may_open(piece) else steps), lone_letters(piece)


def _open_starred(text: str) -> str:
    return _STARRED.sub(_open_stars, text)


def _shorten_words(text: str) -> str:
    return _LETTERS.sub(_shorten, text)


_Step = Callable[[str], str]
_LONG, _LONG_PIECE = 1000, 40
"""Characters of a text, and of a piece, from which on nothing is remembered: memory and time stay bounded."""

_PLAIN_WORD = re.compile(r"([A-Za-z]+)[.,?:;)\"]*")

_HALVES = re.compile(r"(?<![^\W_])[^\W_]+(?:(?:\|{2,4}|\*{2,3}|~~|__|``?)[^\W_]+)+")
_MARK = re.compile(r"[|*~_`]+")
_EDGES = re.compile(
    r"(?<![^\W_])(?<!\*)(?:\*{1,3}|(?<!_)__|(?<!~)~~|\|\|)(?=[^\s*_~|])|(?<=[^\s*_~|])(?:\*{1,2}|__|~~|\|\|)(?![^\W_]|[*_~|])"
)


def _join_marked(text: str) -> str:
    """Markdown and spoiler marks inside a word go; around a word they become a space, so that no words are joined."""
    if not any(mark in text for mark in ("|", "*", "~", "_", "`")):
        return text
    return _EDGES.sub(" ", _HALVES.sub(_join_halves, text))


def _join_halves(match: re.Match[str]) -> str:
    """Stars may also stand for letters: a word that they do not make, and a lone mark, are left."""
    joined = _MARK.sub("", match[0])
    starred = match[0].count("*")
    closed = match.string.startswith("**", match.end())
    pairs = (len(_MARK.findall(match[0])) + closed) % 2 == 0
    return joined if not starred or pairs or known(joined.lower()) else match[0]


# No word is as long as 60 letters; without an end to the first piece, "A1!A1!A1!" takes the square of its length.
_SPLIT = re.compile(r"(?<![\w@$])[^\W_][\w@$!]{0,60}(?:[|/\\.,\-_*~'’`^+\n]{1,2}[\w@$!]+)+")
_PIECE = re.compile(r"[|/\\.,\-_*~'’`^+\n]+")
_SOFT = frozenset("/.,-'’^+")
"""Signs that stand between words of ordinary text, too: only a hidden word, or crumbs of one, is joined over them."""
_MOST_PIECES = 6
_HABIT = 3
"""So many known words split by one sign show that the writer splits all words with it, those that nobody knows, too."""


def _join_splits(text: str) -> str:
    """Words cut by signs or line ends are joined ("lo-ser", "pa|the|tic", "litt\\le"); whole words stay apart."""
    used: Counter[str] = Counter()
    joined = _SPLIT.sub(lambda match: _join_chain(match[0], used, frozenset()), text)
    habits = frozenset(sign for sign, count in used.items() if count >= _HABIT) - _SOFT
    return _SPLIT.sub(lambda match: _join_chain(match[0], used, habits), joined) if habits else joined


def _join_chain(chain: str, used: Counter[str], habits: frozenset[str]) -> str:
    """The chain of pieces with those that make a word joined; counts in `used` the signs that were taken out."""
    if "|" in chain and known(reading_of(chain)):
        return reading_of(chain)
    pieces = _PIECE.split(chain)
    signs = _PIECE.findall(chain)
    made: list[str] = []
    place = 0
    while place < len(pieces):
        end = _word_end(pieces, signs, place, habits)
        made += pieces[place:end]
        if end - place > 1:
            used[signs[place][0]] += 1
        made += signs[end - 1 : end]
        place = end
    return "".join(made)


def _word_end(pieces: list[str], signs: list[str], start: int, habits: frozenset[str]) -> int:
    """The number of the piece after the longest word that starts with piece `start`; one piece is left as it is."""
    if start and signs[start - 1] in {"'", "’"}:
        return start + 1
    for end in range(min(len(pieces), start + _MOST_PIECES), start + 1, -1):
        if _is_split_word(pieces[start:end], signs[start : end - 1], habits):
            return end
    return start + 1


def _is_split_word(pieces: list[str], signs: list[str], habits: frozenset[str]) -> bool:
    whole = "".join(pieces)
    joined = reading_of(whole)
    if not 3 <= len(joined) <= 40 or not (known(joined) or habits):
        return False
    if sum(char.isalpha() for char in whole) * 2 <= len(joined):
        return False
    standing = [stands_alone(piece.lower()) for piece in pieces if piece]
    if not known(joined):
        return len(pieces) == 2 and whole.isalpha() and not any(standing) and signs[0][0] in habits
    if any(piece.isdigit() for piece in pieces) or (len(pieces) < 3 and signs[0] in {"'", "’"}):
        return False
    if any("\n" in sign for sign in signs):
        return not all(standing) and not (any(piece[:1].isupper() for piece in pieces[1:]) and not whole.isupper())
    hidden = joined in HIDDEN_WORDS and len(joined) > 3
    if any(sign[0] in _SOFT for sign in signs):
        return hidden or (len(pieces) > 2 and len(joined) > 3 and all(len(piece) < 3 for piece in pieces))
    return hidden or not all(standing) or signs[0][0] in habits


_STARRED = re.compile(r"(?<![\w*])[A-Za-z]++(?:[*#%&_@$!?.-]++[A-Za-z]++)*+[*#%&_@$!?.-]*+")
_LINKS = frozenset("-_abcdefghijklmnopqrstuvwxyz")
_STARS = frozenset("*#abcdefghijklmnopqrstuvwxyz")
_ALTERNATING = re.compile(r"[a-z](?:[*#_-][a-z]){2,}")


def _open_stars(match: re.Match[str]) -> str:
    """Signs in place of letters are opened if a word fits ("p*thetic", "id**t"); for other signs a hidden one only."""
    token = match[0].lower()
    following = match.string[match.end() : match.end() + 1]
    if len(token) > 24 or token.isalpha() or following.isalnum():
        return match[0]
    bare = token.rstrip("?!.,")
    word = USUAL.get(bare) or _fitting(bare)
    return word + match[0][len(bare) :] if word else match[0]


def _fitting(token: str) -> str:
    letters = sum(char.isalpha() for char in token)
    if letters < 2 or letters == len(token) or letters * 3 < len(token):
        return ""
    if not token[-1].isalpha() and (letters < 3 or known(token.rstrip("*#%&_@$-"))):
        return ""
    starred = _STARS.issuperset(token)
    if not starred and (len(token) < 4 or letters * 2 < len(token)):
        return ""
    open_to_all = starred or (_LINKS.issuperset(token) and len(token) > 4 and not _holds_word(token))
    general = open_to_all and len(token) > 3 and token[-1].isalpha() and not _ALTERNATING.fullmatch(token)
    word = filled(token, hidden_only=not general or letters * 2 < len(token))
    return "" if word and _commoner(re.sub("[^a-z]", "", token), word) else word


def _commoner(without: str, word: str) -> bool:
    """True if the letters alone are a likelier word: "wh*at" is "what" in two halves, not "wheat"."""
    return without in HIDDEN_WORDS or (word not in HIDDEN_WORDS and cost(without) < cost(word))


def _holds_word(token: str) -> bool:
    return any(len(piece) > 2 and known(piece) for piece in re.split("[-_]+", token))


_LETTERS = re.compile(r"[A-Za-z]{3,}")
_REPEATED = re.compile(r"(.)\1\1|\A(.)\2", re.IGNORECASE)
"""A letter three times, or the first twice: a word without either has a single letter and none that is stretched."""
_RUN = re.compile(r"(.)\1*")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_SINGLE = frozenset("ahijkquvwxy")
"""Letters that English words hardly ever double."""


def _shorten(match: re.Match[str]) -> str:
    """Letters repeated three times or more, or all of them twice: the word that fits, else as English doubles them."""
    word = match[0]
    lower = word.lower()
    if not _REPEATED.search(word) or len(set(lower)) == 1:
        return word
    runs = [len(run[0]) for run in _RUN.finditer(lower)]
    if max(runs) < 3 and (min(runs) < 2 or len(runs) < 2 or (len(runs) < 3 and word.isupper())):
        return word
    fitting = unstretched(lower)
    if fitting or min(runs) < 2:
        return fitting or _LONG_RUN.sub(lambda run: run[1] if run[1].lower() in _SINGLE else run[1] * 2, word)
    return "".join(run[1] * (len(run[0]) // min(runs)) for run in _RUN.finditer(lower))


_STEPS: tuple[_Step, ...] = (_open_starred, _join_marked, join_spelt, _join_splits, open_leet, _shorten_words)
_ALL_STEPS = frozenset(_STEPS)
