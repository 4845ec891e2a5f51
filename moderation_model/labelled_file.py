"""Reads a file of one's own texts with what is known of them: a .csv with a header, or a .jsonl of objects.

Columns: `text`; any of the six labels (1 or 0, empty where unknown); `stars` (1 to 5); `source`; `identity` (the term
that the text names). No message of an error holds a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation_model.errors import BadRequest
from moderation_model.labels import LABEL_NAMES
from moderation_model.records import number_in, records
from moderation_model.training.dataset import REPORT, Row

COLUMNS = ("text", *LABEL_NAMES, "stars", "source", "identity")
IDENTITY = "identity"
"""The key of `Row.extra` that holds the term."""


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """All rows as part `report`, and notes on what was made of them."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def read_labelled(path: Path) -> LabelledFile:
    """The rows of `path`, in order. BadRequest in one sentence, with the row's number, if it cannot be used.

    Rows are counted from 1 without the header, lines of a .jsonl as they stand. A label between 0 and 1, such as a
    share of annotators, counts as 1 from 0.5 on; a note says how many there were.
    """
    rows: list[Row] = []
    soft = 0
    unused: dict[str, None] = {}
    for number, record in records(path):
        row, softened = _row(f"{path.name}, row {number}", record)
        rows.append(row)
        soft += softened
        unused.update(dict.fromkeys(name for name in record if name not in COLUMNS))
    if not rows:
        raise BadRequest(f"{path.name} holds no rows: it needs at least one text.")
    return LabelledFile(tuple(rows), _notes(rows, soft, list(unused)))


def _notes(rows: list[Row], soft: int, unused: list[str]) -> tuple[str, ...]:
    notes: list[str] = []
    if soft:
        notes.append(f"{soft} labels lie between 0 and 1; those of at least 0.5 count as 1, the others as 0.")
    if not any(row.labels or row.stars for row in rows):
        notes.append("No label and no stars are known, so only shares of flagged texts can be given.")
    if unused:
        notes.append(f"Not used: {', '.join(unused)} (columns that mean something: {', '.join(COLUMNS)}).")
    return tuple(notes)


def _row(where: str, record: Mapping[str, Any]) -> tuple[Row, int]:
    """The row and how many of its labels lie between 0 and 1."""
    text = record.get("text")
    if not isinstance(text, str):
        raise BadRequest(f"{where}, has no text.")
    labels: dict[str, float] = {}
    soft = 0
    for name in LABEL_NAMES:
        value = number_in(record.get(name))
        if value is None:
            continue
        if not 0 <= value <= 1:
            raise BadRequest(f"{where}: {name} must be 0 or 1, or empty where it is not known.")
        labels[name] = float(value >= 0.5)
        soft += value not in (0, 1)
    stars = number_in(record.get("stars"))
    if stars is not None and stars not in (1, 2, 3, 4, 5):
        raise BadRequest(f"{where}: stars must be 1, 2, 3, 4 or 5, or empty where they are not known.")
    source, identity = (str(record.get(name) or "").strip() for name in ("source", IDENTITY))
    row = Row(
        text=text,
        labels=labels,
        stars=tuple(float(star == stars) for star in range(1, 6)) if stars is not None else None,
        weight=1.0,
        source=source or "file",
        group="",
        part=REPORT,
        extra={IDENTITY: identity} if identity else {},
    )
    return row, soft
