"""The model server beside the bot: a child process that is started, watched, restarted, and dies with the bot.

The child's standard input is a pipe that the bot holds. When the bot ends in whatever way, also by kill -9, the pipe
closes and the server exits, so no orphan is left. It answers nobody without a token, which it gets by its environment:
other users of the machine reach loopback, too, and see arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import secrets
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

import structlog

from bot.config import Settings
from moderation_model.errors import ModelUnavailable

log = structlog.get_logger(__name__)

ChildState = Literal["starting", "ready", "restarting", "failed", "stopped"]

COMMAND = (sys.executable, "-m", "moderation_model", "serve")
NEEDED = ("torch", "transformers", "fastapi", "uvicorn")
NO_MODEL_EXTRA = (
    "The model server cannot be started here because {missing} is not installed: run pip install 'candor[model]', or "
    "set CANDOR_MODEL_URL to the address of a model server."
)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""A server that was ready for so long starts again with the shortest pause."""
QUICK_DEATHS = 5
"""After so many deaths in a row the state is `failed`; once it was ready, it is still tried again."""
LOAD_SECONDS = 300.0
"""How long loading may take; a model from the hub is downloaded within it."""
STOP_SECONDS = 15.0
"""How long a stop may take before the child is killed; requests under way are finished within it."""
LAST_WORDS_SECONDS = 2.0
"""How long a dead server's output is still read: its own children may hold the pipes a little longer."""
LINE_CHARS = 500
TOKEN_BYTES = 32

_PRIVATE = frozenset(
    f"CANDOR_{name}" for name in ("DISCORD_TOKEN", "ENCRYPTION_KEY", "DATABASE_URL", "DISCORD_PROXY", "MODEL_URL")
)


