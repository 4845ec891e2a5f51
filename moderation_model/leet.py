"""Digits and signs that stand for letters: "1d10t", "$tup!d", "fu(k"; counts, versions, names and hashes are kept."""

from __future__ import annotations

import re

from moderation_model.lexicon import HIDDEN_WORDS
from moderation_model.spelling import reading_of
from moderation_model.words import known, squeeze, unstretched

_TOKEN = re.compile(r"(?<![\w@$!|+(])[\w@$!|+(]+(?![\w@$!|+()])")
_COUNT = re.compile(
    r"\d+[a-z]{1,4}|[a-z]+\d+|0x[0-9a-f]+|[a-z](?!0[a-z])\d+[a-z]|\d+x\d+|[a-z]+3d|.*_.*", re.IGNORECASE
)
_NAMED = re.compile(r"[a-z]+\d+|\d+[a-z]{1,2}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{6,}", re.IGNORECASE)
_STRANGE = re.compile(r"[279|+!@$(]|\d\d")
_HABIT, _STRONG_HABIT = 2, 4
"""Words with digits for letters, at least this many and half of all such tokens, show that the writer means it so;
many show that a lone digit is a letter, too, and that a word nobody knows is one."""


def open_leet(text: str) -> str:
    """Digits and signs in place of letters; where that is the writer's habit, in short and doubtful words, too."""
    if text.isalpha() or not _LEET_SIGN.search(text):
        return text
    mixed = [token for token in (_core(found, shortest=2) for found in _TOKEN.findall(text)) if _is_mixed(token)]
    meant = sum(known(reading_of(token)) for token in mixed)
    if meant < _HABIT or meant * 2 < len(mixed):
        return _TOKEN.sub(lambda match: _open_digits(match[0]), text)
    return _TOKEN.sub(lambda match: _open_freely(match[0], strong=meant >= _STRONG_HABIT), text)


def may_open(piece: str) -> bool:
    """True if `open_leet` may change `piece` (text without spaces) or count a word in it, whatever stands around it.

    Where no piece of a text is such, no habit is counted, and no token is changed without one.
    """
    # Letters alone, and digits alone, are a token's core and are never opened or counted.
    tokens = [token for token in _TOKEN.findall(piece) if not (token.isalpha() or token.isdigit())]
    return any(_open_digits(token) != token or _is_meant(_core(token, shortest=2)) for token in tokens)


def _is_meant(token: str) -> bool:
    return _is_mixed(token) and known(reading_of(token))


def _is_mixed(token: str) -> bool:
    return 2 < len(token) <= 40 and not token.isalpha() and any(char.isalpha() for char in token)


_LEET_SIGN = re.compile(r"[0-9@$!|+(]")


def _open_digits(token: str) -> str:
    """Unless the token looks like a count, a version, a name or a hash."""
    core = _core(token)
    letters = sum(char.isalpha() for char in core)
    others = len(core) - letters
    if not others or len(core) > 40 or others > 2 * letters + 1 or (not letters and core.isdigit()):
        return token
    plain = reading_of(core)
    word = plain if known(plain) else ""
    if not word and plain.isalpha() and squeeze(plain) != plain:
        word = unstretched(plain)
    if not letters and len(word) < 4:
        return token
    if word in HIDDEN_WORDS:
        return token if _NAMED.fullmatch(core) else token.replace(core, word)
    if _COUNT.fullmatch(core) or _HEX.fullmatch(core):
        return token
    if len(word) > 2:
        return token.replace(core, word)
    named = others < 2 or others > letters or not (core[0].isalpha() and core[-1].isalpha())
    return token if named or _STRANGE.search(core) else token.replace(core, plain)


def _open_freely(token: str, *, strong: bool) -> str:
    core = _core(token, shortest=2)
    plain = "a" if core in {"@", "4"} else reading_of(core)
    if core.isalpha() or len(core) > 40 or (core.isdigit() and not strong and plain not in HIDDEN_WORDS):
        return token
    guessed = strong and len(core) > 3 and plain.isalpha() and any(char.isalpha() for char in core)
    return token.replace(core, plain) if core and (known(plain) or guessed) else _open_digits(token)


def _core(token: str, *, shortest: int = 4) -> str:
    """`token` without the signs at its edges that are no letters: "wow!" and "(seen", but "!diot" and "+h3"."""
    core = token.strip("!+|(")
    if core.isalpha() and known(core.lower()) and not (shortest < 4 and "+" in token):
        return core
    if token[0] == "@" and known(token[1:].lower()):
        return token[1:]
    for longer in dict.fromkeys((token.rstrip("!|"), token.lstrip("!|("), token)):
        plain = reading_of(longer)
        if plain in HIDDEN_WORDS or (known(plain) and len(plain) >= shortest and not (core.isalpha() and "(" in token)):
            return longer
    return core
