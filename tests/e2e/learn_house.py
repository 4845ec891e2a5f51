"""A bot that learns, for end-to-end tests: real bot and database, a real model server whose runs train nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import App, build_app
from bot.config import load_settings
from bot.core.cases import Vote
from bot.core.feedback import answers
from bot.flow.learn import LEAST_LABELS
from bot.jobs import CronSchedule
from bot.sandbox.sandbox import Sandbox
from bot.stage_watch import Watch
from bot.store.cases import CaseStore
from bot.store.labels import LabelStore
from moderation_model import registry
from tests.builders import new_case, person
from tests.e2e.app_house import WAIT_SECONDS, House, text_of
from tests.e2e.stub_run import HOLD, PID
from tests.model.conftest import write_tiny_model

ROOT = Path(__file__).parents[2]
FIRST = "first-1"
"""The version that serves at first; it calls everything an insult."""
LABELS = LEAST_LABELS + 20
MODERATORS = (50, 51, 52, 53)


class StubServer:
    """The model server's process; it can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.models = folder / "models"
        self._shipped = write_tiny_model(folder / FIRST, version=FIRST)
        manifest = registry.read_manifest(self._shipped)
        limits = {name: {"value": 0.01 if name == "insult" else 0.99} for name in manifest["thresholds"]}
        registry.write_manifest(self._shipped, {**manifest, "thresholds": limits})
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once it takes requests."""
        command = [sys.executable, "-m", "tests.e2e.stub_server", str(self._port), str(self.models), str(self._shipped)]
        self._process = _spawn(command)
        assert self._process.stdout is not None
        self._port = json.loads(self._process.stdout.readline())["port"]

    def kill(self) -> None:
        """As by the kernel when memory runs out."""
        if self._process is not None:
            kill(self._process)
            self._process = None

    def hold(self) -> None:
        """Runs wait in the middle of their work until `release`."""
        (self.models / "runs").mkdir(parents=True, exist_ok=True)
        (self.models / "runs" / HOLD).touch()

    def release(self) -> None:
        """Runs go on."""
        (self.models / "runs" / HOLD).unlink()

    def training(self) -> list[int]:
        """Numbers of the training processes that work or worked, one a run."""
        return [int(path.read_text() or 0) for path in self.models.glob(f"runs/*/{PID}")]


@contextmanager
def stub_server(folder: Path) -> Iterator[StubServer]:
    """A started one; gone at the end."""
    server = StubServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def learning_house(
    sandbox: Sandbox,
    folder: Path,
    server: StubServer,
    *,
    watch: Watch | None = None,
    start: bool = True,
    checked: int = 0,
) -> AsyncIterator[House]:
    """A started bot that lets a better model serve by itself, its time the sandbox's; stopped at the end.

    `watch`: who hears of its passes and cards, else the house. `start`: False leaves the start to the test.
    """
    house = House(sandbox)
    house._app = build_app(
        load_settings(_env_file=None, **settings_of(sandbox, folder, server, checked=checked)),
        connector=sandbox.connector(),
        passed=(watch or house).passed,
        presented=(watch or house).presented,
        source="sandbox",
        clock=sandbox.clock,
    )
    try:
        if start:
            await house.app.start()
        yield house
    finally:
        await house.app.stop()


def settings_of(sandbox: Sandbox, folder: Path, server: StubServer, *, checked: int = 0) -> dict[str, Any]:
    """The bot's settings. `checked`: messages that a new model scores beside the other before it serves."""
    return {
        "discord_token": sandbox.token,
        "data_dir": str(folder),
        "model_url": server.url,
        "database_url": None,
        "promotion": "auto",
        "challenger_messages": checked,
    }


@contextmanager
def bot_process(
    sandbox: Sandbox, folder: Path, server: StubServer, *, ahead: timedelta
) -> Iterator[subprocess.Popen[str]]:
    """The same bot in a process of its own, its clock so far ahead of the machine's."""
    port, authority = sandbox.way_in
    given = {"settings": settings_of(sandbox, folder, server), "port": port, "authority": authority}
    process = _spawn([sys.executable, "-m", "tests.e2e.bot_process"])
    assert process.stdin is not None
    process.stdin.write(json.dumps({**given, "ahead": ahead.total_seconds()}) + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """At once, without a word."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def set_up(house: House) -> None:
    """Harbor Games has a review channel, and so many verdicts as a run needs stand in the database."""
    await house.sandbox.slash("Robin", "#general", "candor setup", {"review_channel": "#mod-review"})
    cases, labels = CaseStore(house.app.db), LabelStore(house.app.db)
    now = house.sandbox.clock.now()
    for number in range(LABELS):
        text = f"line number {number} of the chat"
        # They stand on Discord, or the bot would take them for deleted; where it looks at nothing that is written.
        written = await house.sandbox.say("Lena", "#mod-review", text)
        new = new_case(
            text, message_id=int(written["id"]), author=person(10_000 + number), guild_id=house.sandbox.guild.id
        )
        new = replace(new, channel_id=int(written["channel_id"]))
        case, _ = await cases.open(replace(new, opened_at=now, text_expires_at=now + timedelta(days=30)), ())
        verdict = "fine" if number % 2 else "breaks_rules"
        said = answers(verdict, case.reasons)
        vote = Vote(case.case_id, MODERATORS[number // 2 % 4], verdict, said, case.model_version, now)
        await labels.vote(vote, scores=case.scores or {})
        await cases.close(case_id=case.case_id, at=now)


async def until_due(app: App, sandbox: Sandbox) -> timedelta:
    """How long it is until the guild's schedule says that learning is due."""
    rules = await app.guilds.get(sandbox.guild.id)
    due = CronSchedule().next_due(rules.learn_cron or "", sandbox.clock.now())
    assert due is not None
    return due - sandbox.clock.now() + timedelta(seconds=1)


async def until(there: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for what another process does, which tells nobody."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not (await held if isinstance(held := there(), Awaitable) else held):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)


def reports(sandbox: Sandbox) -> list[str]:
    """Reports on new models in the review channel."""
    texts = [text_of(message) for message in sandbox.channel("#mod-review").messages.values() if message["components"]]
    return [text for text in texts if "A new model" in text]


def alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _spawn(command: list[str]) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
