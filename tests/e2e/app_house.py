"""The whole bot for end-to-end tests: real client, real store, real model server and weights, on a loopback Discord."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.app import App, build_app
from bot.config import load_settings
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules
from bot.demo import explainer_ready
from bot.flow.moderate import Passed
from bot.sandbox.sandbox import Sandbox
from tests.e2e.connected import expect_one_server

WAIT_SECONDS = 60.0


@dataclass
class House:
    """A running bot, what it passed and which cards it posted, and waiting for either without sleeping."""

    sandbox: Sandbox
    passes: list[Passed] = field(default_factory=list)
    cards: dict[int, Case] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _app: App | None = None

    @property
    def app(self) -> App:
        assert self._app is not None
        return self._app

    def passed(self, passed: Passed) -> None:
        self.passes.append(passed)
        self._changed.set()

    def presented(self, case: Case) -> None:
        self.cards[case.case_id] = case
        self._changed.set()

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until something that passed or was posted makes it true."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not there():
                self._changed.clear()
                await self._changed.wait()

    async def decided(self, message: dict[str, Any], *, outcome: str = "decided") -> Passed:
        """The pass over a message as the sandbox returned it."""
        wanted = int(message["id"])

        def found() -> list[Passed]:
            return [each for each in self.passes if each.message.message_id == wanted and each.outcome == outcome]

        await self.until(lambda: bool(found()))
        return found()[-1]

    async def let_out_of_shadow(self, label: str) -> None:
        """As if moderators had given the verdicts that the label needs."""

        def change(rules: GuildRules) -> GuildRules:
            return replace(rules, shadow=False, labels={**rules.labels, label: replace(rules.rule(label), mode="act")})

        await self.app.guilds.change(self.app.bot.guilds[0].id, change, by=None, at=datetime.now(UTC))

    async def card(self, passed: Passed) -> dict[str, Any]:
        """The review card of a pass, as the raw message that Discord holds."""
        assert passed.case is not None
        case_id = passed.case.lead_id or passed.case.case_id
        await self.until(lambda: case_id in self.cards and self.cards[case_id].card is not None)
        ref = self.cards[case_id].card
        assert ref is not None
        return self.sandbox.channel("#mod-review").messages[ref.message_id]

    async def verdict(self, passed: Passed) -> Case:
        """The case once its card shows a verdict."""
        assert passed.case is not None
        case_id = passed.case.case_id
        await self.until(lambda: case_id in self.cards and bool(self.cards[case_id].votes))
        return self.cards[case_id]


@asynccontextmanager
async def house_on(sandbox: Sandbox, folder: Path, model_url: str | None, **settings: Any) -> AsyncIterator[House]:
    """A started bot with a review channel; stopped at the end."""
    house = House(sandbox)
    given = load_settings(_env_file=None, discord_token=sandbox.token, data_dir=folder, model_url=model_url, **settings)
    house._app = build_app(given, connector=sandbox.connector(), passed=house.passed, presented=house.presented)
    expect_one_server(house.app.bot)
    try:
        await house.app.start()
        await sandbox.slash("Robin", "#general", "candor setup", {"review_channel": "#mod-review"})
        yield house
    finally:
        await house.app.stop()


@asynccontextmanager
async def running_house(sandbox: Sandbox, folder: Path, *, model_url: str | None) -> AsyncIterator[House]:
    """The same on SQLite with a model server that explains, too."""
    async with house_on(sandbox, folder, model_url, database_url=None) as house:
        await explainer_ready(house.app)
        yield house


@contextmanager
def model_server() -> Iterator[str]:
    """The address of a real model server with the weights that ship, in a process of its own."""
    command = [sys.executable, "-m", "moderation_model", "serve", "--port", "0", "--exit-on-stdin-close"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
        finally:
            server.stdin.close()
            server.wait(timeout=30)


def text_of(message: dict[str, Any]) -> str:
    """All text that a Components V2 message shows, in order."""
    found: list[str] = []

    def walk(component: dict[str, Any]) -> None:
        if component.get("type") == 10:
            found.append(component["content"])
        for each in component.get("components", []):
            walk(each)

    for component in message["components"]:
        walk(component)
    return "\n".join(found)
