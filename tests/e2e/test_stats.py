"""Statistics end to end: what the pass recorded, drawn by the real model server, as Discord holds it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.sandbox.answers import Answer
from bot.sandbox.sandbox import Sandbox
from tests.e2e.app_house import House, model_server, running_house
from tests.e2e.test_pass import INSULT


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with model_server() as url:
        yield url


async def ask(house: House, command: str, options: dict[str, Any]) -> dict[str, Any]:
    """The message that the administrator sees in the end."""
    answer: Answer = await house.sandbox.slash("Robin", "#general", command, options)
    while answer.kind in ("deferred", "thinking"):
        answer = await house.sandbox.after(answer)
    assert answer.ephemeral
    assert answer.message is not None
    return answer.message


def file_of(house: House, attachment: dict[str, Any]) -> bytes:
    """The attached file, as the sandbox keeps it under its address."""
    _, _, channel_id, file_id, name = urlsplit(attachment["url"]).path.split("/")
    return house.sandbox.world.files[(int(channel_id), int(file_id), name)]


async def test_the_real_server_draws_statistics_of_what_was_just_decided_and_it_can_be_exported(
    sandbox: Sandbox, model_url: str, tmp_path: Path
):
    async with running_house(sandbox, tmp_path, model_url=model_url) as house:
        passed = await house.decided(await sandbox.say("Kai", "#general", INSULT))
        await house.decided(await sandbox.say("Mia", "#gaming", "good game, see you all at eight"))
        assert passed.case is not None
        card = await house.card(passed)
        await sandbox.press("Lena", card["id"], f"candor:v1:breaks:{passed.case.case_id}")
        await house.verdict(passed)

        shown = await ask(house, "candor stats", {"days": 7})
        assert shown["content"] == "**Last 7 days**: 1 message flagged, 1 case for moderators."
        numbers, weeks = shown["attachments"]
        assert (numbers["filename"], weeks["filename"]) == ("statistics.png", "weeks.png")
        assert "Insult: 1 of 1 right, too few to say more." in numbers["description"]
        assert "#gaming few" in weeks["description"]
        for attachment in (numbers, weeks):
            png = file_of(house, attachment)
            assert png.startswith(b"\x89PNG\r\n\x1a\n")
            assert struct.unpack(">I", png[16:20]) == (800,)

        (file,) = (await ask(house, "candor export", {"what": "verdicts"}))["attachments"]
        text = file_of(house, file).decode("utf-8-sig")
        assert ",breaks_rules,insult,right," in text
        assert "clown" not in text
        assert "No appeal is open." in (await ask(house, "candor appeals", {}))["content"]
        assert house.app.bot.failures == 0
