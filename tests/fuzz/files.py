"""Files and words that people hand in: labels to import, settings, schedules, keywords."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.core.keywords import LONGEST_PATTERN, compiled, keyword_problem
from bot.core.schedules import in_words, read_schedule
from bot.core.settings import SETTINGS, read_value
from bot.errors import BotError
from moderation_model.errors import BadRequest
from moderation_model.label_rows import read_label_rows
from moderation_model.labelled_file import read_labelled
from tests.fuzz.inputs import spoiled_bytes, text

CSV = b'text,insult,toxic,id\r\nhello,0,0,1\r\n"you, clown",1,,2\r\n'
LINES = b"\n".join(json.dumps(each).encode() for each in ({"text": "hello", "insult": 0}, {"text": "you", "stars": 3}))
SCHEDULES = ("0 6 * * mon", "monday 6:00", "every day at 6", "30 23 1-7 jan,feb *", "never")
Given = tuple[str, bytes]


class Files:
    """A file is refused in a sentence or read; so is what was written for a setting."""

    together = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, chance: random.Random) -> Given:
        """What kind of thing, and its bytes."""
        kind = chance.choice(("labels.csv", "labels.jsonl", "setting", "schedule", "keyword"))
        if kind.startswith("labels"):
            whole = CSV if kind.endswith("csv") else LINES
            said = text(chance).encode("utf-8", "surrogatepass")
            return kind, spoiled_bytes(
                chance, whole.replace(b"hello", said) if chance.random() < 0.5 else whole, (said,)
            )
        if kind == "schedule" and chance.random() < 0.7:
            return kind, spoiled_bytes(chance, chance.choice(SCHEDULES).encode())
        return kind, text(chance).encode("utf-8", "surrogatepass")

    def strategy(self) -> SearchStrategy[Given]:
        """Any bytes in any of the places."""
        kinds = st.sampled_from(("labels.csv", "labels.jsonl", "setting", "schedule", "keyword"))
        written = st.text(max_size=60).map(str.encode)
        return st.tuples(kinds, st.one_of(st.binary(max_size=200), written))

    async def feed(self, given: Sequence[Given]) -> None:
        """Raises whatever is no refusal in a sentence."""
        for kind, raw in given:
            self._feed(kind, raw)

    def _feed(self, kind: str, raw: bytes) -> None:
        if kind.startswith("labels"):
            self._read_file(kind, raw)
            return
        written = raw.decode("utf-8", "replace")
        try:
            _READERS[kind](written)
        except BotError as refused:
            str(refused).encode()

    def _read_file(self, name: str, raw: bytes) -> None:
        path = self._folder / name
        path.write_bytes(raw)
        for read in (read_label_rows, read_labelled):
            try:
                read(path)
            except BadRequest as refused:
                str(refused).encode()


def _settings(written: str) -> None:
    for setting in SETTINGS:
        try:
            read_value(setting, written)
        except BotError as refused:
            str(refused).encode()


def _schedule(written: str) -> None:
    in_words(read_schedule(written))


def _keyword(written: str) -> None:
    for kind in ("words", "regex"):
        if keyword_problem(written[:LONGEST_PATTERN], kind) is None:
            compiled(written[:LONGEST_PATTERN], kind).search("hello everyone, what an insult")


_READERS = {"setting": _settings, "schedule": _schedule, "keyword": _keyword}


@asynccontextmanager
async def opened(seed: int = 0) -> AsyncIterator[Files]:
    """A folder for the files."""
    with tempfile.TemporaryDirectory() as folder:
        yield Files(Path(folder))
