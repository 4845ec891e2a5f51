"""How members hide what they write: one function per kind of evasion, for the checks, evaluation and augmentation.

Each takes a plain text and a seeded random and gives the text as a determined member would write it: still readable to
a person, every time another way. Links and mentions in the text are not spared: callers pass prose.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from moderation_model.lexicon import HIDDEN_WORDS

_WORD = re.compile("[A-Za-z]+")
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u200e\u2063\u034f\ufe0f\U000e0061"
_MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0315\u031b\u0321\u0323\u0327\u032e\u0334\u0335\u0336\u0337\u0338\u0489"


def _pairs(shapes: str) -> dict[str, str]:
    """Groups of a letter and its stand-ins, parted by spaces, as a table."""
    return {group[0]: group[1:] for group in shapes.split()}


_TWINS = _pairs(
    "aаɑα bЬƅ cсϲ dԁ eеҽ gɡց hһհ iіιı jјϳ kкκ lӏⅼ mм nոп oоοօ pрρ qԛ rг sѕ tт uս vѵν wԝω xхχ yуγ zᴢ"
    " AАΑ BВΒ CС EЕΕ HНΗ IІΙ JЈ KКΚ MМΜ NΝ OОΟ PРΡ SЅ TТΤ XХΧ YУΥ ZΖ"
)
_DIGITS = _pairs("a4@ b8 c( e3 g9 i1! l1| o0 s5$ t7+ z2")
_ALPHABETS = (0x1D400, 0x1D434, 0x1D468, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D63C, 0x1D670)
_HOLED = (0x1D49C, 0x1D504, 0x1D538)
"""First capitals of 26 capitals and 26 small letters: bold, italic, script, fraktur, sans-serif, monospace; then the
light script, fraktur and double-struck alphabets, of which Unicode keeps some letters elsewhere."""
_ELSEWHERE = str.maketrans(
    "\U0001d455\U0001d49d\U0001d4a0\U0001d4a1\U0001d4a3\U0001d4a4\U0001d4a7\U0001d4a8\U0001d4ad\U0001d4ba\U0001d4bc"
    "\U0001d4c4\U0001d506\U0001d50b\U0001d50c\U0001d515\U0001d51d\U0001d53a\U0001d53f\U0001d545\U0001d547\U0001d548"
    "\U0001d549\U0001d551",
    "ℎℬℰℱℋℐℒℳℛℯℊℴℭℌℑℜℨℂℍℕℙℚℝℤ",
)


def zero_width(text: str, chance: random.Random) -> str:
    """Invisible characters between the letters."""
    sign = chance.choice(_ZERO_WIDTH)
    rate = chance.choice((0.3, 0.6, 1.0))
    return _inside(text, lambda left: left + (sign if chance.random() < rate else ""))


def combining_marks(text: str, chance: random.Random) -> str:
    """One to five accents and strokes on most letters."""
    depth = chance.choice((1, 1, 2, 5))
    rate = chance.choice((0.5, 1.0))
    return _letters(
        text, lambda char: char + "".join(chance.choices(_MARKS, k=depth)) if chance.random() < rate else char
    )


def homoglyph(text: str, chance: random.Random) -> str:
    """Cyrillic, Greek and Armenian twins for Latin letters."""
    rate = chance.choice((0.3, 0.6, 1.0))
    return _letters(text, lambda char: chance.choice(_TWINS.get(char, char)) if chance.random() < rate else char)


def mathematical(text: str, chance: random.Random) -> str:
    """Bold, italic, script, fraktur, double-struck or monospace letters of the mathematical block."""
    first = chance.choice(_ALPHABETS + _HOLED)

    def write(char: str) -> str:
        return chr(first + ord(char) - (ord("A") if char.isupper() else ord("a") - 26))

    return _letters(text, write).translate(_ELSEWHERE)


def full_width(text: str, chance: random.Random) -> str:
    """Letters, digits and signs of double width, with narrow or wide spaces."""
    space = chance.choice((" ", "\u3000"))
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
    return wide.replace(" ", space)


def leet(text: str, chance: random.Random) -> str:
    """Digits and signs that look like letters, for some or for all of them."""
    rate = chance.choice((0.4, 0.7, 1.0))
    return _letters(
        text, lambda char: chance.choice(_DIGITS.get(char.lower(), char)) if chance.random() < rate else char
    )


def censoring_stars(text: str, chance: random.Random) -> str:
    """Stars in place of inner letters of rude and long words: of one vowel, of several, or of all but the edges."""
    star = chance.choice("****#-_")
    style = chance.choice(("vowel", "vowel", "vowels", "inner"))

    def hide(word: str) -> str:
        inner = range(1, len(word) - 1)
        spots = [spot for spot in inner if word[spot].lower() in "aeiou"] or list(inner)[:1]
        chosen = {"vowel": spots[:1], "vowels": spots, "inner": list(inner) if len(word) < 7 else spots}[style]
        return "".join(star if spot in chosen else char for spot, char in enumerate(word))

    return _chosen(text, hide)


def spaced(text: str, chance: random.Random) -> str:
    """Every letter apart, with wider gaps between words or with the same gap everywhere."""
    gap = chance.choice((" ", "   ", "  "))
    return gap.join(" ".join(word) for word in text.split())


def dotted(text: str, chance: random.Random) -> str:
    """Dots, dashes or other small signs between the letters of each word."""
    sign = chance.choice("...-_,*/")
    return _WORD.sub(lambda match: sign.join(match[0]), text)


def stretched(text: str, chance: random.Random) -> str:
    """One or more letters of each longer word three to six times."""
    every = chance.random() < 0.2

    def stretch(word: str) -> str:
        spots = range(len(word)) if every else chance.sample(range(len(word)), k=chance.choice((1, 1, 2)))
        return "".join(char * (chance.randint(3, 6) if spot in spots else 1) for spot, char in enumerate(word))

    return _WORD.sub(lambda match: stretch(match[0]) if len(match[0]) > 2 else match[0], text)


def spoiler_split(text: str, chance: random.Random) -> str:
    """Spoiler bars through the words, once or between all letters."""
    if chance.random() < 0.2:
        return _chosen(text, "||".join)
    return _chosen(text, lambda word: _around(word, "||", chance))


def markdown_split(text: str, chance: random.Random) -> str:
    """Bold, italic, underline, strike-through or code marks through the words."""
    mark = chance.choice(("**", "*", "__", "_", "~~", "`"))
    return _chosen(text, lambda word: _around(word, mark, chance))


def backslash_split(text: str, chance: random.Random) -> str:
    """Backslashes, which the chat does not show, inside the words: one, or before each letter."""
    if chance.random() < 0.3:
        return _chosen(text, lambda word: "".join("\\" + char for char in word))
    return _chosen(text, lambda word: _cut(word, "\\", chance))


def newline_split(text: str, chance: random.Random) -> str:
    """Line ends between the letters of the whole text, or inside its words."""
    style = chance.choice(("letters", "inside", "inside"))
    if style == "letters":
        return "\n\n".join("\n".join(word) for word in text.split())
    return _chosen(text, lambda word: _cut(word, "\n", chance))


KINDS: Mapping[str, Callable[[str, random.Random], str]] = {
    kind.__name__: kind
    for kind in (
        zero_width,
        combining_marks,
        homoglyph,
        mathematical,
        full_width,
        leet,
        censoring_stars,
        spaced,
        dotted,
        stretched,
        spoiler_split,
        markdown_split,
        backslash_split,
        newline_split,
    )
}
"""Every kind by name."""


def _letters(text: str, write: Callable[[str], str]) -> str:
    return "".join(write(char) if char.isascii() and char.isalpha() else char for char in text)


def _inside(text: str, after: Callable[[str], str]) -> str:
    """`text` with `after` applied to each letter that another letter follows."""
    return re.sub(r"[A-Za-z](?=[A-Za-z])", lambda match: after(match[0]), text)


def _chosen(text: str, hide: Callable[[str], str]) -> str:
    """`text` with its rude and long words hidden; with its longest word, if there are none."""
    words = [word for word in _WORD.findall(text) if len(word) > 2]
    wanted = {word for word in words if word.lower() in HIDDEN_WORDS or len(word) > 4}
    if not wanted and words:
        wanted = {max(words, key=len)}
    return _WORD.sub(lambda match: hide(match[0]) if match[0] in wanted else match[0], text)


def _cut(word: str, sign: str, chance: random.Random) -> str:
    """`word` with `sign` at one or two places inside it."""
    places = sorted(chance.sample(range(1, len(word)), k=min(len(word) - 1, chance.choice((1, 1, 2)))), reverse=True)
    for place in places:
        word = word[:place] + sign + word[place:]
    return word


def _around(word: str, mark: str, chance: random.Random) -> str:
    """`word` with a pair of marks around a part of it that is not the whole."""
    start = chance.randrange(0, len(word) - 1)
    end = chance.randrange(start + 1, len(word) if start == 0 else len(word) + 1)
    return word[:start] + mark + word[start:end] + mark + word[end:]
