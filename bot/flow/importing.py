"""Labels from a file: a .csv with a header, or a .jsonl of objects; `text` and any of the labels, 1, 0 or empty.

No message of an error holds a text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.core.events import clean
from bot.core.lessons import NewLesson
from bot.errors import BotError
from bot.store.lessons import LessonStore
from moderation_model.labels import LABEL_NAMES

TEXT = "text"
MOST_ROWS = 100_000
LONGEST_TEXT = 4000
BIGGEST_CELL = 10_000_000
OPERATOR = 0
"""Who stands behind rows that came in a file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`new` of `rows` are kept; `known` were there before; `unlabelled` have no label and teach nothing."""

    rows: int
    new: int
    unlabelled: int

    @property
    def known(self) -> int:
        """Rows whose text was there before, in the file or in the database."""
        return self.rows - self.new - self.unlabelled

    @property
    def sentence(self) -> str:
        """For the operator."""
        said = f"{self.new:,} examples are new and teach from the next run on."
        said += f" {self.known:,} were there before." if self.known else ""
        return said + (f" {self.unlabelled:,} have no label and are left out." if self.unlabelled else "")


async def import_labels(path: Path, *, guild_id: int, lessons: LessonStore, at: datetime) -> Imported:
    """Keep the rows as imported examples of that guild. Raises BotError with one sentence that names the row; then
    nothing was kept. Raises StoreUnavailable.
    """
    rows = list(read_rows(path))
    if not rows:
        raise BotError(f"{path.name} holds no rows: it needs at least one text.")
    new = [
        NewLesson(guild_id, "imported", text, labels, made_by=OPERATOR, made_at=at) for text, labels in rows if labels
    ]
    return Imported(len(rows), await lessons.add(new), sum(not labels for _, labels in rows))


def read_rows(path: Path) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Text and known labels, row by row. Raises BotError."""
    readers = {".csv": _csv, ".jsonl": _jsonl}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BotError(f"{path.name} is neither a .csv nor a .jsonl file: write one row or one JSON object a text.")
    try:
        for number, record in reader(path):
            if number > MOST_ROWS:
                raise BotError(f"{path.name} has over {MOST_ROWS:,} rows: split it.")
            yield _row(f"{path.name}, row {number}", record)
    except FileNotFoundError:
        raise BotError(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise BotError(f"{path.name} is not written in UTF-8: save it as UTF-8.") from None
    except OSError as error:
        raise BotError(f"{path.name} cannot be read: {error.strerror}.") from error


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Cells as plain strings: chat lines such as "NA" are text. Rows are counted without the header."""
    csv.field_size_limit(BIGGEST_CELL)
    number = 0
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.reader(handle, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_columns(path, header)
            for cells in reader:
                number += 1
                if cells and len(cells) != len(header):
                    raise BotError(
                        f"{path.name}, row {number}, has {len(cells)} cells and the header {len(header)}: put quotes "
                        "around texts that hold commas or line ends."
                    )
                if cells:
                    yield number, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise BotError(f"{path.name}, row {number + 1}, is no CSV: {error}.") from error


def _check_columns(path: Path, header: list[str]) -> None:
    if TEXT not in header:
        raise BotError(f"{path.name} has no column called {TEXT}: the first line names the columns.")
    if not set(header) & set(LABEL_NAMES):
        raise BotError(f"{path.name} has no column of a label: name at least one of {', '.join(LABEL_NAMES)}.")


def _jsonl(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig") as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                raise BotError(f'{path.name}, row {number}, is no JSON object such as {{"text": "...", "insult": 1}}.')
            yield number, record


def _row(where: str, record: Mapping[str, Any]) -> tuple[str, Mapping[str, float]]:
    text = record.get(TEXT)
    if not isinstance(text, str) or not clean(text).strip():
        raise BotError(f"{where}, has no text.")
    if len(text) > LONGEST_TEXT:
        raise BotError(f"{where}: a text has at most {LONGEST_TEXT:,} characters.")
    labels: dict[str, float] = {}
    for name in LABEL_NAMES:
        value = _label(record.get(name))
        if value not in (None, 0.0, 1.0):
            raise BotError(f"{where}: {name} must be 0 or 1, or empty where it is not known.")
        if value is not None:
            labels[name] = value
    return clean(text), labels


def _label(value: Any) -> float | None:
    """The number in a cell, None in an empty one, -1 for what is no number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return -1.0
