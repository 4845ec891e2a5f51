"""The whole bot stops and starts again, with its own model server's weights; Discord is the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import model_server, running_house

INSULT = "shut up, you worthless clown"


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with model_server() as url:
        yield url


async def test_what_was_written_between_two_runs_of_the_bot_is_decided_once_by_the_second(
    sandbox: Sandbox, model_url: str, tmp_path: Path
):
    async with running_house(sandbox, tmp_path, model_url=model_url) as house:
        before = await sandbox.say("Mia", "#gaming", "good game")
        await house.decided(before)
    missed = [await sandbox.say("Kai", "#gaming", f"{INSULT} {number}") for number in range(120)]
    async with running_house(sandbox, tmp_path, model_url=model_url) as house:
        passes = [await house.decided(message) for message in missed]
        assert all(passed.case is not None for passed in passes)
        await house.until(lambda: any(case.card is not None for case in house.cards.values()))
    async with running_house(sandbox, tmp_path, model_url=model_url) as house:
        await house.decided(await sandbox.say("Mia", "#gaming", "and on it goes"))
        assert [each.message.text for each in house.passes if each.outcome == "decided"] == ["and on it goes"]
