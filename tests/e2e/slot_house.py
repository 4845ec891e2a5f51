"""Scheduled runs in processes of their own on one database, of which some are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.core.guild_rules import GuildRules
from bot.flow.slots import LEASE
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.guilds import GuildStore
from tests.e2e.slot_process import LEDGER, last_due

PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Ran:
    """How it went. `done`: slots that ended; `begun`: how often a run began; `twice`: servers whose run began more than
    once in processes that nobody killed; `processes`: how many took part; `seconds`: from the start to the last one.
    """

    done: int
    begun: int
    twice: int
    processes: int
    seconds: float


class SlotHouse:
    """A database with `guilds` servers, each with one run due."""

    def __init__(self, url: str, *, guilds: int) -> None:
        self._url, self._guilds = url, guilds
        self._key = Fernet.generate_key().decode()
        self._processes: list[subprocess.Popen[str]] = []
        self._killed: set[int] = set()

    async def prepare(self) -> None:
        """Make the servers and the ledger."""
        db = Database(self._url, key=TextKey(self._key))
        store, at = GuildStore(db), last_due() - timedelta(days=1)
        for number in range(1, self._guilds + 1):
            await store.save(replace(GuildRules(number), set_up_at=at), by=None, at=at)
        async with db.begin() as connection:
            await connection.execute(sa.text(LEDGER))
        await db.close()

    def load(self, number: int, *, ahead: timedelta = timedelta()) -> list[subprocess.Popen[str]]:
        """Processes that get ready, which takes them longer than the runs do. `ahead`: as if it were so much later."""
        command = [sys.executable, "-m", "tests.e2e.slot_process"]
        fresh = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            for _ in range(number)
        ]
        self._processes += fresh
        for process in fresh:
            self._say(process, json.dumps({"url": self._url, "key": self._key, "ahead": ahead.total_seconds()}))
        return fresh

    def begin(self, loaded: Sequence[subprocess.Popen[str]]) -> None:
        """They begin at the same time."""
        for process in loaded:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in loaded:
            self._say(process, "go")

    @staticmethod
    def _say(process: subprocess.Popen[str], line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()

    def kill_one(self) -> None:
        """kill -9, in the middle of whatever it does."""
        process = self._processes.pop(0)
        self._killed.add(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End them all."""
        while self._processes:
            self.kill_one()

    async def until(self, enough: Callable[[Ran], bool], *, since: float) -> Ran:
        """How it went once that is so, or once `PATIENCE_SECONDS` are over."""
        db = Database(self._url, key=TextKey(self._key))
        try:
            while True:
                ran = await self._look(db, since)
                ended = [process.returncode for process in self._processes if process.poll() is not None]
                assert not ended, f"a process ended by itself, with {ended}"
                if enough(ran) or time.monotonic() - since > PATIENCE_SECONDS:
                    return ran
                await asyncio.sleep(0.05)
        finally:
            await db.close()

    async def _look(self, db: Database, since: float) -> Ran:
        async with db.read() as connection:
            done = await connection.scalar(sa.text("SELECT count(*) FROM job_slots WHERE outcome = 'done'"))
            rows = (await connection.execute(sa.text("SELECT guild_id, process FROM ledger"))).all()
        alive = Counter(row.guild_id for row in rows if row.process not in self._killed)
        return Ran(
            done=done or 0,
            begun=len(rows),
            twice=sum(number > 1 for number in alive.values()),
            processes=len({row.process for row in rows}),
            seconds=time.monotonic() - since,
        )


async def run_all(url: str, *, guilds: int, kill: bool) -> Ran:
    """Two processes and `guilds` runs that are due. `kill`: one of the two is killed half-way; what it held, a third
    takes over once the lease has run out.
    """
    house = SlotHouse(url, guilds=guilds)
    await house.prepare()
    since = time.monotonic()
    try:
        two = house.load(2)
        third = house.load(1, ahead=LEASE + timedelta(seconds=1)) if kill else []
        house.begin(two)
        if kill:
            await house.until(lambda ran: ran.done >= guilds // 2, since=since)
            house.kill_one()
            await house.until(lambda ran: ran.done >= guilds - 3, since=since)
            house.begin(third)
        return await house.until(lambda ran: ran.done >= guilds, since=since)
    finally:
        house.stop()
