"""Registration of commands: what Discord refuses is refused here, so that a bad one fails a test and not a release."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord.http import Route

from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe


def _command(**changes: Any) -> dict[str, Any]:
    return {"name": "case", "description": "Cases", "type": 1, **changes}


def _option(**changes: Any) -> dict[str, Any]:
    return {"name": "who", "description": "Who", "type": 6, **changes}


async def _register(bot: Probe, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    route = Route("PUT", "/applications/{application_id}/commands", application_id=bot.application_id)
    return await bot.http.request(route, json=commands)


@pytest.mark.parametrize(
    ("commands", "where"),
    [
        ([_command(name="Case")], "In 0.name"),
        ([_command(name="two words")], "In 0.name"),
        ([_command(name="x" * 33)], "In 0.name"),
        ([_command(description="")], "In 0.description"),
        ([_command(), _command()], "In 1.name"),
        ([_command(type=3, name="Why?")], "In 0.description"),
        ([_command(options=[_option(), _option()])], "In 0.options.1.name"),
        ([_command(options=[_option(), _option(name="b", required=True)])], "In 0.options.1"),
        ([_command(options=[_option(), _option(name="b", type=1)])], "In 0.options"),
        ([_command(options=[_option(type=3, choices=[{"name": "a", "value": "a"}] * 26)])], "In 0.options.0.choices"),
        ([_command(options=[_option(name=f"o{number}") for number in range(26)])], "In 0.options"),
        ([_command(options=[_option(type=2)])], "In 0.options.0.options"),
    ],
)
async def test_a_bad_command_is_refused_with_the_field_that_is_wrong(
    sandbox: Sandbox, bot: Probe, commands: list[dict[str, Any]], where: str
) -> None:
    sandbox.on_rest_body = None
    with pytest.raises(discord.HTTPException) as refused:
        await _register(bot, commands)
    assert refused.value.code == 50035
    assert where in refused.value.text
    assert sandbox.snapshot()["commands"] == []


async def test_at_most_a_hundred_commands_and_fifteen_menus_are_taken(sandbox: Sandbox, bot: Probe) -> None:
    await _register(bot, [_command(name=f"c{number}") for number in range(100)])
    for too_many in (
        [_command(name=f"c{number}") for number in range(101)],
        [{"name": f"m{number}", "type": 3} for number in range(16)],
    ):
        with pytest.raises(discord.HTTPException) as refused:
            await _register(bot, too_many)
        assert refused.value.code == 30032
    assert len(sandbox.snapshot()["commands"]) == 100


async def test_a_command_that_stays_keeps_its_id(sandbox: Sandbox, bot: Probe) -> None:
    first = {each["name"]: each["id"] for each in await _register(bot, [_command(), _command(name="old")])}
    second = {each["name"]: each["id"] for each in await _register(bot, [_command(description="All cases")])}
    assert second == {"case": first["case"]}


async def test_guild_commands_hide_global_ones_of_their_name_and_the_page_is_told(sandbox: Sandbox, bot: Probe) -> None:
    with sandbox.subscribe() as events:

        @bot.tree.command(name="ask", description="Everywhere")
        async def everywhere(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("the global one")

        @bot.tree.command(name="ask", description="Here", guild=bot.guild)
        async def here(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("the guild's own")

        await bot.tree.sync()
        await bot.tree.sync(guild=bot.guild)
        told = [await events.until(lambda event: event["type"] == "commands_update") for _ in range(2)]
    assert [len(each["commands"]) for each in told] == [1, 2]
    answer = await sandbox.slash("Kai", "general", "ask")
    assert answer.message is not None
    assert answer.message["content"] == "the guild's own"
    fetched = await bot.tree.fetch_commands()
    await fetched[0].delete()
    assert await bot.tree.fetch_commands() == []
