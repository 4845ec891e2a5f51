"""Verdicts in the database become a model that serves and a report in the channel, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.sandbox import Sandbox
from moderation_model.client import ModelClient
from tests.e2e.app_house import House
from tests.e2e.learn_house import (
    FIRST,
    LABELS,
    StubServer,
    alive,
    bot_process,
    learning_house,
    reports,
    set_up,
    stub_server,
    until,
    until_due,
)
from tests.e2e.stub_run import BETTER, LIMIT

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StubServer]:
    with stub_server(tmp_path) as server:
        yield server


async def in_training(house: House, server: StubServer) -> int:
    """Let the time come; the run has begun then and waits in the middle of its work, in the process of this id."""
    server.hold()
    house.sandbox.clock.advance((await until_due(house.app, house.sandbox)).total_seconds())
    await house.app.jobs.tick()
    await until(lambda: bool(server.training()))
    (process_id,) = server.training()
    return process_id


async def serving(house: House) -> str:
    return (await house.app.model.info()).version


async def flagged(house: House, text: str) -> bool:
    passed = await house.decided(await house.sandbox.say("Mia", "#general", text))
    return passed.decision.opens == "flagged"


async def the_only_run(house: House) -> None:
    """One run, promoted by itself, one report, and the schedule starts no other."""
    await house.app.jobs.tick()
    (run,) = await house.app.flows.learn.newest()
    assert (run.phase, run.decision, run.facts["examples"]) == ("done", "auto", LABELS)
    (report,) = reports(house.sandbox)
    assert "Better for you, and in use" in report
    assert await serving(house) == BETTER
    rules = await house.app.guilds.get(house.sandbox.guild.id)
    assert rules.rule("insult").flag_at == LIMIT


def run_begun(bot: subprocess.Popen[str]) -> str:
    """The run that the bot's process says has begun."""
    assert bot.stdout is not None
    return next(line.split()[1] for line in bot.stdout if line.startswith("run "))


async def test_the_clock_alone_turns_verdicts_into_a_serving_model_and_a_report(
    sandbox: Sandbox, tmp_path: Path, server: StubServer
):
    async with learning_house(sandbox, tmp_path / "bot", server) as house:
        await set_up(house)
        assert await serving(house) == FIRST
        assert await flagged(house, "hello friend")
        await in_training(house, server)
        assert await flagged(house, "see you tomorrow")
        server.release()
        await until(lambda: bool(reports(sandbox)))
        await the_only_run(house)
        assert not await flagged(house, "hello friend")
        sandbox.clock.advance(7 * 86_400)
        await house.app.jobs.tick()
        await the_only_run(house)  # without new labels the next week brings nothing


async def test_a_killed_training_process_costs_neither_the_champion_nor_the_run(
    sandbox: Sandbox, tmp_path: Path, server: StubServer
):
    async with learning_house(sandbox, tmp_path / "bot", server) as house:
        await set_up(house)
        killed = await in_training(house, server)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: server.training() not in ([], [killed]))
        assert await serving(house) == FIRST
        assert await flagged(house, "hello friend")
        server.release()
        await until(lambda: bool(reports(sandbox)))
        await the_only_run(house)


async def test_a_bot_that_was_killed_during_a_run_reports_it_when_it_is_back(
    sandbox: Sandbox, tmp_path: Path, server: StubServer
):
    folder = tmp_path / "bot"
    async with learning_house(sandbox, folder, server) as house:
        await set_up(house)
        ahead = await until_due(house.app, sandbox)
    server.hold()
    with bot_process(sandbox, folder, server, ahead=ahead) as bot:
        run_id = await asyncio.to_thread(run_begun, bot)
        await until(lambda: bool(server.training()))
    server.release()
    client = ModelClient(server.url)

    async def ended() -> bool:
        return (await client.run_state(run_id)).ended

    await until(ended)
    assert (await client.info()).version == FIRST
    await client.aclose()
    assert reports(sandbox) == []
    sandbox.clock.advance(ahead.total_seconds())
    async with learning_house(sandbox, folder, server) as house:
        await until(lambda: bool(reports(sandbox)))
        await the_only_run(house)


async def test_a_model_server_that_was_killed_during_a_run_serves_again_and_ends_the_run(
    sandbox: Sandbox, tmp_path: Path, server: StubServer
):
    async with learning_house(sandbox, tmp_path / "bot", server) as house:
        await set_up(house)
        left = await in_training(house, server)
        server.kill()
        await until(lambda: not alive(left))
        await asyncio.to_thread(server.start)
        # Its client asks a server that was away again after a moment.
        assert await flagged(house, "hello friend")
        assert await serving(house) == FIRST
        server.release()
        await until(lambda: bool(reports(sandbox)))
        await the_only_run(house)
