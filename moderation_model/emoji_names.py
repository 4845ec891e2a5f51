"""What an emoji says, in the plain words that a text model knows: names of Unicode made short, and people first.

A model without emoji in its vocabulary learns from these words alone, so a skin tone becomes the word that people mean
by it, symbols of groups name the group, and faces name the feeling. Tones of hands say nothing and go.
"""

from __future__ import annotations

import functools
import re

_MEANING: dict[str, str] = {
    # people
    "woman with headscarf": "muslim woman with headscarf",
    "man wearing turban": "man with turban",
    "woman wearing turban": "woman with turban",
    "person wearing turban": "person with turban",
    "kiss": "couple kissing",
    "kiss woman man": "couple kissing",
    "kiss man man": "gay men kissing",
    "kiss woman woman": "lesbian women kissing",
    "couple with heart": "couple in love",
    "couple with heart woman man": "couple in love",
    "couple with heart man man": "gay couple",
    "couple with heart woman woman": "lesbian couple",
    "breast-feeding": "woman breast-feeding",
    "women’s room": "women",
    "men’s room": "men",
    "female sign": "female",
    "male sign": "male",
    # symbols of groups
    "rainbow flag": "gay pride flag",
    "transgender symbol": "transgender",
    "wheelchair symbol": "disabled",
    "star of David": "jewish star",
    "menorah": "jewish menorah",
    "star and crescent": "muslim crescent",
    "kaaba": "mecca",
    "latin cross": "christian cross",
    "orthodox cross": "christian cross",
    "om": "hindu om",
    "khanda": "sikh symbol",
    "wheel of dharma": "buddhist wheel",
    # things
    "pile of poo": "poo",
    "litter in bin sign": "trash",
    "wastebasket": "trash can",
    "water pistol": "gun",
    "kitchen knife": "knife",
    "heavy dollar sign": "dollar",
    "circled M": "M",
    "heart suit": "heart",
    "hundred points": "100",
    "prohibited": "forbidden",
    # feelings and gestures
    "face with tears of joy": "laughing",
    "rolling on the floor laughing": "laughing hard",
    "grinning squinting face": "laughing",
    "grinning face with sweat": "nervous laugh",
    "loudly crying face": "crying loudly",
    "face vomiting": "vomiting",
    "nauseated face": "disgusted",
    "face with rolling eyes": "rolling eyes",
    "face with symbols on mouth": "swearing",
    "enraged face": "furious",
    "smiling face with heart-eyes": "in love",
    "smiling face with hearts": "feeling loved",
    "face blowing a kiss": "blowing a kiss",
    "winking face": "wink",
    "smirking face": "smirk",
    "upside-down face": "sarcastic smile",
    "lying face": "liar",
    "money-mouth face": "greedy",
    "zipper-mouth face": "silent",
    "zany face": "crazy",
    "exploding head": "mind blown",
    "face screaming in fear": "screaming in fear",
    "unamused face": "not amused",
    "face with medical mask": "face mask",
    "folded hands": "praying hands",
    "clapping hands": "clapping",
    "flexed biceps": "strong arm",
    "oncoming fist": "punch",
    "OK hand": "OK",
}
"""By Unicode's name without its skin tones."""

_TONES = {"dark": "black", "medium-dark": "black", "medium": "brown", "medium-light": "white", "light": "white"}
_TONE = re.compile(r" ?\b(medium-dark|medium-light|dark|medium|light) skin tone\b")
_PEOPLE = re.compile(r"\b(?:wo)?m[ae]n\b|\b(?:person|people|child|boy|girl|baby|couple|kiss|family)\b")
_LIMB = re.compile(
    r"hand|finger|fist|thumb|biceps|\bear\b|\bnose\b|\bleg\b|\bfoot\b|palm|gesture|pointing|nail|selfie|salute|horns"
)
_PLAINER: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^keycap "), ""),
    (re.compile(r"^(\S{1,4}) button(?: \(blood type\))?$"), r"\1"),
    (re.compile(r"^(black|white) .*square.*$"), r"\1 square"),
    (re.compile(r"^family (man man|woman woman) .*$"), r"\1 family"),
    (re.compile(r"^man man family$"), "gay family"),
    (re.compile(r"^woman woman family$"), "lesbian family"),
    (re.compile(r"^family .*$"), "family"),
    (re.compile(r"^(?:man|woman|person) (shrugging|facepalming)$"), r"\1"),
    (re.compile(r"^(man|woman|person) bald$"), r"bald \1"),
    (re.compile(r"^(man|woman|person) (beard|\w+ hair)$"), r"\1 with \2"),
    (re.compile(r"(?: in)? (?:manual|motorized) wheelchair"), " in wheelchair"),
    (re.compile(r" facing right$"), ""),
    (re.compile(r"^globe .*$"), "world"),
    (re.compile(r"^(\w+) face$"), r"\1"),
)
_NOUN = re.compile(r"\b(?:woman|man|person|child)\b")
_PLURALS = {"woman": "women", "man": "men", "person": "people", "child": "children"}


@functools.lru_cache(maxsize=8192)
def plain_name(name: str) -> str:
    """The words for an emoji with this Unicode name: `woman_dark_skin_tone` gives "black woman"."""
    base = name.replace("_", " ")
    tones = list(dict.fromkeys(_TONES[tone] for tone in _TONE.findall(base)))
    base = _TONE.sub("", base).strip()
    if not base:
        return f"{tones[0]} skin"
    limb = _LIMB.search(base) and not _PEOPLE.search(base)
    worn = "headscarf" in base or "turban" in base
    meant = _MEANING.get(base, base)
    if meant == base:
        for pattern, plainer in _PLAINER:
            meant = pattern.sub(plainer, meant)
    if not tones or limb or meant in {"shrugging", "facepalming"} or (worn and tones == ["white"]):
        return meant.replace("’", "'")
    return f"{' and '.join(tones)} {meant}".replace("’", "'")


def plural(words: str) -> str:
    """The words of an emoji that an "s" follows directly: "black woman" gives "black women", "clown" "clowns"."""
    if _NOUN.search(words):
        return _NOUN.sub(lambda noun: _PLURALS[noun[0]], words, count=1)
    return f"{words}s"


_BOXES = dict(zip("🅰🅱🅾🅿Ⓜℹ", "abopmi", strict=True))
_LOOKALIKES = dict(zip("💲©®❌✖❎✝⭕❗❕", "scrxxxtoii", strict=True))
_LETTERS = {**_BOXES, **_LOOKALIKES}
_LETTER_RUN = re.compile(f"(?:[{''.join(_LETTERS)}]\ufe0f?)+")
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")


def letters_in_words(text: str) -> str:
    """`text` with emoji that stand for letters inside words as those letters, and keycaps as their digits."""
    return _LETTER_RUN.sub(_letters, _KEYCAP.sub(r"\1", text))


def _letters(match: re.Match[str]) -> str:
    text, run = match.string, match[0].replace("\ufe0f", "")
    before = text[match.start() - 1 : match.start()].isalpha()
    after = text[match.end() : match.end() + 1].isalpha()
    boxed = set(run) <= set(_BOXES)
    if (before and after) or (boxed and (before or after)) or (after and run[0] == "💲"):
        return "".join(_LETTERS[char] for char in run)
    return match[0]
