"""Interactions that are answered too late or twice, as an unmodified discord.py bot meets them."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord.http import Route

from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe

Press = discord.Interaction[discord.Client]


async def _interaction(sandbox: Sandbox, bot: Probe) -> tuple[Press, asyncio.Task[Any]]:
    @bot.tree.command(name="idle", description="Does nothing")
    async def idle(interaction: Press) -> None:
        return

    await bot.tree.sync()
    asked = asyncio.create_task(sandbox.slash("Kai", "general", "idle"))
    return await bot.heard("interaction"), asked


async def test_an_answer_after_three_seconds_is_too_late(sandbox: Sandbox, bot: Probe) -> None:
    interaction, asked = await _interaction(sandbox, bot)
    sandbox.clock.advance(3)
    answer = await asked
    assert (answer.kind, answer.text) == ("failed", "This interaction failed")
    with pytest.raises(discord.NotFound) as refused:
        await interaction.response.send_message("sorry, late")
    assert refused.value.code == 10062
    with pytest.raises(discord.NotFound) as refused:
        await interaction.followup.send("anybody?")
    assert refused.value.code == 10015


async def test_a_second_answer_is_refused(sandbox: Sandbox, bot: Probe) -> None:
    interaction, asked = await _interaction(sandbox, bot)
    await interaction.response.send_message("first")
    assert (await asked).kind == "message"
    path = "/interactions/{interaction_id}/{interaction_token}/callback"
    route = Route("POST", path, interaction_id=interaction.id, interaction_token=interaction.token)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(route, json={"type": 4, "data": {"content": "second"}})
    assert refused.value.code == 40060


async def test_a_token_lasts_fifteen_minutes(sandbox: Sandbox, bot: Probe) -> None:
    interaction, asked = await _interaction(sandbox, bot)
    await interaction.response.send_message("first", ephemeral=True)
    answer = await asked
    sandbox.clock.advance(14 * 60)
    await interaction.followup.send("second", ephemeral=True)
    assert (await sandbox.after(answer)).message is not None
    sandbox.clock.advance(2 * 60)
    with pytest.raises(discord.HTTPException) as refused:
        await interaction.followup.send("third")
    assert refused.value.code == 50027
