"""Messages as they stand on Discord now."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.chat.history import DiscordHistory
from bot.chat.messages import DiscordMessages
from bot.core.away import Place
from bot.core.events import IncomingMessage
from bot.errors import BotError, GuildAway, NotAllowed
from tests.chat.conftest import Stage


async def fetched(stage: Stage, message: discord.Message) -> IncomingMessage | None:
    return await DiscordMessages(stage.bot).fetch(
        guild_id=stage.guild.id, channel_id=message.channel.id, message_id=message.id
    )


def deny(stage: Stage, permission: str) -> None:
    """The bot may do that in #general no more."""
    denied = discord.Permissions(**{permission: True}).value
    overwrite = Overwrite(stage.env.backend.bot_user.id, OverwriteType.MEMBER, deny=denied)
    stage.env.backend.set_overwrite(stage.general.id, overwrite)


async def test_a_message_is_fetched_as_it_arrived(stage: Stage) -> None:
    sent = await stage.lena.send(stage.general, "hello")

    found = await fetched(stage, sent)

    arrived = stage.house.passed[-1].message
    assert found is not None
    assert (found.message_id, found.revision, found.parts) == (arrived.message_id, arrived.revision, arrived.parts)
    assert found.author == arrived.author
    assert found.author.role_ids == {stage.mods.id}


