"""Opens words that were hidden by splitting, starring, digits for letters and stretching, one step after the other."""

from __future__ import annotations

import itertools
import re

from moderation_model.lexicon import GLUE, HIDDEN_WORDS

_MASKED = re.compile(r"<[@#a:!&/t][^<>\s]{2,110}>|(?:https?://|www\.|discord\.gg/)\S+|```.*?(?:```|\Z)", re.DOTALL)
"""Links, mentions and code blocks: not words, left for `prepare` to mask."""


def open_words(text: str) -> str:
    """`text` with hidden spellings opened; links, mentions and code blocks are not touched."""
    parts: list[str] = []
    end = 0
    for match in _MASKED.finditer(text):
        parts += [_open(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, _open(text[end:])])


def _open(text: str) -> str:
    text = _STARRED.sub(_open_stars, text)
    text = _join_marked(text)
    text = _SPELT.sub(_join_spelt, text)
    text = _SPLIT.sub(_join_split, text)
    text = _TOKEN.sub(_open_digits, text)
    return _LETTERS.sub(_shorten, text)


_BETWEEN = re.compile(r"(?<=[^\W_])(?:\|\||\*\*\*|\*\*|~~|__|``?)(?=[^\W_])")
_EDGES = re.compile(r"(?<![^\W_])(?:\*{1,3}|__|~~|\|\|)(?=[^\s*_~|])|(?<=[^\s*_~|])(?:\*{1,3}|__|~~|\|\|)(?![^\W_])")


def _join_marked(text: str) -> str:
    """Markdown and spoiler marks inside a word go; around a word they become a space, so that no words are joined."""
    if not any(mark in text for mark in ("|", "*", "~", "_", "`", "\\")):
        return text
    return _EDGES.sub(" ", _BETWEEN.sub("", text))


_GAP = r"[ \t\n.,\-_*|/\\·•~+:;'’`]"
_SPELT = re.compile(rf"(?<![\w@$])[\w@$!](?:{_GAP}{{1,3}}[\w@$!](?![\w@$])){{2,}}")


def _join_spelt(match: re.Match[str]) -> str:
    """Letters written one by one ("p 4 t h", "i.d.i.o.t") become a word; wider gaps between them part words."""
    run = match[0]
    gaps = [gap for gap in re.split(r"[\w@$!]", run) if gap]
    narrow = min(len(gap) for gap in gaps)
    letters = re.sub(r"[^\w@$!]", "", run)
    if sum(char.isalpha() for char in letters) * 2 <= len(letters):
        return run
    if len(letters) == 3:
        return letters if undigit(letters) in HIDDEN_WORDS else run
    if any(len(gap) > narrow for gap in gaps):
        parted = re.sub(rf"({_GAP}+)", lambda gap: " " if len(gap[1]) > narrow else "", run)
        pieces = [undigit(piece) for piece in parted.split()]
        return parted if any(len(piece) > 3 or piece in HIDDEN_WORDS for piece in pieces) else run
    return _cut(letters)


def _cut(letters: str) -> str:
    """A long run of letters as words, if it can be cut into hidden and common words from end to end."""
    plain = undigit(letters)
    if len(plain) < 7 or plain in HIDDEN_WORDS or len(plain) > 80:
        return letters
    best: list[list[str] | None] = [[]] + [None] * len(plain)
    for end in range(1, len(plain) + 1):
        for start in range(max(0, end - 14), end):
            before, word = best[start], plain[start:end]
            known = word in GLUE or (len(word) > 3 and word in HIDDEN_WORDS)
            shorter = before is not None and (best[end] is None or len(before) + 1 < len(best[end] or []))
            if known and before is not None and shorter:
                best[end] = [*before, word]
    words = best[-1]
    return " ".join(words) if words and any(word in GLUE for word in words) else letters


