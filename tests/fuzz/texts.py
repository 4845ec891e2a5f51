"""Texts: the normaliser, and all else that looks at what a member wrote before or after the model does."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.chat.inert import inert, plain, spoiler
from bot.chat.scope import scope_by_name
from bot.core.csv_file import CONTROL, FORMULA, cell
from bot.core.events import clean
from bot.core.grouping import same_text
from bot.core.keywords import KeywordRule, asks_for_care, find_keywords, hide_words
from moderation_model.cleaning import clean as clean_for_model
from moderation_model.contract import AS_WRITTEN
from moderation_model.normalise import readable, readings
from tests.fuzz.inputs import PIECES, text
from tests.fuzz.part import Fault

RULES = (KeywordRule("free nitro"), KeywordRule("in*sult"), KeywordRule(r"\bd+a+m+n", "regex"), KeywordRule("*@x*"))
LIMIT = 120


class Texts:
    """Every function of text, on every text: as Discord may send it, and as the entrance cleans it."""

    together = 1

    def make(self, chance: random.Random) -> str:
        """A hostile text."""
        return text(chance)

    def strategy(self) -> SearchStrategy[str]:
        """Any characters, surrogates among them, and our own pieces."""
        pieces = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=8).map("".join)
        return st.one_of(st.text(st.characters(exclude_categories=()), max_size=300), pieces)

    async def feed(self, given: Sequence[str]) -> None:
        """Raises Fault where an answer is not what it is said to be."""
        for each in given:
            self._feed(each)

    def _feed(self, given: str) -> None:
        for written in dict.fromkeys((given, clean(given))):
            self._read(written)
        cleaned = clean(given)
        cleaned.encode()
        if "\x00" in cleaned or clean(cleaned) != cleaned or clean_for_model(cleaned) != cleaned:
            raise Fault("what was cleaned is not clean")
        self._keep(cleaned)

    def _read(self, written: str) -> None:
        found = readings(written)
        names = [reading.name for reading in found]
        if names[0] != AS_WRITTEN or len(names) != len(set(names)):
            raise Fault(f"readings {names}")
        readable(written)

    def _keep(self, cleaned: str) -> None:
        find_keywords(cleaned, RULES)
        hide_words(cleaned, ("insult", "a*"))
        asks_for_care(cleaned)
        scope_by_name(cleaned)
        if cleaned and not same_text(cleaned, cleaned):
            raise Fault("a text is not the same as itself")
        for shown in (inert(cleaned, limit=LIMIT, bold=cleaned.split()[:3]), plain(cleaned, limit=LIMIT)):
            if len(shown) > LIMIT or len(shown.splitlines()) > 1:
                raise Fault(f"{len(shown)} characters or several lines on a card")
        if len(spoiler(cleaned, limit=LIMIT)) > LIMIT:
            raise Fault("a spoiler that is too long")
        written = cell(cleaned)
        if written.startswith(CONTROL) or written.lstrip().startswith(FORMULA):
            raise Fault("a cell that a spreadsheet takes for a formula")


@asynccontextmanager
async def opened(seed: int = 0) -> AsyncIterator[Texts]:
    """Nothing has to be started."""
    yield Texts()
