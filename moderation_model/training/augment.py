"""Training texts written otherwise: misspelt, hidden as evaders do, translated there and back, or joined with others.

A variant keeps what its row is known to be: labels, stars, weight, group and part. The draw depends on the seed and the
text alone, so the same rows give the same variants in any order. Joined rows say what both of their texts say.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from moderation_model.checks.evasion import KINDS
from moderation_model.contract import NORMALISED
from moderation_model.normalise import readings
from moderation_model.prepare import prepare

if TYPE_CHECKING:
    from moderation_model.training.dataset import Row, Translate

TRAIN = "train"
LONGEST_EVADED = 400
"""Characters. Nobody spells out an essay letter by letter, and every letter would cost a token."""
AS_EVADED_SHARE = 0.25
"""Of the evaded variants: shown as the member wrote it; the others as the normaliser leaves it."""
JOINED = "joined"
LONGEST_JOINED = 160
"""Characters of each text that is joined with others."""
_JOINTS = (" ", " ", ". ", ", ", "\n", "... ", " and ", " - ")
TRANSLATED_SHARE = 1 / 3
"""Of all variants, if there is a translator; the rest is half misspelt, half evaded."""


def augmented(rows: Sequence[Row], *, share: float, seed: int, translate: Translate | None = None) -> list[Row]:
    """The variants alone: one each for `share` (0 to 1) of the rows of the part `train`, in the order of the rows.

    A variant that reads like its origin is left out, so there may be a few less. With `translate`, which gets texts of
    at most `LONGEST_EVADED` characters, translated variants stand at the end.
    """
    variants: list[Row] = []
    to_translate: list[Row] = []
    for row in rows:
        chance = random.Random(f"{seed}|{row.source}|{row.text}")
        if row.part != TRAIN or chance.random() >= share:
            continue
        short = len(row.text) <= LONGEST_EVADED
        if translate and short and chance.random() < TRANSLATED_SHARE:
            to_translate.append(row)
        else:
            shown = _shown(row.text, chance) if short and chance.random() < 0.5 else ""
            variants += _variant(row, shown or prepare(misspell(row.text, chance)))
    if translate and to_translate:
        texts = translate([row.text for row in to_translate])
        for row, text in zip(to_translate, texts, strict=True):
            variants += _variant(row, prepare(text))
    return variants


def joined(rows: Sequence[Row], *, share: float, seed: int) -> list[Row]:
    """New rows for `share` of the short rows of the part `train`: each text with one or two harmless ones around it.

    Much of the data is one sentence a row, and abuse in chat is often one clause among others. A label is 1 if one of
    the texts has it, 0 if none has it, else unknown; stars are unknown, a row weighs as much as its lightest text.
    """
    short = [row for row in rows if row.part == TRAIN and row.labels and len(row.text) <= LONGEST_JOINED]
    short.sort(key=lambda row: (row.text, row.source))
    harmless = [row for row in short if row.labels.get("toxic") == 0 and not any(row.labels.values())]
    if not harmless:
        return []
    found: list[Row] = []
    for row in short:
        chance = random.Random(f"{seed}|joined|{row.source}|{row.text}")
        if chance.random() >= share:
            continue
        parts = [row, *(chance.choice(harmless) for _ in range(1 if chance.random() < 0.6 else 2))]
        chance.shuffle(parts)
        text = chance.choice(_JOINTS).join(part.text.strip() for part in parts)
        labels = {
            name: max(part.labels.get(name, 0.0) for part in parts)
            for name in row.labels
            if row.labels[name] or all(name in part.labels for part in parts)
        }
        weight = min(part.weight for part in parts)
        found.append(dataclasses.replace(row, text=text, labels=labels, stars=None, weight=weight, source=JOINED))
    return found


def _variant(row: Row, text: str) -> list[Row]:
    """`row` with this text; nothing if the text is empty or says the same with other spaces and capitals."""
    return [dataclasses.replace(row, text=text)] if text and _key(text) != _key(row.text) else []


def _key(text: str) -> str:
    return "".join(text.lower().split())


def evade(text: str, chance: random.Random) -> str:
    """`text` hidden in one of the ways of `checks.evasion`."""
    return KINDS[chance.choice(list(KINDS))](text, chance)


def misspell(text: str, chance: random.Random) -> str:
    """`text` as somebody in a hurry writes it: slang, typing slips, missing apostrophes, another case."""
    if chance.random() < 0.6:
        text = _SHORTENED.sub(lambda match: _shorten(match, chance), text)
    if chance.random() < 0.5:
        text = re.sub(r"(?<=[A-Za-z])['’](?=[A-Za-z])", "", text)
    rate = chance.choice((0.05, 0.1, 0.2))
    slipped = _LONG_WORD.sub(lambda match: _slip(match[0], chance) if chance.random() < rate else match[0], text)
    if slipped == text and (words := list(_LONG_WORD.finditer(text))):
        word = chance.choice(words)
        slipped = text[: word.start()] + _slip(word[0], chance) + text[word.end() :]
    return _recase(slipped, chance)


def _shown(text: str, chance: random.Random) -> str:
    """What the model would see of an evaded text: mostly its normalised reading, with the residue that is left.

    Empty if the normaliser undid every try: the text itself is in the training part already.
    """
    for _ in range(4):
        found = readings(evade(text, chance))
        as_written = found[0].text
        if as_written.isascii() and chance.random() < AS_EVADED_SHARE:
            return as_written
        shown = next((reading.text for reading in found if reading.name == NORMALISED), as_written)
        if _key(shown) != _key(text):
            return shown
    return ""


_SLANG: dict[str, tuple[str, ...]] = {
    "you are": ("ur", "u r", "youre"),
    "you're": ("ur", "youre", "your"),
    "your": ("ur", "yo"),
    "you": ("u", "ya", "yu"),
    "yourself": ("urself", "yaself"),
    "are": ("r",),
    "people": ("ppl", "peeps"),
    "please": ("pls", "plz"),
    "because": ("cuz", "bc", "coz"),
    "though": ("tho",),
    "through": ("thru",),
    "something": ("smth", "sumthin"),
    "nothing": ("nothin", "nuthin"),
    "everyone": ("every1", "evry1"),
    "someone": ("sum1", "some1"),
    "anyone": ("any1",),
    "before": ("b4",),
    "going to": ("gonna", "gunna"),
    "want to": ("wanna",),
    "got to": ("gotta",),
    "have to": ("hafta",),
    "trying to": ("tryna",),
    "kind of": ("kinda",),
    "out of": ("outta",),
    "i am": ("im",),
    "do not": ("dont",),
    "don't know": ("dunno",),
    "i don't know": ("idk",),
    "isn't": ("aint", "isnt"),
    "what": ("wat", "wut"),
    "why": ("y",),
    "the": ("teh", "da"),
    "this": ("dis",),
    "that": ("dat",),
    "them": ("em",),
    "with": ("wit", "w"),
    "really": ("rly", "rlly"),
    "right now": ("rn",),
    "thanks": ("thx", "ty"),
    "love": ("luv",),
    "should": ("shud",),
    "would": ("wud",),
    "could": ("cud",),
    "and": ("n", "nd"),
    "for": ("4",),
    "to": ("2",),
    "what the fuck": ("wtf",),
    "shut the fuck up": ("stfu",),
    "kill yourself": ("kys",),
    "as fuck": ("af",),
    "fucking": ("fkn", "fkin", "fuckin"),
    "fuck": ("fk", "fuk"),
    "shit": ("sht", "shyt"),
    "bitch": ("bich", "biatch"),
    "stupid": ("stoopid", "stpid"),
    "idiot": ("idjit", "ideot"),
}
"""How chat shortens and respells common words."""
_SHORTENED = re.compile(
    r"\b(?:" + "|".join(re.escape(words) for words in sorted(_SLANG, key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)


def _shorten(match: re.Match[str], chance: random.Random) -> str:
    if chance.random() < 0.5:
        return match[0]
    return chance.choice(_SLANG.get(match[0].lower(), (match[0],)))


_LONG_WORD = re.compile(r"[A-Za-z]{4,}")
_SOUNDS = (("ph", "f"), ("ck", "k"), ("igh", "i"), ("ing", "in"), ("ea", "ee"), ("er", "a"), ("qu", "kw"), ("x", "ks"))
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """The keys next to each key, on its row and on the rows above and below."""
    found: dict[str, str] = {}
    for line, keys in enumerate(_ROWS):
        for place, key in enumerate(keys):
            near = [keys[max(0, place - 1) : place], keys[place + 1 : place + 2]]
            near += [other[max(0, place - 1) : place + 1] for other in _ROWS[max(0, line - 1) : line]]
            near += [other[place : place + 2] for other in _ROWS[line + 1 : line + 2]]
            found[key] = "".join(near)
    return found


_NEAR = _neighbours()


def _slip(word: str, chance: random.Random) -> str:
    """`word` with one slip: a neighbouring key, two letters swapped, one lost or doubled, or spelt by its sound."""
    place = chance.randrange(1, len(word) - 1)
    head, char, tail = word[:place], word[place], word[place + 1 :]
    kind = chance.choice(("near", "swap", "drop", "double", "sound"))
    if kind == "near":
        return head + chance.choice(_NEAR[char.lower()]) + tail
    if kind == "swap":
        return head + tail[0] + char + tail[1:]
    if kind == "double":
        return head + char + char + tail
    if kind == "sound":
        for written, heard in _SOUNDS:
            if written in word:
                return word.replace(written, heard, 1)
    return head + tail


def _recase(text: str, chance: random.Random) -> str:
    style = chance.random()
    if style < 0.35:
        return text.lower()
    if style < 0.42:
        return text.upper()
    if style < 0.6:
        return text.lower().rstrip(".").replace(",", "")
    return text