class ModelChild:
    """The supervised model server. `url` stays the same over restarts, `state` is for health and status lines."""

    def __init__(
        self,
        settings: Settings,
        *,
        command: Sequence[str] = COMMAND,
        observe: Callable[[ChildState], None] = lambda state: None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Takes a free loopback port and starts nothing. `observe` is called with each new state."""
        self._port, self._reserved = _free_port()
        self._command = [*command, "--host", "127.0.0.1", "--port", str(self._port), "--exit-on-stdin-close"]
        self._command += ["--device", settings.model_device]
        if settings.model_path is not None:
            self._command += ["--model", settings.model_path]
        chosen = settings.model_token.get_secret_value() if settings.model_token else ""
        self.token = chosen or secrets.token_urlsafe(TOKEN_BYTES)
        """The bearer token that it asks for: the operator's, else one that nobody else knows and no file holds."""
        self._environment = {
            **_environment(),
            "CANDOR_MODELS_DIR": str(settings.models_folder.absolute()),
            "CANDOR_MODEL_TOKEN": self.token,
        }
        self._needs_extra = tuple(command) == COMMAND
        self._observe = observe
        self._first_pause = first_pause
        self._patience = STOP_SECONDS
        self._ready = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._last_line = ""
        self._process: Process | None = None
        self.state: ChildState = "starting"
        self.pid: int | None = None
        self.sentence: str | None = None
        """Why it is `failed`."""

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it and wait until it takes requests. Raises ModelUnavailable with the server's own last sentence."""
        missing = [name for name in NEEDED if self._needs_extra and importlib.util.find_spec(name) is None]
        if missing:
            raise ModelUnavailable(NO_MODEL_EXTRA.format(missing=missing[0]))
        self._supervisor = asyncio.create_task(self._supervise(), name="model-child")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait([ready, self._supervisor], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._supervisor.done():
            await self._supervisor

    async def stop(self, *, within: float = STOP_SECONDS) -> None:
        """End it; returns once the process is gone, which is killed if it takes longer than `within` seconds. May be
        called at any time, also twice.
        """
        self._patience = within
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
            self._supervisor = None
        self._reserved.close()
        self._enter("stopped")

    def end_hung(self) -> None:
        """Kill the server, which answers nothing any more; it is started anew as after any death."""
        if self._process is not None:
            log.warning("model_server_hung", pid=self.pid)
            self._last_line = "It answered nothing any more and was killed."
            _kill(self._process)

    async def _supervise(self) -> None:
        """Run the server again and again. Raises ModelUnavailable if it was never ready and refuses to start."""
        deaths, pause = 0, self._first_pause
        while True:
            code, ready_seconds = await self._run_once()
            if ready_seconds >= STEADY_SECONDS:
                deaths, pause = 0, self._first_pause
            deaths += 1
            refused = code > 0 and not self._ready.is_set()
            failed = refused or deaths >= QUICK_DEATHS
            if failed:
                self.sentence = self._why(code)
            self._enter("failed" if failed else "restarting")
            if failed and not self._ready.is_set():
                raise ModelUnavailable(self.sentence)
            log.warning("model_server_died", exit_code=code, deaths=deaths, state=self.state)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self) -> tuple[int, float]:
        """One life of the server: its exit code and for how many seconds it was ready."""
        loop = asyncio.get_running_loop()
        try:
            process = await self._spawn()
        except OSError as error:
            self._last_line = f"It cannot be started: {error.strerror}."
            return 1, 0.0
        self.pid, self._process = process.pid, process
        if not self._ready.is_set():
            self._enter("starting")
        ready_at: list[float] = []
        overdue = loop.call_later(LOAD_SECONDS, self._give_up_loading, process)

        def ready() -> None:
            overdue.cancel()
            ready_at.append(loop.time())
            self.sentence = None
            self._enter("ready")
            self._ready.set()

        readers = [
            asyncio.create_task(self._read_stdout(process, ready)),
            asyncio.create_task(self._read_stderr(process)),
        ]
        try:
            code = await process.wait()
            await asyncio.wait(readers, timeout=LAST_WORDS_SECONDS)
        finally:
            overdue.cancel()
            await _end(process, self._patience)
            for reader in readers:
                reader.cancel()
            self.pid = self._process = None
        return code, loop.time() - ready_at[0] if ready_at else 0.0

    async def _spawn(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches the bot alone, which then stops the child in order
        )

    async def _read_stdout(self, process: Process, ready: Callable[[], None]) -> None:
        assert process.stdout is not None, "started with pipes"
        async for line in _lines(process.stdout):
            if _is_ready_line(line):
                log.info("model_server_ready", pid=process.pid, port=self._port)
                ready()

    async def _read_stderr(self, process: Process) -> None:
        assert process.stderr is not None, "started with pipes"
        async for line in _lines(process.stderr):
            self._last_line = line
            log.info("model_server", line=line)

    def _give_up_loading(self, process: Process) -> None:
        self._last_line = f"It was not ready within {LOAD_SECONDS:g} s."
        _kill(process)

    def _why(self, code: int) -> str:
        said = self._last_line or (f"It was ended by signal {-code}." if code < 0 else f"Its exit code was {code}.")
        return f"The model server does not start. {said}"

    def _enter(self, state: ChildState) -> None:
        self.state = state
        self._observe(state)


def _free_port() -> tuple[int, socket.socket]:
    """A free loopback port, and the socket that holds it for the child: bound, never listened on.

    Linux lets the child bind the same port, as both set SO_REUSEADDR and nobody listens, and hands it to nobody who
    asks for any port. Other systems would not let the child in, so there the socket is closed again.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    port = reserved.getsockname()[1]
    if sys.platform != "linux":
        reserved.close()
    return port, reserved


def _environment() -> dict[str, str]:
    """The bot's environment without what is no business of the model server."""
    return {name: value for name, value in os.environ.items() if name.upper() not in _PRIVATE}


def _is_ready_line(line: str) -> bool:
    try:
        data = json.loads(line)
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("ready") is True


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines without white space around them, cut at LINE_CHARS; a progress bar's returns end lines too."""
    rest = b""
    while chunk := await stream.read(4096):
        *whole, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        rest = rest[-4096:]
        for line in whole:
            if text := line.decode(errors="replace").strip()[:LINE_CHARS]:
                yield text
    if text := rest.decode(errors="replace").strip()[:LINE_CHARS]:
        yield text


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _end(process: Process, seconds: float) -> None:
    """Close its standard input and wait; kill it when it does not go."""
    if process.returncode is not None:
        return
    assert process.stdin is not None, "started with pipes"
    process.stdin.close()
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
