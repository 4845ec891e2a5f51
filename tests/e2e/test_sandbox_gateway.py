"""The sandbox's gateway, met by the unmodified discord.py client on a socket."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe, running

ROOT = Path(__file__).parents[2]
GATEWAY = "wss://gateway.discord.gg/?v=10&encoding=json"


async def test_the_client_logs_in_and_knows_guild_channels_and_all_members(sandbox: Sandbox, bot: Probe) -> None:
    assert str(bot.user) == "candor"
    assert bot.guild.name == "Harbor Games"
    assert {channel.name for channel in bot.guild.text_channels} >= {"general", "gaming", "vent", "mod-review"}
    assert {member.global_name for member in bot.guild.members} == {
        *("Mia", "Jonas", "Kai", "Priya", "Sam", "Noor", "Lena", "Robin", "Candor")
    }
    assert bot.person("Robin") == bot.guild.owner
    assert bot.guild.me.guild_permissions.moderate_members
    assert not bot.guild.me.guild_permissions.ban_members


async def test_a_wrong_token_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(discord.LoginFailure):
        async with running(Probe(sandbox), "nonsense"):
            pytest.fail("the bot must not become ready")


async def test_intents_that_the_portal_has_not_switched_on_are_refused(sandbox: Sandbox) -> None:
    intents = discord.Intents.default()
    intents.presences = True
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(Probe(sandbox, intents), sandbox.token):
            pytest.fail("the bot must not become ready")


async def test_without_the_content_intent_messages_come_empty(sandbox: Sandbox) -> None:
    async with running(Probe(sandbox, discord.Intents.default()), sandbox.token) as bot:
        await sandbox.say("Mia", "general", "hello all")
        assert (await bot.heard("message")).content == ""
        await sandbox.say("Mia", "general", f"hello <@{sandbox.world.application.bot_id}>")
        assert (await bot.heard("message")).content.startswith("hello <@")


async def test_messages_edits_deletes_joins_and_leaves_reach_the_bot(sandbox: Sandbox, bot: Probe) -> None:
    sent = await sandbox.say("Mia", "#general", "hello there")
    heard = await bot.heard("message")
    assert (heard.content, heard.author, heard.channel.name) == ("hello there", bot.person("Mia"), "general")
    assert heard.author.joined_at == sandbox.member("Mia").joined_at

    await sandbox.edit("Mia", sent["id"], "hello you")
    edit = await bot.heard("edit")
    assert edit.message.content == "hello you"
    assert edit.message.edited_at is not None

    await sandbox.delete("Mia", sent["id"])
    assert (await bot.heard("delete")).message_id == int(sent["id"])

    joined = await sandbox.add_member("Theo")
    assert (await bot.heard("join")).id == int(joined["user"]["id"])
    await sandbox.remove_member("Theo")
    assert (await bot.heard("leave")).user.global_name == "Theo"


async def test_channels_that_the_bot_cannot_see_stay_silent(sandbox: Sandbox, bot: Probe) -> None:
    staff = sandbox.channel("mod-review")
    staff.overwrites[bot.guild.me.roles[-1].id].allow = 0
    await sandbox.say("Lena", "mod-review", "for the staff only")
    await sandbox.say("Lena", "general", "for everybody")
    assert (await bot.heard("message")).content == "for everybody"


async def test_after_a_drop_the_client_resumes_and_gets_what_it_missed(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.gateway.drop()
    for text in ("one", "two", "three"):
        await sandbox.say("Mia", "general", text)
    await bot.heard("resumed")
    assert [(await bot.heard("message")).content for _ in range(3)] == ["one", "two", "three"]
    assert bot.unheard("ready") == 0
    assert bot.unheard("message") == 0


async def test_a_refused_resume_leads_to_a_fresh_session(sandbox: Sandbox, bot: Probe) -> None:
    sandbox.faults.refuse_resume()
    await sandbox.gateway.drop()
    await sandbox.say("Mia", "general", "missed for good")
    await bot.heard("ready")
    await sandbox.say("Mia", "general", "heard again")
    assert (await bot.heard("message")).content == "heard again"
    assert bot.unheard("resumed") == 0


async def test_a_session_is_lost_after_45_seconds_away(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.gateway.drop()
    sandbox.clock.advance(46)
    await bot.heard("ready")
    assert bot.unheard("resumed") == 0


async def test_discord_can_ask_the_client_to_reconnect(sandbox: Sandbox, bot: Probe) -> None:
    sandbox.gateway.ask_to_reconnect()
    await bot.heard("resumed")
    sandbox.gateway.invalidate(resumable=True)
    await bot.heard("resumed")
    sandbox.gateway.invalidate()
    await bot.heard("ready")


async def test_being_put_out_of_the_guild_and_invited_again_is_told(sandbox: Sandbox, bot: Probe) -> None:
    await sandbox.remove_bot()
    assert (await bot.heard("guild_remove")).id == sandbox.guild.id
    assert list(bot.guilds) == []
    await sandbox.say("Mia", "general", "among us")
    await sandbox.add_bot()
    assert (await bot.heard("guild_join")).id == sandbox.guild.id
    assert len(bot.guild.members) == 9
    await sandbox.say("Mia", "general", "hello bot")
    assert (await bot.heard("message")).content == "hello bot"


async def test_a_large_guild_comes_in_several_chunks(sandbox: Sandbox) -> None:
    for number in range(1500):
        await sandbox.add_member(f"crowd{number}")
    async with running(Probe(sandbox), sandbox.token) as bot:
        assert len(bot.guild.members) == 1509


def _identify(sandbox: Sandbox, **changes: object) -> str:
    properties = {"os": "linux", "browser": "test", "device": "test"}
    data = {"token": sandbox.token, "intents": 513, "properties": properties, **changes}
    return json.dumps({"op": 2, "d": data})


async def test_ready_names_the_resume_address_and_the_guild_comes_with_the_bot_alone(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(connector=sandbox.connector()) as session, session.ws_connect(GATEWAY) as socket:
        assert (await socket.receive_json())["d"]["heartbeat_interval"] > 0
        await socket.send_str(_identify(sandbox))
        ready = (await socket.receive_json())["d"]
        assert ready["resume_gateway_url"].startswith("wss://")
        assert ready["guilds"] == [{"id": str(sandbox.guild.id), "unavailable": True}]
        guild = (await socket.receive_json())["d"]
        assert [member["user"]["username"] for member in guild["members"]] == ["candor"]
        assert guild["member_count"] == 9
        await socket.send_json({"op": 1, "d": 2})
        assert (await socket.receive_json())["op"] == 11


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ('{"op": 8, "d": {}}', 4003),
        ('{"op": 99, "d": {}}', 4001),
        ("nonsense", 4002),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
    ],
)
async def test_misuse_closes_the_connection_with_discords_code(sandbox: Sandbox, sent: str, code: int) -> None:
    async with aiohttp.ClientSession(connector=sandbox.connector()) as session, session.ws_connect(GATEWAY) as socket:
        await socket.receive_json()
        await socket.send_str(sent)
        await socket.receive()
        assert socket.close_code == code


async def test_zlib_stream_is_one_stream_with_a_flush_after_each_payload(sandbox: Sandbox) -> None:
    inflate = zlib.decompressobj()
    address = f"{GATEWAY}&compress=zlib-stream"
    async with aiohttp.ClientSession(connector=sandbox.connector()) as session, session.ws_connect(address) as socket:
        first = await socket.receive_bytes()
        assert first.endswith(b"\x00\x00\xff\xff")
        assert json.loads(inflate.decompress(first))["op"] == 10
        await socket.send_str(_identify(sandbox))
        assert json.loads(inflate.decompress(await socket.receive_bytes()))["t"] == "READY"


ONE_MESSAGE = """
import sys
if {without!r}:
    sys.modules[{without!r}] = None
import asyncio
from discord.utils import _ActiveDecompressionContext as chosen
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe, running

async def main():
    async with await Sandbox.start() as sandbox, running(Probe(sandbox), sandbox.token) as bot:
        await sandbox.say("Mia", "general", "through the stream")
        print(chosen.COMPRESSION_TYPE, (await bot.heard("message")).content)

asyncio.run(main())
"""


@pytest.mark.parametrize(("without", "stream"), [("", "zstd-stream"), ("zstandard", "zlib-stream")])
def test_the_client_reads_both_compressions(without: str, stream: str) -> None:
    # Which one discord.py asks for is settled as it is imported, so each needs a process of its own.
    result = subprocess.run(
        [sys.executable, "-c", ONE_MESSAGE.format(without=without)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip() == f"{stream} through the stream", result.stderr
