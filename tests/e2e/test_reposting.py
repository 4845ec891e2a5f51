"""Texts put back under the member's name, on the sandbox, which refuses names and threads as Discord does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from bot.chat.messenger import DiscordMessenger
from bot.core.cases import Case
from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.builders import SOME_CASE
from tests.e2e.probe import Probe, running


def about(bot: Probe, channel_id: int, *, author: str = "Kai") -> Case:
    return replace(
        SOME_CASE,
        guild_id=bot.guild.id,
        channel_id=channel_id,
        author_id=bot.person(author).id,
        author_name=author,
        state="closed",
        text="I meant my **own** play",
    )


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Probe]:
    """A bot that may use webhooks and rename members."""
    role = next(role for role in sandbox.guild.roles.values() if role.name == "Candor")
    role.permissions |= P.MANAGE_WEBHOOKS | P.MANAGE_NICKNAMES
    async with running(Probe(sandbox), sandbox.token) as bot:
        yield bot


@pytest.fixture
def messenger(bot: Probe) -> DiscordMessenger:
    reaching: Any = bot
    reaching.own_webhooks = set()
    return DiscordMessenger(cast("Any", reaching))


async def in_a_thread(bot: Probe) -> discord.Thread:
    return await bot.text("general").create_thread(name="co-op", type=discord.ChannelType.public_thread)


async def test_a_text_of_a_thread_goes_back_into_the_thread(bot: Probe, messenger: DiscordMessenger) -> None:
    thread = await in_a_thread(bot)

    outcome = await messenger.quote(about(bot, thread.id), as_member=True)

    assert (outcome.state, outcome.detail) == ("done", None)
    said = await bot.heard("message")
    assert (said.channel.id, said.author.name, said.content) == (thread.id, "Kai", "I meant my **own** play")
    assert said.application_id == bot.application_id


async def test_a_name_that_discord_refuses_is_substituted(bot: Probe, messenger: DiscordMessenger) -> None:
    await bot.person("Kai").edit(nick="Discord Kai")
    general = bot.text("general")

    outcome = await messenger.quote(about(bot, general.id), as_member=True)

    assert (outcome.state, outcome.detail) == ("done", None)
    assert (await bot.heard("message")).author.name == "Dis\u200acord Kai"


async def test_a_thread_of_another_channel_is_refused(bot: Probe, messenger: DiscordMessenger) -> None:
    thread = await in_a_thread(bot)
    elsewhere = next(channel for channel in bot.guild.text_channels if channel.name == "gaming")
    webhook = await elsewhere.create_webhook(name="Mirror")

    with pytest.raises(discord.NotFound) as refused:
        await webhook.send("lost", thread=thread)
    assert refused.value.code == 10003
