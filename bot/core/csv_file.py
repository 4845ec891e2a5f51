"""A CSV file that spreadsheets open unharmed: UTF-8 with a byte order mark, which Excel needs to read it as UTF-8.

No cell is taken for a formula (CWE-1236): text that begins like one gets an apostrophe before it. Whole numbers of more
than 15 digits get one, too, since spreadsheets would round them; Discord's ids are such.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With what a formula begins; the last four are the same signs in full width."""
CONTROL = ("\t", "\r", "\n")
EXACT = 10**15
"""Spreadsheets keep whole numbers below this as they are."""
MARK = b"\xef\xbb\xbf"


def cell(value: object) -> str:
    """The value as it stands in the file. Times are UTC, as spreadsheets read them; lists are JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < EXACT else f"'{value}"
        case float():
            return f"{value:.6g}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        case str():
            return f"'{value}" if value.startswith(CONTROL) or value.lstrip().startswith(FORMULA) else value
        case _:
            return cell(json.dumps(value, ensure_ascii=False))


class CsvFile:
    """Rows of the same `columns`, at most `most_rows` and `most_bytes`. `rows`: how many there are."""

    def __init__(self, columns: Sequence[str], *, most_rows: int, most_bytes: int) -> None:
        self._columns = columns
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._out = io.BytesIO()
        self.rows = 0
        self._out.write(MARK + _line(columns))

    def add(self, row: Mapping[str, object]) -> bool:
        """Write the row, its values in the order of the columns; False if it has no room any more."""
        line = _line([cell(row.get(column)) for column in self._columns])
        if self.rows >= self._most_rows or self._out.tell() + len(line) > self._most_bytes:
            return False
        self._out.write(line)
        self.rows += 1
        return True

    @property
    def data(self) -> bytes:
        """The file."""
        return self._out.getvalue()


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
