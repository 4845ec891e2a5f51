"""One preparation for training and serving: what no model can read becomes words or goes, the wording stays as it is.

Emoji become their names (one unknown token per emoji would be lost), links, mentions, custom emoji and code become a
plain word, lone surrogates, NUL and other control characters go, runs of combining marks are cut. Linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import emoji

from moderation_model.emoji_names import letters_in_words, plain_name, plural

MAX_MARKS = 2
"""Combining marks kept on one letter: enough for every living script, too few to bury a letter."""

MAX_EMOJI = 100
"""Names of emoji in one text. A name is up to a dozen tokens, and a message of emoji alone would keep the model busy
for seconds; what is left out is wallpaper."""

MASK_WORDS = frozenset({"link", "user", "channel", "emoji", "time", "command", "code"})
"""What `mask` writes where nobody worded anything."""

_MASKS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("](", re.compile(r"\[([^\[\]\n]{1,200})\]\(<?https?://[^\s()<>]{1,500}>?\)"), r" \1 link "),
    ("://", re.compile(r"<?\b(?:https?|ftp)://[^\s<>]+>?", re.IGNORECASE), " link "),
    (".", re.compile(r"\b(?:www\.|discord\.gg/)[^\s<>]+", re.IGNORECASE), " link "),
    ("<@", re.compile(r"<@[!&]?\d{5,25}>"), " @user "),
    ("<#", re.compile(r"<#\d{5,25}>"), " channel "),
    ("<", re.compile(r"<a?:\w{2,32}:\d{5,25}>"), " emoji "),
    ("<t:", re.compile(r"<t:-?\d{1,15}(?::[a-zA-Z])?>"), " time "),
    ("</", re.compile(r"</[\w -]{1,100}:\d{5,25}>"), " command "),
)
"""Something that every match holds, the pattern, and what stands in its place."""
_FENCE = re.compile(r"```(?:([A-Za-z0-9+#.-]{1,15})\n)?(.*?)(?:```|\Z)", re.DOTALL)
_INLINE_CODE = re.compile(r"(?<!`)`([^`\n]{1,300})`(?!`)")
_CODE_SIGNS = re.compile(r"[;{}<>=/\\$|&_#\[\]]|\w\(|--?\w|\d{2,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_EMOJI_RUN = re.compile(r"(\x02[^\x02\x03]{1,100}\x03)(?:\s*\1)+")
_EMOJI = re.compile(r"\x02([^\x02\x03]*)\x03(s\b)?")
_OWN_MARKS = re.compile(r"\[(CLS|SEP|PAD|MASK|UNK)\]")


def prepare(raw: str) -> str:
    """`raw` in the form that the tokenizer gets; empty when nothing is left to score."""
    text = mask(raw)
    if not text.isascii():
        text = emoji_to_words(cut_marks(text))
    # The tokenizer would take these for its own marks: [MASK] hides a word, [SEP] ends the text.
    if "[" in text:
        text = _OWN_MARKS.sub(r" \1 ", text)
    return " ".join(text.split())


def mask(raw: str) -> str:
    """`raw` without control characters, and with one of `MASK_WORDS` for each link, mention, custom emoji and code."""
    text = raw if raw.isprintable() else _CONTROL.sub("", raw)
    if "`" in text:
        text = _INLINE_CODE.sub(_mask_inline, _FENCE.sub(_mask_fence, text))
    for sign, pattern, word in _MASKS:
        if sign in text:
            text = pattern.sub(word, text)
    return text


def emoji_to_words(text: str) -> str:
    """Each emoji as its English name; a run of the same emoji once, at most `MAX_EMOJI` names. Other text is kept."""
    named = in_emoji_runs(letters_in_words(text), lambda run: emoji.demojize(run, delimiters=("\x02", "\x03")))
    if "\x02" not in named:
        return named
    start, *rest = _EMOJI.split(_EMOJI_RUN.sub(r"\1", named))
    parts = [start]
    for number in range(0, len(rest), 3):
        name, ending, following = rest[number : number + 3]
        if number < 3 * MAX_EMOJI:
            words = plain_name(name)
            parts.append(f" {plural(words) if ending else words} ")
        else:
            parts.append(" ")
        parts.append(following)
    return "".join(parts)


def in_emoji_runs(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` applied to each part that may hold emoji: no emoji goes beyond such a part."""
    return _EMOJI_RUNS.sub(lambda match: change(match[0]), text)


_EMOJI_RUNS = re.compile(r"[#*0-9]?(?:[^\w\s\x00-\x7f]|ℹ)+")
"""Emoji are neither ASCII nor letters, but for that one and for the signs on keycaps."""


def cut_marks(text: str) -> str:
    """`text` with at most `MAX_MARKS` combining marks in a row."""
    if not _TOO_MANY_MARKS.search(text):
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} and char != "\ufe0f" else 0
        if run <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


_TOO_MANY_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1}}}")
"""Marks are neither ASCII nor letters, digits or spaces; neither are emoji, so that a match proves nothing."""


def _mask_fence(match: re.Match[str]) -> str:
    """A code block becomes one word; a block without code in it is prose that somebody put between fences."""
    language, body = match[1], match[2]
    return " code " if language or _looks_like_code(body) else f" {body} "


def _mask_inline(match: re.Match[str]) -> str:
    return " code " if _looks_like_code(match[1]) else f" {match[1]} "


def _looks_like_code(body: str) -> bool:
    return len(_CODE_SIGNS.findall(body)) * 3 > len(body.split())
