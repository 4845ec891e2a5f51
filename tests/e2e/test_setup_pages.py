"""`/candor setup` over the sandbox, whose Discord checks every form; the model is a fake."""

from __future__ import annotations

from pathlib import Path

from bot.chat.setup_pages import PAGES
from bot.sandbox.answers import Answer
from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.chat.conftest import House, house  # noqa: F401 - a fixture
from tests.e2e.connected import connected


async def after(sandbox: Sandbox, answer: Answer) -> Answer:
    """What comes once the button stopped turning."""
    return await sandbox.after(answer) if answer.kind == "deferred" else answer


async def press(sandbox: Sandbox, page: Answer, verb: str) -> Answer:
    assert page.message is not None
    return await after(sandbox, await sandbox.press("Robin", page.message["id"], f"candor:v1:setup_{verb}"))


async def choose(sandbox: Sandbox, page: Answer, menu: str, name: str) -> None:
    assert page.message is not None
    custom_id = f"candor:v1:setup_menu_{menu}"
    await after(sandbox, await sandbox.select("Robin", page.message["id"], custom_id, [name]))


async def test_the_owner_presses_through_every_page(house: House, tmp_path: Path) -> None:  # noqa: F811
    async with await Sandbox.start() as sandbox:
        next(role for role in sandbox.guild.roles.values() if role.name == "Candor").permissions |= int(P.MANAGE_GUILD)
        async with connected(house, tmp_path, sandbox):
            page = await sandbox.slash("Robin", "#general", "candor setup")
            await choose(sandbox, page, "review", "#mod-review")
            await press(sandbox, page, "to_roles")
            await choose(sandbox, page, "roles", "Moderator")
            for name in PAGES[2:-1]:
                await press(sandbox, page, f"to_{name}")
            sample = await press(sandbox, page, "sample")
            assert sample.message is not None
            await after(sandbox, await sandbox.press("Robin", sample.message["id"], "candor:v1:sample_delete"))
            last = await press(sandbox, page, "to_done")

    assert last.message is not None
    assert "Shadow. Nobody will be deleted, timed out, messaged or pinged." in last.message["content"]
    rules = await house.setup.rules(sandbox.guild.id)
    assert (rules.review_channel_id, len(rules.reviewer_role_ids)) == (sandbox.channel("#mod-review").id, 1)
