"""The bot of the chaos run: a process that can be killed, its model server, and a way to its database."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from bot.config import load_settings
from bot.core.guild_rules import GuildRules, default_labels
from bot.sandbox.sandbox import Sandbox
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.guilds import GuildStore

ROOT = Path(__file__).parents[1]
READY_SECONDS = 120.0


class Bot:
    """Use it as an async context manager. `pids`: every process that was ever seen of it."""

    def __init__(self, sandbox: Sandbox, folder: Path, url: str) -> None:
        self.sandbox = sandbox
        self.guild_id = sandbox.guild.id
        self.pids: set[int] = set()
        self._folder = folder
        self._settings = {
            "discord_token": sandbox.token,
            "data_dir": str(folder),
            "database_url": url,
            "health_port": 0,
            "log_level": "warning",
        }
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._http = httpx.AsyncClient(timeout=2.0)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()
        await self._http.aclose()

    def start(self) -> None:
        """A new process, without waiting for it."""
        port, authority = self.sandbox.way_in
        order = {"settings": {**self._settings, "health_port": _free_port()}, "port": port, "authority": authority}
        self._url = f"http://127.0.0.1:{order['settings']['health_port']}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CANDOR_")}
        with (self._folder / "bot.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.bot_process"],
                cwd=ROOT,
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**order, "ahead": 0, "signals": True}) + "\n")
        self._process.stdin.flush()
        self.pids.add(self._process.pid)

    async def until_ready(self) -> None:
        """Until it and its model server handle messages. Raises TimeoutError."""
        async with asyncio.timeout(READY_SECONDS):
            while not await self._is_ready():  # noqa: ASYNC110 (another process says so)
                await asyncio.sleep(0.05)
        self.pids.update(each.pid for each in self._children())

    async def _is_ready(self) -> bool:
        try:
            state = (await self._http.get(f"{self._url}/readyz")).json()
        except (httpx.HTTPError, ValueError):
            return False
        return state.get("discord") == "ready" and state.get("model") == "ready" and self._server() is not None

    async def kill(self) -> None:
        """At once; its model server follows by itself, as its input ends."""
        if self._process is not None and self._process.poll() is None:
            self.pids.update(each.pid for each in self._children())
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def kill_model_server(self) -> None:
        """At once."""
        server = self._server()
        if server is not None:
            self.pids.add(server.pid)
            server.kill()

    async def stop(self) -> float:
        """End it by SIGTERM; the seconds that it took. Raises RuntimeError where it ended badly."""
        assert self._process is not None
        self.pids.update(each.pid for each in self._children())
        started = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self._process.wait, 60)
        if code:
            raise RuntimeError(f"the bot ended with exit code {code}")
        return time.perf_counter() - started

    async def let_act(self) -> None:
        """As if the team had let insults out of shadow mode: the member is timed out, the message deleted."""

        def change(rules: GuildRules) -> GuildRules:
            labels = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
            labels["insult"] = replace(labels["insult"], flag_at=0.5, delete_at=0.5, timeout_at=0.5)
            return replace(rules, shadow=False, labels=labels)

        db = self.database()
        try:
            await GuildStore(db).change(self.guild_id, change, by=None, at=datetime.now(UTC))
        finally:
            await db.close()

    def database(self) -> Database:
        """A connection of our own to its database."""
        settings = load_settings(_env_file=None, **self._settings)
        return Database(settings.sql_url, key=TextKey.from_settings(settings))

    def left(self) -> int:
        """Processes of it that still run."""
        return sum(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in self.pids)

    def _children(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []

    def _server(self) -> psutil.Process | None:
        for each in self._children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if "serve" in each.cmdline() and each.status() != "zombie":
                    return each
        return None


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