async def test_an_edited_message_is_fetched_in_its_new_revision(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    await stage.env.advance_time(5)
    await stage.kai.edit(sent, "hello again")

    found = await fetched(stage, sent)

    assert found is not None
    assert found.revision == stage.house.passed[-1].message.revision > 0


async def test_a_message_that_is_gone_is_none(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    await stage.kai.delete(sent)

    assert await fetched(stage, sent) is None


async def test_a_message_in_a_channel_that_is_gone_is_none(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.env.backend.delete_channel(stage.general.id)
    await stage.env.settle()

    assert await fetched(stage, sent) is None


async def test_a_silent_discord_is_not_taken_for_a_deleted_message(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.env.inject_error("GET", "/channels/*/messages/*", status=503)

    with pytest.raises(BotError, match="did not answer"):
        await fetched(stage, sent)


async def test_a_message_whose_author_left_is_still_fetched(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.guild.remove_member(stage.kai)

    found = await fetched(stage, sent)

    assert found is not None
    assert found.author.name == "Kai"


async def test_many_messages_of_a_channel_are_read_by_pages_of_its_history(stage: Stage) -> None:
    sent = [await stage.kai.send(stage.general, f"line {number}") for number in range(130)]
    await stage.kai.delete(sent[50])
    await stage.kai.edit(sent[60], "another line")
    wanted = [message.id for message in sent if message.id != sent[70].id]
    found = await DiscordMessages(stage.bot).fetch_many(
        guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=wanted
    )
    assert set(found) == set(wanted) - {sent[50].id}
    assert found[sent[0].id].text == "line 0"
    assert found[sent[60].id].text == "another line"
    assert found[sent[0].id].author.name == stage.house.passed[0].message.author.name


async def test_many_messages_of_a_channel_that_is_gone_are_none(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.env.backend.delete_channel(stage.general.id)
    await stage.env.settle()
    messages = DiscordMessages(stage.bot)
    assert not await messages.fetch_many(
        guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[sent.id, sent.id + 1]
    )


async def test_a_silent_discord_is_not_taken_for_many_deleted_messages(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.env.inject_error("GET", "/channels/*/messages", status=503)
    with pytest.raises(BotError):
        await DiscordMessages(stage.bot).fetch_many(
            guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[sent.id]
        )


@pytest.mark.parametrize("missing", ["view_channel", "read_message_history"])
async def test_many_messages_that_may_not_be_read_now_are_not_taken_for_deleted_ones_nor_asked_for(
    stage: Stage, missing: str
) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    deny(stage, missing)
    await stage.env.settle()
    messages, before = DiscordMessages(stage.bot), len(stage.env.http_requests)
    place = {"guild_id": stage.guild.id, "channel_id": stage.general.id}
    with pytest.raises(NotAllowed):
        await messages.fetch_many(**place, message_ids=[sent.id])
    assert len(stage.env.http_requests) == before
    stage.env.backend.delete_overwrite(stage.general.id, stage.env.backend.bot_user.id)
    await stage.env.settle()
    assert set(await messages.fetch_many(**place, message_ids=[sent.id])) == {sent.id}


@pytest.mark.parametrize("path", ["/channels/*/messages", "/guilds/*/members/*"])
async def test_what_discord_forbids_to_read_is_not_taken_for_many_deleted_messages(stage: Stage, path: str) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.env.inject_error("GET", path, status=403)
    with pytest.raises(NotAllowed):
        await DiscordMessages(stage.bot).fetch_many(
            guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[sent.id]
        )


async def test_a_permission_that_is_taken_away_while_pages_are_read_makes_no_message_a_deleted_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    take = stage.bot.turns.take

    async def and_then_it_is_taken_away(channel_id: int) -> None:
        await take(channel_id)
        deny(stage, "read_message_history")

    monkeypatch.setattr(stage.bot.turns, "take", and_then_it_is_taken_away)
    with pytest.raises(NotAllowed):
        await DiscordMessages(stage.bot).fetch_many(
            guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[sent.id]
        )


async def test_a_connection_that_closes_while_authors_are_asked_for_is_one_error_and_no_crash(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [await member.send(stage.general, "hello") for member in (stage.kai, stage.lena)]
    closed = discord.ConnectionClosed(SimpleNamespace(close_code=1001), shard_id=None)  # type: ignore[arg-type]

    async def no_more(*args: object, **kwargs: object) -> None:
        raise closed

    monkeypatch.setattr(discord.Guild, "query_members", no_more)
    with pytest.raises(BotError, match="did not answer"):
        await DiscordMessages(stage.bot).fetch_many(
            guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[each.id for each in sent]
        )


async def test_messages_of_a_server_that_is_unavailable_are_not_taken_for_deleted_ones(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    known = stage.bot.get_guild(stage.guild.id)
    assert known is not None
    known.unavailable = True
    await _says_nothing(stage, sent)
    with pytest.raises(GuildAway):
        await DiscordHistory(stage.bot).page(_place(stage), before=sent.id + 1)


async def test_before_discord_has_named_the_servers_no_message_is_taken_for_deleted(stage: Stage) -> None:
    sent = await stage.kai.send(stage.general, "hello")
    stage.bot._connection._guilds.clear()
    stage.bot.ready_event.clear()
    await _says_nothing(stage, sent)
    with pytest.raises(GuildAway):
        await DiscordHistory(stage.bot).page(_place(stage), before=sent.id + 1)
    stage.bot.ready_event.set()
    assert await fetched(stage, sent) is None  # by now the bot is known to be on that server no more


async def _says_nothing(stage: Stage, sent: discord.Message) -> None:
    messages = DiscordMessages(stage.bot)
    with pytest.raises(GuildAway):
        await messages.fetch(guild_id=stage.guild.id, channel_id=stage.general.id, message_id=sent.id)
    with pytest.raises(GuildAway):
        await messages.fetch_many(guild_id=stage.guild.id, channel_id=stage.general.id, message_ids=[sent.id])


def _place(stage: Stage) -> Place:
    return Place(guild_id=stage.guild.id, channel_id=stage.general.id, newest_id=None)


async def test_what_waits_of_a_server_is_looked_at_as_soon_as_discord_brings_it_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.flow.rescoring.PAUSE", 0.0)
    pause = asyncio.create_task(stage.bot.flows.rescoring._rest(3600.0))
    known = stage.bot.get_guild(stage.guild.id)
    assert known is not None
    await stage.bot.on_guild_available(known)
    async with asyncio.timeout(30):
        await pause
