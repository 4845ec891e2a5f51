"""The real bot without a network: discord.py's client and state, our chat code, the use cases, SQLite; the model is a
fake, and Discord answers at once.
"""

from __future__ import annotations

import asyncio
import functools
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.chat.board import DiscordBoard
from bot.chat.client import CandorBot, create_bot
from bot.chat.enforcer import DiscordEnforcer
from bot.chat.history import DiscordHistory
from bot.chat.messages import DiscordMessages
from bot.chat.messenger import DiscordMessenger
from bot.config import Settings
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.building import build_flows
from bot.flow.flows import Flows
from bot.flow.outside import Outside
from bot.flow.stores import Stores
from bot.store.crypto import TextKey
from bot.store.database import Database
from tests import mentions
from tests.fakes import FakeClock, FakeModel
from tests.fuzz import payloads
from tests.fuzz.part import Fault, Watch, quiet
from tests.fuzz.rest import Rest

RENEWED = 100
"""After so many inputs the server is as it was at first: an input may have changed its channels."""


class House:
    """A connected bot that takes events."""

    def __init__(self, bot: CandorBot, flows: Flows, stores: Stores, rest: Rest, watch: Watch) -> None:
        self.bot, self.flows, self.stores, self.rest, self._watch = bot, flows, stores, rest, watch
        self._standing: set[asyncio.Task[Any]] = set()
        self._taken = 0

    async def begin(self) -> None:
        """Connect, and set the server up."""
        for _ in range(10):  # the workers and what they start
            await asyncio.sleep(0)
        self._standing = asyncio.all_tasks()
        await self.receive(("READY", payloads.ready()), ("GUILD_CREATE", payloads.guild()))
        await self.stores.guilds.save(rules(), by=1, at=payloads.NOW)

    async def receive(self, *events: tuple[str, Any]) -> None:
        """Events that come at once, until all that they brought about is over. Raises Fault."""
        self._taken += len(events)
        if self._taken >= RENEWED:
            self._taken = 0
            self._take("GUILD_CREATE", payloads.guild())
        failures = self.bot.failures
        self.rest.asked.clear()
        for name, data in events:
            self._take(name, data)
        await quiet(self._standing)
        self._watch.check()
        if self.bot.failures != failures:
            raise Fault("the bot counted an unforeseen error")
        for asked in self.rest.asked:
            said = mentions.problem(asked.method, asked.path, asked.body)
            if said is not None:
                raise Fault(said)

    def _take(self, name: str, data: Any) -> None:
        self.bot._connection.parsers[name](data)


def rules() -> GuildRules:
    """Set up, acting on insults, with a channel for cards and one for the log."""
    labels = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
    labels["insult"] = LabelRule(warn_at=0.7, delete_at=0.8)
    found = GuildRules(payloads.GUILD, shadow=False, review_channel_id=payloads.REVIEW, labels=labels)
    return replace(found, log_channel_id=payloads.LOG, set_up_at=payloads.NOW)


async def _log_in(bot: CandorBot, rest: Rest) -> None:
    """What `login` does, towards `rest` in place of the network."""
    await bot._async_setup_hook()
    bot.http._HTTPClient__session = rest  # pyright: ignore[reportAttributeAccessIssue]
    bot.http._global_over = asyncio.Event()
    bot.http._global_over.set()
    bot._connection.application_id = payloads.ME
    bot._connection.guild_ready_timeout = 0.0


@functools.cache
def _migrated() -> tempfile.TemporaryDirectory[str]:
    """A folder with an empty database and its key, made once a process: the migrations take longer than many inputs."""
    folder = tempfile.TemporaryDirectory()

    async def migrate() -> None:
        db = _database(Path(folder.name))
        await db.migrate()
        await db.close()

    with ThreadPoolExecutor(1) as apart:  # whoever asks is inside an event loop
        apart.submit(asyncio.run, migrate()).result()
    return folder


def _database(folder: Path) -> Database:
    settings = _settings(folder)
    return Database(settings.sql_url, key=TextKey.from_settings(settings))


def _settings(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]


@asynccontextmanager
async def house(seed: int) -> AsyncIterator[House]:
    """The bot, connected; its rows are gone at the end."""
    with tempfile.TemporaryDirectory() as folder, Watch().watching() as watch:
        shutil.copytree(_migrated().name, folder, dirs_exist_ok=True)
        db = _database(Path(folder))
        bot, stores, rest = (
            create_bot(_settings(Path(folder))),
            Stores(db, source="sandbox", folder=Path(folder)),
            Rest(random.Random(seed), refuses=0.05),
        )
        await _log_in(bot, rest)
        outside = Outside(
            FakeModel(),
            DiscordEnforcer(bot),
            DiscordMessenger(bot),
            DiscordBoard(bot),
            DiscordMessages(bot),
            FakeClock(payloads.NOW),
            DiscordHistory(bot),
        )
        flows = build_flows(stores, outside, text_days=30, passed=lambda passed: None, presented=lambda case: None)
        bot.attach(flows)
        await bot.setup_hook()
        workers = [asyncio.create_task(work()) for work in (flows.desk.run, flows.telling.run)]
        found = House(bot, flows, stores, rest, watch)
        try:
            await found.begin()
            yield found
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await bot.close()
            await db.close()
