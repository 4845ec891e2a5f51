"""The file opens in a spreadsheet as it was meant: no formula runs, no id is rounded, no letter is lost."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone

import pytest

from bot.core.csv_file import CsvFile, cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠x"]
)
def test_text_that_begins_like_a_formula_is_text(text: str):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "insult", "rule 2 = be kind", "#general", "'quoted'"])
def test_other_text_stays_as_it_is(text: str):
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        (1042, "1042"),
        (123456789012345678, "'123456789012345678"),
        (0.123456789, "0.123457"),
        (datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2))), "2026-03-01 12:00:00"),
        (["a", 1], '["a", 1]'),
        ({"mode": "act"}, '{"mode": "act"}'),
    ],
)
def test_values_are_written_as_spreadsheets_read_them(value: object, shown: str):
    assert cell(value) == shown


def test_a_file_comes_back_with_every_letter_comma_and_line_break():
    file = CsvFile(["name", "value"], most_rows=10, most_bytes=10_000)
    for value in ('Zoë, "the 2nd"', "two\nlines", "日本"):
        assert file.add({"value": value, "name": 1, "unknown": "left out"})
    assert file.data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))
    assert read == [["name", "value"], ["1", 'Zoë, "the 2nd"'], ["1", "two\nlines"], ["1", "日本"]]


def test_a_full_file_takes_no_row_more_and_no_half_row():
    short = CsvFile(["a"], most_rows=2, most_bytes=1000)
    assert [short.add({"a": 1}) for _ in range(3)] == [True, True, False]
    small = CsvFile(["a"], most_rows=100, most_bytes=20)
    assert [small.add({"a": "12345"}) for _ in range(3)] == [True, True, False]
    assert (small.rows, len(small.data)) == (2, 20)
