"""Files of one's own texts: what is read, what is refused, and that no refusal repeats a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation_model.errors import BadRequest
from moderation_model.labelled_file import read_labelled


def write(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n" if lines else "", encoding)
    return path


def test_a_csv_may_have_a_byte_order_mark_and_texts_such_as_na(tmp_path: Path) -> None:
    path = write(tmp_path, "chat.csv", "text,toxic,threat,stars", "NA,1,,", "null,0,1,5", encoding="utf-8-sig")
    read = read_labelled(path)
    assert [(each.text, each.labels, each.stars) for each in read.rows] == [
        ("NA", {"toxic": 1.0}, None),
        ("null", {"toxic": 0.0, "threat": 1.0}, (0.0, 0.0, 0.0, 0.0, 1.0)),
    ]
    assert read.notes == ()


def test_a_jsonl_file_reads_the_same(tmp_path: Path) -> None:
    objects = [{"text": "NA", "toxic": 1, "source": "game", "identity": "gay"}, {"text": "", "toxic": None, "stars": 3}]
    rows = read_labelled(write(tmp_path, "chat.jsonl", *map(json.dumps, objects), "")).rows
    assert [(each.source, each.labels, dict(each.extra)) for each in rows] == [
        ("game", {"toxic": 1.0}, {"identity": "gay"}),
        ("file", {}, {}),
    ]
    assert rows[1].stars == (0.0, 0.0, 1.0, 0.0, 0.0)


def test_soft_labels_are_rounded_and_counted_and_unknown_columns_named(tmp_path: Path) -> None:
    read = read_labelled(write(tmp_path, "chat.csv", "text,toxic,toxicity", "a,0.5,1", "b,0.4,1", "c,1.0,1"))
    assert [each.labels["toxic"] for each in read.rows] == [1.0, 0.0, 1.0]
    assert read.notes[0].startswith("2 labels lie between 0 and 1")
    assert "toxicity" in read.notes[1]


BAD_FILES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "empty": ("a.csv", (), "holds no rows"),
    "header only": ("a.csv", ("text,toxic",), "holds no rows"),
    "no text column": ("a.csv", ("message,toxic", "secret,1"), "no column called text"),
    "bad label": ("a.csv", ("text,toxic", "secret,1", "secret,maybe"), "row 2: toxic must be 0 or 1"),
    "label out of range": ("a.jsonl", ('{"text": "secret", "threat": 2}',), "row 1: threat must be 0 or 1"),
    "bad stars": ("a.csv", ("text,stars", "secret,6"), "row 1: stars must be"),
    "stars between": ("a.jsonl", ('{"text": "secret", "stars": 2.5}',), "row 1: stars must be"),
    "text in two cells": ("a.csv", ("text,toxic", "secret, very,1"), "row 1, has 3 cells and the header 2"),
    "open quote": ("a.csv", ("text,toxic", '"secret,1'), "row 1, is no CSV"),
    "no JSON": ("a.jsonl", ('{"text": "a"}', "secret"), "row 2, is no JSON"),
    "no object": ("a.jsonl", ('["secret"]',), "row 1, is no JSON object"),
    "text is a number": ("a.jsonl", ('{"text": 5}',), "row 1, has no text"),
    "other kind": ("a.txt", ("secret",), "neither a .csv nor a .jsonl"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused_with_its_row_and_without_its_text(case: str, tmp_path: Path) -> None:
    name, lines, words = BAD_FILES[case]
    with pytest.raises(BadRequest) as caught:
        read_labelled(write(tmp_path, name, *lines))
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        read_labelled(write(tmp_path, "a.csv", "text", "größer", encoding="latin-1"))
    with pytest.raises(BadRequest, match="no file"):
        read_labelled(tmp_path / "none.csv")
