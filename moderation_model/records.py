"""Rows of a file of texts, as dictionaries: a .csv with a header that names `text`, or a .jsonl of objects.

No message of an error holds a text.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from moderation_model.errors import BadRequest

TEXT = "text"
BIGGEST_CELL = 10_000_000


def records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each row with its number. Rows of a .csv are counted from 1 without the header, lines of a .jsonl as they stand;
    empty ones are passed over. Raises BadRequest in one sentence, with the row's number, for what cannot be read.
    """
    readers = {".csv": _csv, ".jsonl": _jsonl}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadRequest(f"{path.name} is neither a .csv nor a .jsonl file: write one row or one JSON object a text.")
    try:
        yield from reader(path)
    except FileNotFoundError:
        raise BadRequest(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path.name} is not written in UTF-8: save it as UTF-8.") from None
    except OSError as error:
        raise BadRequest(f"{path.name} cannot be read: {error.strerror}.") from error


def number_in(value: Any) -> float | None:
    """The number in a cell, None in an empty one, NaN (which fits no range) in one that holds something else."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Cells as plain strings: chat lines such as "NA" are text. A byte order mark is no part of the first name."""
    csv.field_size_limit(BIGGEST_CELL)
    number = 0
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.reader(handle, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            if header and TEXT not in header:
                raise BadRequest(f"{path.name} has no column called {TEXT}: the first line names the columns.")
            for cells in reader:
                number += 1
                if cells and len(cells) != len(header):
                    raise BadRequest(
                        f"{path.name}, row {number}, has {len(cells)} cells and the header {len(header)}: put quotes "
                        "around texts that hold commas or line ends."
                    )
                if cells:
                    yield number, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise BadRequest(f"{path.name}, row {number + 1}, is no CSV: {error}.") from error


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
                raise BadRequest(
                    f'{path.name}, row {number}, is no JSON object such as {{"text": "..."}}: write one object a line.'
                )
            yield number, record
