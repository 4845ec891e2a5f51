"""What no JSON writer, tokenizer or database takes is dropped at the entrance."""

from __future__ import annotations

_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)])


def clean(text: str) -> str:
    """`text` without NUL and lone surrogates."""
    return text.translate(_UNSTORABLE)
