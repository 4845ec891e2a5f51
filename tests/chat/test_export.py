"""`/candor export` as an administrator uses it: a private file, or one sentence."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import simcord
from simcord.backend.errors import SetupError

from tests.chat.conftest import Stage, said


async def export(stage: Stage, **options: Any) -> simcord.InteractionResult:
    return await stage.admin.slash(stage.general, "candor export", **options)


async def test_an_export_is_a_private_file_that_says_what_it_holds(stage: Stage) -> None:
    await stage.say("what an insult")

    result = await export(stage, what="cases", days=7)

    assert "1 row: the cases of the last 7 days." in said(result)
    assert "no message text and no names" in said(result)
    assert result.response is not None
    (file,) = result.response.message.attachments
    assert file.filename.startswith("candor-cases-")
    assert file.filename.endswith(".csv")
    data = await file.read()
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row["author_id"] == f"'{stage.kai.id}"
    assert b"Kai" not in data
    assert b"what an insult" not in data


@pytest.mark.parametrize("what", ["cases", "verdicts"])
async def test_nothing_to_export_is_one_sentence(stage: Stage, what: str) -> None:
    result = await export(stage, what=what)
    assert said(result) == f"There are no {what} in the last 30 days, so there is nothing to export."
    assert result.response is not None
    assert result.response.message.attachments == []


async def test_settings_are_exported_with_their_changes(stage: Stage) -> None:
    await stage.admin.slash(stage.general, "candor rules set", setting="cards_a_day", value="12")
    result = await export(stage, what="settings")
    assert result.response is not None
    (file,) = result.response.message.attachments
    text = (await file.read()).decode("utf-8-sig")
    assert "now,cards_a_day,12" in text
    assert f"change,cards_a_day,12,30,{stage.env.now():%Y-%m-%d}" in text


async def test_an_export_needs_manage_server(stage: Stage) -> None:
    with pytest.raises(SetupError, match="not visible"):
        await stage.lena.slash(stage.general, "candor export", what="cases")
    commands = {command.name: command for command in await stage.bot.tree.fetch_commands()}
    stage.guild.set_command_permissions(commands["candor"], {stage.mods: True})
    result = await stage.lena.slash(stage.general, "candor export", what="cases")
    assert said(result) == "You need the permission Manage Server for that."
