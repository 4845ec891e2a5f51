"""From texts to windows of token ids, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer


def open_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of `path` without truncation and padding: windows are cut and padded by us."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def mark(tokenizer: Tokenizer, name: str) -> int:
    """The id of the special token `name`. Raises ValueError if the tokenizer lacks it."""
    number = tokenizer.token_to_id(name)
    if number is None:
        raise ValueError(f"the tokenizer lacks {name}")
    return number


def cut_windows(ids: Sequence[int], room: int, overlap: int) -> list[tuple[int, ...]]:
    """`ids` in parts of at most `room`, each repeating the last `overlap` of the one before; one part for no ids."""
    if len(ids) <= room:
        return [tuple(ids)]
    step = room - overlap
    return [tuple(ids[start : start + room]) for start in range(0, len(ids) - overlap, step)]
