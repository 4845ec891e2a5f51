"""Members' reports, labels and case numbers over the sandbox, whose Discord checks every form; the model is a fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.guild_rules import GuildRules
from bot.sandbox.answers import Answer
from bot.sandbox.sandbox import Sandbox
from tests.chat.conftest import House, house  # noqa: F401 - a fixture
from tests.e2e.app_house import text_of
from tests.e2e.connected import connected

MENU = "Report to moderators"


@pytest.fixture
async def harbor(sandbox: Sandbox, house: House, tmp_path: Path) -> AsyncIterator[House]:  # noqa: F811
    """The connected bot, with its review channel set."""
    async with connected(house, tmp_path, sandbox):
        rules = GuildRules(sandbox.guild.id, review_channel_id=sandbox.channel("#mod-review").id)
        await house.guilds.save(rules, by=1, at=house.clock.now())
        desk = asyncio.create_task(house.desk.run())
        yield house
        desk.cancel()
        await asyncio.gather(desk, return_exceptions=True)


async def last(sandbox: Sandbox, answer: Answer) -> str:
    """What the person reads at the end."""
    while answer.kind in ("deferred", "thinking"):
        answer = await sandbox.after(answer)
    assert answer.message is not None, answer.text
    return answer.message["content"] or text_of(answer.message)


async def report(sandbox: Sandbox, who: str, message_id: str, reason: str) -> str:
    form = await sandbox.context_menu(who, MENU, message_id=message_id)
    if form.modal is None:
        return await last(sandbox, form)
    return await last(sandbox, await sandbox.submit_modal(who, form.modal["id"], {"text": reason}))


async def test_a_member_reports_by_form_and_the_card_keeps_the_name_back(sandbox: Sandbox, harbor: House) -> None:
    said = await sandbox.say("Kai", "#general", "aww, did someone help you type that?")

    assert (await report(sandbox, "Priya", said["id"], "he mocks me")).startswith("Thank you.")
    assert (await report(sandbox, "Mia", said["id"], "")).startswith("Thank you.")
    assert "already" in await report(sandbox, "Priya", said["id"], "again")
    assert "your own message" in await report(sandbox, "Kai", said["id"], "")

    await harbor.desk.drain()
    (card,) = sandbox.channel("#mod-review").messages.values()
    assert "Reported by 2 members · case 1" in text_of(card)
    assert "||he mocks me||" in text_of(card)
    assert "Priya" not in text_of(card)
    assert str(sandbox.member("Priya").user.id) not in str(card)


async def test_a_moderator_labels_a_message_and_finds_its_case_by_typing(sandbox: Sandbox, harbor: House) -> None:
    said = await sandbox.say("Kai", "#general", "aww, did someone help you type that?")

    menu = await sandbox.context_menu("Lena", "Label message", message_id=said["id"])
    assert menu.message is not None
    custom_id = menu.message["components"][0]["components"][0]["custom_id"]
    answer = await last(sandbox, await sandbox.select("Lena", menu.message["id"], custom_id, ["insult"]))
    assert answer == "This is case 1 now. Recorded: it breaks the rules."

    typing = await sandbox.autocomplete("Lena", "#general", "case show", "case_id", "1")
    assert [(choice["name"], choice["value"]) for choice in typing.choices] == [("1 · labelled · Kai · just now", 1)]
    shown = await last(sandbox, await sandbox.slash("Lena", "#general", "case show", {"case_id": 1}))
    assert "Labelled by a moderator" in shown
