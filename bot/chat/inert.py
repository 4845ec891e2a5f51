"""Members' text made harmless: it shows what was written, and nothing of it works.

Markdown, spoiler bars, mentions, custom emoji, timestamps and commands are escaped; links are defanged; characters that
would turn the card's own text around are dropped. The result is one line, so that it needs no escapes for what only
works at the start of a line (headings, lists, quotes).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

ELLIPSIS = "…"
NO_SPACE = "\u200b"
LINE_BREAK = " ⏎ "
MAX_MARKS = 2
"""Combining marks kept after one character; stacks of hundreds would cover the lines around them."""

RESERVE = 6
"""Room kept for the longest last piece: an escaped character that opens and closes a bold word."""

_ESCAPED = frozenset("\\*_~|`<[]")
_HTTP = re.compile(r"http(s?)(?=://)", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?<!hxxp)(?<!hxxps)://")
_HOST = re.compile(r"(?<=://)[^\s/?#]+")
_INVITE = re.compile(r"\b(discord(?:app)?)\.(gg|com)(?=/)", re.IGNORECASE)
_DOT = re.compile(r"(?<!\[)\.")
_DROPPED = dict.fromkeys(
    [*range(0x20), 0x7F, *range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
) | {0x09: " "}
"""Control characters and those that change the direction of writing."""


def inert(text: str, *, limit: int, bold: Collection[str] = ()) -> str:
    """`text` as one harmless line of at most `limit` characters, escapes included, with the words in `bold` set bold.

    A text that is too long is cut around its first bold word, so that what a card is about stays on it.
    """
    plain = _plain(text)
    spans = _spans(plain, bold)
    start = _start(plain, spans, limit)
    return _emit(plain, start, spans, limit)


def plain(text: str, *, limit: int) -> str:
    """`text` as one line for a place where Discord reads no markdown, at most `limit` characters."""
    line = _plain(text)
    return line if len(line) <= limit else line[: limit - 1] + ELLIPSIS


def spoiler(text: str, *, limit: int, bold: Collection[str] = ()) -> str:
    """`text` made inert and hidden until somebody taps it, at most `limit` characters."""
    shown = inert(text, limit=limit - 5, bold=bold)
    # An escaped bar at the end would make one pair with the closing ones.
    return f"||{shown}{NO_SPACE if shown.endswith('|') else ''}||"


def _plain(text: str) -> str:
    lines = (line.translate(_DROPPED).strip() for line in text.splitlines())
    one_line = LINE_BREAK.join(line for line in lines if line)
    return _defanged("".join(_few_marks(one_line)))


def _defanged(line: str) -> str:
    line = _HTTP.sub(lambda scheme: "hxxp" + scheme[1].lower(), _INVITE.sub(r"\1[.]\2", line))
    line = _OTHER_SCHEME.sub("[:]//", line)
    return _HOST.sub(lambda host: _DOT.sub("[.]", host[0]), line)


def _few_marks(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= MAX_MARKS:
            yield character


def _spans(plain: str, bold: Collection[str]) -> list[tuple[int, int]]:
    words = sorted({word for word in bold if word.strip()}, key=len, reverse=True)
    if not words:
        return []
    pattern = "|".join(re.escape(word) for word in words)
    return [match.span() for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", plain, re.IGNORECASE)]


def _start(plain: str, spans: list[tuple[int, int]], limit: int) -> int:
    """Where the shown part begins: at 0, or so that the first bold word lies within it."""
    needed = sum(len(_escaped(character)) for character in plain) + 4 * len(spans)
    if not spans or needed <= limit - RESERVE or spans[0][1] <= limit // 2:
        return 0
    return max(0, spans[0][0] - limit // 4)


def _emit(plain: str, start: int, spans: list[tuple[int, int]], limit: int) -> str:
    opening = {begin: end for begin, end in spans if begin >= start}
    pieces = [ELLIPSIS] if start else []
    used, closes = len(pieces), -1
    for position in range(start, len(plain)):
        piece = _escaped(plain[position])
        if position in opening:
            closes = opening[position]
            piece = "**" + piece
        if position + 1 == closes:
            piece += "**"
        if used + len(piece) > limit - RESERVE and position + 1 < len(plain):
            return "".join(pieces) + ("**" if position < closes and position not in opening else "") + ELLIPSIS
        pieces.append(piece)
        used += len(piece)
    return "".join(pieces)


def _escaped(character: str) -> str:
    if character in _ESCAPED:
        return "\\" + character
    return "@\u200b" if character == "@" else character
