"""`candor labels import`: what is kept of a file, and one sentence for a file that cannot be used."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import build_cli
from bot.config import Settings
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.lessons import LessonStore
from moderation_model.learning import Example

CSV = """text,insult,toxic,mood
"you, absolute walnut",0,,merry
get lost,1,1,
NA,0,0,
no idea what this is,,,
get  lost,1,1,
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANDOR_DATA_DIR", str(tmp_path / "var"))
    return tmp_path


def imported(folder: Path, name: str, content: str | bytes, guild: int = 7) -> tuple[int, str]:
    """The exit code and what the operator reads."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    result = CliRunner().invoke(build_cli(), ["labels", "import", str(folder / name), "--guild", str(guild)])
    return result.exit_code, " ".join(result.output.split())


def kept(folder: Path) -> list[Example]:
    async def read() -> list[Example]:
        settings = Settings(_env_file=None, data_dir=folder / "var")  # pyright: ignore[reportCallIssue]
        db = Database(settings.sql_url, key=TextKey.from_settings(settings))
        try:
            return await LessonStore(db).examples()
        finally:
            await db.close()

    return asyncio.run(read())


def test_rows_with_a_label_are_kept_once_and_counted(folder: Path):
    code, said = imported(folder, "chat.csv", CSV)
    assert code == 0
    assert said == (
        "3 examples are new and teach from the next run on. 1 were there before. 1 have no label and are left out."
    )
    first, second, third = kept(folder)
    assert (first.text, first.labels, first.source) == ("you, absolute walnut", {"insult": 0.0}, "imported")
    assert (first.guild, first.may_train, first.judges) == ("7", True, ())
    assert second.labels == {"insult": 1.0, "toxic": 1.0}
    assert third.text == "NA"
    assert "0 examples are new" in imported(folder, "chat.csv", CSV)[1]


def test_json_lines_are_read_too(folder: Path):
    assert (
        imported(folder, "chat.jsonl", '{"text": "get lost", "insult": 1}\n\n{"text": "hi", "toxic": false}\n')[0] == 0
    )
    assert [example.labels for example in kept(folder)] == [{"insult": 1.0}, {"toxic": 0.0}]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("chat.txt", "hello", "chat.txt is neither a .csv nor a .jsonl file"),
        ("chat.csv", "message,insult\nhi,0\n", "chat.csv has no column called text"),
        ("chat.csv", "text,mean\nhi,0\n", "chat.csv has no column of a label"),
        ("chat.csv", "text,insult\nsecret,maybe\n", "chat.csv, row 1: insult must be 0 or 1"),
        ("chat.csv", "text,insult\nhi,0\nsecret,0.5\n", "chat.csv, row 2: insult must be 0 or 1"),
        ("chat.csv", "text,insult\nsecret, really,0\n", "chat.csv, row 1, has 3 cells and the header 2"),
        ("chat.csv", "text,insult\n  ,1\n", "chat.csv, row 1, has no text"),
        ("chat.csv", 'text,insult\n"secret,1\n', "chat.csv, row 1, is no CSV"),
        ("chat.csv", "text,insult\n", "chat.csv holds no rows"),
        ("chat.csv", "text,insult\nk\xf6nig,1\n".encode("latin-1"), "chat.csv is not written in UTF-8"),
        ("chat.jsonl", '{"text": "secret"', "chat.jsonl, row 1, is no JSON object"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence_and_nothing_is_kept(
    folder: Path, name: str, content: str | bytes, sentence: str
):
    code, said = imported(folder, name, content)
    assert code == 1
    assert sentence in said
    assert "secret" not in said
    assert "Traceback" not in said
    assert kept(folder) == []


def test_a_file_that_is_not_there_is_named(folder: Path):
    result = CliRunner().invoke(build_cli(), ["labels", "import", "gone.csv", "--guild", "7"])
    assert result.exit_code == 1
    assert "There is no file gone.csv." in result.output
