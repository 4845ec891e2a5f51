"""Hostile input, made by chance from a seed: texts, values of JSON, and bytes that were damaged on their way."""

from __future__ import annotations

import json
import marshal
import random
from collections.abc import Sequence
from typing import Any

LONGEST = 4000
"""Characters that Discord takes in one message of a member with Nitro."""

PIECES = (
    "hello there", "see you tomorrow", "what an insult", "threat", "you id\u0456ot", "1d10t", "i.d.i.o.t",
    "i d i o t", "st\u200bupid", "STUPID", "st*pid", "sooooo duuuumb", "\uff49\uff44\uff49\uff4f\uff54",
    "\U0001d4f2\U0001d4ed\U0001d4f2\U0001d4f8\U0001d4fd", "\U0001f1ee\U0001f1e9\U0001f1ee\U0001f1f4\U0001f1f9",
    "\U0001f170\U0001f171", "\u24e8\u24de\u24e4", "||", "||spoiler||", "|" * 50, "||a||b||", "`", "```py\nx = 1\n```",
    "\ud800", "\udfff\ud800", "\ud83d", "\udc00", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\r\n", "\n" * 20,
    "\t", " " * 30, "\u202e", "\u2066\u2069", "\u0301" * 40, "e\u0301", "\u0345", "\u1ab0", "\u20dd", "\ufe0f",
    "\u200d", "\u200b" * 9, "\ufeff", "\u00ad", "\u2800", "\U000e0041", "\U0010ffff", "\ue000", "\ufdd0",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "\U0001f602" * 30, "\u0130", "\u00df", "\ufb03", "\u01c5", "\u03a3\u03c2", "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627", "\u4f60\u597d", "\u041f\u0440\u0438\u0432\u0435\u0442",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u1112\u1161\u11ab", "\uac00", "\u0915\u094d\u0937\u093f", "<@123>",
    "<@&9>", "<#5>", "<a:x:1>", "<:id\u0456ot:99>", "<t:0:R>", "</x:1>", "@everyone", "https://a.b/c?d=e#f",
    "http://", "://", "discord.gg/x", "*_*", "\\", "\\\\*", "~~", "__", "# ", "> ", "-# ", "[a](b)", "(" * 30,
    "[" * 30, "{}{0}%s%(x)s", "$" * 9, "\u20ac\u00a5", "%", "'", '"', "'; DROP TABLE cases;--", "=1+1", "+1",
    "@SUM(A1)", "NaN", "null", "true", "1e999", "-0", "\u0663\u0664", "\u00bd", "\u2460", "9" * 40, "a" * 200,
    "A1!" * 40, "\u0131\u017f\u212a", "i want to die", "nobody would miss me if i was gone", "I killed the process",
    "kill yourself", "gg ez",
)  # fmt: skip
"""What has broken programs before, and the hidden spellings that the normaliser opens."""

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308,
    "", " ", "0", "-1", "1e5", "9223372036854775808", "1" * 30, "\u0663", "null", "\x00", "\ud800", [], {}, [[]],
    [None], [{}], {"": None}, {"id": None}, [0] * 50, "a" * 300, "2026-13-45T99:99:99+00:00", "2026-03-01T12:00:00",
    "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00",
)  # fmt: skip
"""Values that stand where another was expected."""

TOKENS = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\r\n", b"\r\n\r\n", b"\n", b":", b",",
    b'"', b"\\", b"\\u", b"\\ud800", b"\\u0000", b"{", b"}", b"[" * 500, b"]", b"null", b"true", b"NaN", b"Infinity",
    b"-", b"1e999", b"9" * 5000, b"%00", b"%2e%2e%2f", b"../", b"//", b"?", b"#", b" ", b"\t",
    b"Content-Length: 99999999999999999999", b"Content-Length: -1", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n",
    b"Expect: 100-continue\r\n", b"HTTP/9.9", b"\x16\x03\x01",
)  # fmt: skip
"""Pieces of bytes that parsers of JSON and HTTP stumble over."""


def chance_of(part: str, seed: int, number: int) -> random.Random:
    """The source of chance of one input: the same for the same three."""
    return random.Random(f"{part}:{seed}:{number}")


def text(chance: random.Random) -> str:
    """A message as nobody would write it; now and then of the greatest length, or any characters at all."""
    kind = chance.random()
    if kind < 0.02:
        return (chance.choice(PIECES) * LONGEST)[: chance.choice((LONGEST, LONGEST - 1, 2000))]
    if kind < 0.12:
        return "".join(
            chr(chance.randrange(chance.choice((0x80, 0x800, 0x10000, 0x110000)))) for _ in range(chance.randrange(40))
        )
    joined = chance.choice(("", " ", " ", "\u200b", "\n", "."))
    said = joined.join(chance.choice(PIECES) for _ in range(chance.randrange(1, 8)))
    if kind < 0.3 and said:
        at = chance.randrange(len(said))
        said = said[:at] + chr(chance.randrange(0x110000)) + said[at + chance.randrange(3) :]
    return said[:LONGEST]


def spoiled_value(chance: random.Random, value: Any, *, changes: int | None = None) -> Any:
    """A copy of `value` (as JSON has it) in which a few places hold something else, or nothing, or too much."""
    found = _copy(value)
    for _ in range(changes or chance.choice((1, 1, 1, 2, 3, 6))):
        found = _spoil(chance, found)
    return found


def _copy(value: Any) -> Any:
    """A copy of what JSON can hold. `copy.deepcopy` gives up where lists lie four hundred deep in each other twice."""
    return marshal.loads(marshal.dumps(value))


def _spoil(chance: random.Random, value: Any) -> Any:
    places = list(_places(value))
    if not places:
        return _strange(chance)
    holder, key = chance.choice(places)
    kind = chance.random()
    if kind < 0.2:
        del holder[key]
    elif kind < 0.3 and isinstance(holder, list):
        holder += [_copy(holder[key])] * chance.choice((1, 2, 30))
    elif kind < 0.36:
        holder[key] = [holder[key]]
    elif kind < 0.42:
        holder[key] = _other_type(holder[key])
    elif kind < 0.48:
        holder[key] = _copy(chance.choice(places)[0])
    elif kind < 0.5:
        holder[key] = _deep(chance.choice((5, 50, 400)))
    else:
        holder[key] = _strange(chance)
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 2000:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def _strange(chance: random.Random) -> Any:
    return text(chance) if chance.random() < 0.25 else _copy(chance.choice(STRANGE))


def _other_type(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 30 else [value]
    return str(value) if isinstance(value, int | float) else json.dumps(value)[:200]


def _deep(levels: int) -> Any:
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


def spoiled_bytes(chance: random.Random, raw: bytes, others: Sequence[bytes] = ()) -> bytes:
    """`raw` with a few bytes changed, lost, doubled or put in; or joined with the end of another."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        kind = chance.random()
        if kind < 0.25 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind < 0.4 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind < 0.55:
            del data[at : at + chance.choice((1, 1, 2, 10, 100))]
        elif kind < 0.65:
            data[at:at] = data[at : at + chance.choice((1, 5, 50))]
        elif kind < 0.9:
            data[at:at] = chance.choice(TOKENS)
        elif kind < 0.95 and others:
            other = chance.choice(others)
            data[at:] = other[chance.randrange(len(other) + 1) :]
        else:
            del data[at:]
    return bytes(data)
