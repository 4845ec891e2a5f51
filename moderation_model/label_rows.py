"""Labels from a file to learn from: a .csv or .jsonl with `text` and any of the labels as 1, 0 or empty.

`candor labels import` and `candor-model train --labels` read it. No message of an error holds a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation_model.cleaning import clean
from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.records import TEXT, number_in, records

MOST_ROWS = 100_000
LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One text, cleaned, with its known labels (0 or 1; there may be none). `number`: of the row in its file."""

    number: int
    text: str = field(repr=False)
    labels: Mapping[str, float]


def read_label_rows(path: Path) -> list[LabelRow]:
    """All rows in order, at least one. Raises BadRequest with one sentence that names the row."""
    rows = list(_rows(path))
    if not rows:
        raise BadRequest(f"{path.name} holds no rows: it needs at least one text.")
    return rows


def _rows(path: Path) -> Iterator[LabelRow]:
    for number, record in records(path):
        if number > MOST_ROWS:
            raise BadRequest(f"{path.name} has over {MOST_ROWS:,} rows: split it.")
        if path.suffix.lower() == ".csv" and not set(record) & set(LABEL_NAMES):
            raise BadRequest(f"{path.name} has no column of a label: name at least one of {', '.join(LABEL_NAMES)}.")
        yield _row(number, f"{path.name}, row {number}", record)


def _row(number: int, where: str, record: Mapping[str, Any]) -> LabelRow:
    text = record.get(TEXT)
    if not isinstance(text, str) or not clean(text).strip():
        raise BadRequest(f"{where}, has no text.")
    if len(text) > LONGEST_TEXT:
        raise BadRequest(f"{where}: a text has at most {LONGEST_TEXT:,} characters.")
    labels: dict[str, float] = {}
    for name in LABEL_NAMES:
        value = number_in(record.get(name))
        if value not in (None, 0.0, 1.0):
            raise BadRequest(f"{where}: {name} must be 0 or 1, or empty where it is not known.")
        if value is not None:
            labels[name] = value
    return LabelRow(number, clean(text), labels)
