"""A made-up month on the demo's server, for `pictures.py`: some talk a day, now and then an insult, and its moderators.

A month passes by making the database's records a day older after each day that was played.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3

from bot.app import App
from bot.core.cases import Case
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.script import SMALL_TALK, TEASED
from bot.stage_day import REVIEW_CHANNEL
from bot.stage_hands import Hands
from bot.stage_watch import Watch

MODERATOR, ADMINISTRATOR = "Lena", "Robin"
DAYS = 27
MEMBERS = ("Mia", "Jonas", "Kai", "Priya", "Sam", "Noor")
CHANNELS = ("general", "gaming", "gaming", "help")
UNKIND = (
    "quit, you worthless clown",
    "you are a worthless idiot, get out of here",
    "what a stupid little clown you are",
    "get lost, you useless idiot",
    "you play like a brainless fool",
    "you are a disgrace, you miserable loser",
)
FRIENDLY = (
    "you idiot, you forgot your own birthday cake",
    "you silly fool, of course you can have my spot",
    "you crazy genius idiot, how did you find that door",
    TEASED.text,
)
"""Harmless among friends, and flagged."""


class Month:
    """A month on the demo's server: some talk a day, now and then an insult, and a moderator who answers most cards."""

    def __init__(self, app: App, sandbox: Sandbox, watch: Watch) -> None:
        self.app, self.sandbox, self.watch = app, sandbox, watch
        self.hands = Hands(sandbox)
        self.luck = random.Random(4)

    async def play(self) -> None:
        """Set up, then day after day."""
        await self.hands.command(ADMINISTRATOR, "candor setup", review_channel=f"#{REVIEW_CHANNEL}")
        await self.hands.command(ADMINISTRATOR, "candor rules name", label="insult", rule="rule 2")
        for _ in range(DAYS):
            await self._day()
            await asyncio.to_thread(self._grow_older, 24 * 60)

    async def _day(self) -> None:
        for _ in range(self.luck.randint(14, 26)):
            await self._say(self.luck.choice(MEMBERS), self.luck.choice(SMALL_TALK).text)
        unkind = self.luck.sample(UNKIND, self.luck.choice((1, 2, 2, 3, 3)))
        friendly = self.luck.sample(FRIENDLY, self.luck.choice((0, 0, 1, 1)))
        authors = self.luck.sample(MEMBERS, len(unkind) + len(friendly))
        cases = [await self._say(who, text) for who, text in zip(authors, [*unkind, *friendly], strict=True)]
        for case, text in zip(cases, [*unkind, *friendly], strict=True):
            if case is not None and self.luck.random() < 0.95:
                await asyncio.to_thread(self._grow_older, self.luck.choice((2, 4, 9, 15, 40)), open_cases=True)
                await self._answer(case, "It's fine" if text in FRIENDLY else self.luck.choice(("Breaks", "Delete")))

    async def _say(self, who: str, text: str) -> Case | None:
        message = await self.sandbox.say(who, self.luck.choice(CHANNELS), text)
        return (await self.watch.of(int(message["id"]))).case

    async def _answer(self, case: Case, label: str) -> None:
        case = await self.watch.card(case.lead_id or case.case_id)
        if case.card is not None and case.state == "open":
            card = self.sandbox.channel(REVIEW_CHANNEL).messages[case.card.message_id]
            await self.hands.press(MODERATOR, card, label)

    def _grow_older(self, minutes: int, *, open_cases: bool = False) -> None:
        """Every time in the database is so many minutes earlier, or only those of the cases that wait."""
        with contextlib.closing(sqlite3.connect(self.app.settings.data_dir / "candor.db", timeout=30)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in ["cases"] if open_cases else tables:
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                times = [name for _, name, kind, *_ in columns if kind == "DATETIME"]
                chosen = "closed_at IS NULL" if open_cases else "TRUE"
                # By way of another century: two rows of one hour must not meet half-way.
                for shift in ("-100 years", f"+100 years', '-{minutes} minutes"):
                    for name in times:
                        moved = f"strftime('%Y-%m-%d %H:%M:%f000', {name}, '{shift}')"
                        connection.execute(f"UPDATE {table} SET {name} = {moved} WHERE {name} IS NOT NULL AND {chosen}")
            connection.commit()