_SPLIT = re.compile(r"(?<![\w@$])[^\W_][\w@$!]*(?:[|/\\.,\-_*~'’`^+\n]{1,2}[\w@$!]+)+(?<!_)")


def _join_split(match: re.Match[str]) -> str:
    """A word cut by punctuation or a line end is joined if a hidden word comes out ("lo-ser", "pa|the|tic")."""
    joined = re.sub(r"[^\w@$!]|_", "", match[0])
    return joined if len(joined) > 3 and undigit(joined) in HIDDEN_WORDS else match[0]


_STARRED = re.compile(r"(?<![\w*])[A-Za-z]+(?:[*#%&_@$!?.]{1,6}[A-Za-z]*)+(?![\w*])")


def _open_stars(match: re.Match[str]) -> str:
    """Signs in place of letters are opened if exactly one hidden word fits ("p*thetic", "id**t")."""
    token = match[0]
    bare = token.rstrip("?!.,")
    fitting = _fitting(bare.lower())
    return fitting + token[len(bare) :] if fitting else token


def _fitting(token: str) -> str | None:
    letters = sum(char.isalpha() for char in token)
    if len(token) > 20 or letters < 2 or letters == len(token) or letters * 2 < len(token) or "." in token:
        return None
    pattern = re.compile("".join(char if char.isalpha() else "[a-z]" for char in token))
    found = [word for word in HIDDEN_WORDS if len(word) == len(token) and pattern.fullmatch(word)]
    return found[0] if len(found) == 1 else None


_TOKEN = re.compile(r"[\w@$!|+]{2,}")
_DIGITS = str.maketrans("013456789@$!|+", "oieasbtbgasiit")
_COUNT = re.compile(r"\d+[a-z]{1,4}|[a-z]+\d+|0x[0-9a-f]+|[a-z]\d+[a-z]|\d+x\d+|.*_.*", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{6,}", re.IGNORECASE)
_DOUBTFUL = re.compile(r"[279|+!@$]")


def _open_digits(match: re.Match[str]) -> str:
    """Digits and signs in place of letters, unless the token looks like a count, a version, a name or a hash."""
    token = match[0]
    if token.isalpha() or token.isdigit() or len(token) > 40:
        return token
    core = token if undigit(token) in HIDDEN_WORDS else token.strip("!+|")
    letters = sum(char.isalpha() for char in core)
    others = len(core) - letters
    if not others or not letters or others > 2 * letters + 1:
        return token
    plain = undigit(core)
    if plain in HIDDEN_WORDS:
        named = re.fullmatch(r"[a-z]+\d+|\d+[a-z]{1,2}", core, re.IGNORECASE)
    else:
        named = plain not in GLUE and (_COUNT.fullmatch(core) or others > letters)
        named = named or _HEX.fullmatch(core) or _DOUBTFUL.search(core)
    return token if named else token.replace(core, plain)


def undigit(token: str) -> str:
    """Digits and signs as letters; 1, | and ! as i, or as l where only that gives a hidden word."""
    token = token.lower()
    first = token.translate(_DIGITS)
    second = re.sub(r"[1|!]", "l", token).translate(_DIGITS)
    return second if second in HIDDEN_WORDS and first not in HIDDEN_WORDS else first


_LETTERS = re.compile(r"[A-Za-z]{4,}")
_RUN = re.compile(r"(.)\1*")


def _shorten(match: re.Match[str]) -> str:
    """Letters repeated three times or more: the hidden word that fits, else two of each."""
    word = match[0]
    runs = [(run[1], len(run[0])) for run in _RUN.finditer(word.lower())]
    long = sum(count > 2 for _, count in runs)
    if not long:
        return word
    if long <= 5:
        choices = [(char, char * 2) if count > 2 else (char * count,) for char, count in runs]
        for parts in itertools.product(*choices):
            if "".join(parts) in HIDDEN_WORDS:
                return "".join(parts)
    return re.sub(r"(.)\1{2,}", r"\1\1", word)
