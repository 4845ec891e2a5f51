"""Discord's rules in the sandbox, met by the unmodified discord.py client: permissions, rank, time-outs, members."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import discord
import pytest

from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe, deny


async def test_unknown_things_have_discords_codes(sandbox: Sandbox, bot: Probe) -> None:
    async def code(call: Awaitable[object]) -> int:
        with pytest.raises(discord.NotFound) as refused:
            await call
        return refused.value.code

    assert await code(bot.text("general").fetch_message(5)) == 10008
    assert await code(bot.fetch_channel(5)) == 10003
    assert await code(bot.guild.fetch_member(5)) == 10007
    assert await code(bot.fetch_user(5)) == 10013


async def test_only_own_messages_are_edited_and_others_deleted_with_manage_messages(
    sandbox: Sandbox, bot: Probe
) -> None:
    sent = await sandbox.say("Mia", "general", "mine")
    message = await bot.text("general").fetch_message(int(sent["id"]))
    with pytest.raises(discord.Forbidden) as refused:
        await message.edit(content="yours")
    assert refused.value.code == 50005
    await message.delete()
    assert sandbox.channel("general").messages == {}
    assert sandbox.guild.audit == []

    another = await sandbox.say("Mia", "general", "again")
    deny(sandbox, "general", P.MANAGE_MESSAGES)
    with pytest.raises(discord.Forbidden) as refused:
        await bot.text("general").get_partial_message(int(another["id"])).delete()
    assert refused.value.code == 50013


async def test_a_hidden_channel_answers_missing_access(sandbox: Sandbox, bot: Probe) -> None:
    deny(sandbox, "vent", P.VIEW_CHANNEL)
    with pytest.raises(discord.Forbidden) as refused:
        await bot.text("vent").send("hello?")
    assert refused.value.code == 50001


async def test_a_timeout_reaches_at_most_28_days_and_never_those_above(sandbox: Sandbox, bot: Probe) -> None:
    kai = bot.person("Kai")
    await kai.timeout(timedelta(days=27), reason="insults, again – 100 %")
    until = sandbox.member("Kai").timeout_until
    assert until is not None
    assert until - datetime.now(UTC) > timedelta(days=26)
    assert sandbox.guild.audit[-1]["reason"] == "insults, again – 100 %"
    assert (await bot.heard("member_update")).is_timed_out()
    with pytest.raises(discord.HTTPException, match="28 days"):
        await kai.edit(timed_out_until=datetime.now(UTC) + timedelta(days=29))
    for name in ("Lena", "Robin"):
        with pytest.raises(discord.Forbidden) as refused:
            await bot.person(name).timeout(timedelta(minutes=5))
        assert refused.value.code == 50013


async def test_an_administrator_is_never_timed_out_even_from_above(sandbox: Sandbox, bot: Probe) -> None:
    top = max(sandbox.guild.roles.values(), key=lambda role: role.position)
    for role in sandbox.guild.roles.values():
        role.position = 9 if role.name == "Candor" else min(role.position, 5)
    joined = await sandbox.add_member("Ada", roles=[top.id])
    member = await bot.guild.fetch_member(int(joined["user"]["id"]))
    with pytest.raises(discord.Forbidden):
        await member.timeout(timedelta(minutes=5))


async def test_kicks_bans_and_roles_need_permission_and_rank(sandbox: Sandbox, bot: Probe) -> None:
    with pytest.raises(discord.Forbidden):
        await bot.person("Kai").kick()
    bot_role = next(role for role in sandbox.guild.roles.values() if role.name == "Candor")
    bot_role.permissions |= P.KICK_MEMBERS | P.BAN_MEMBERS | P.MANAGE_ROLES | P.VIEW_AUDIT_LOG
    await bot.person("Kai").kick(reason="enough")
    await bot.person("Sam").ban(reason="spam", delete_message_seconds=0)
    with pytest.raises(discord.Forbidden):
        await bot.person("Lena").kick()
    regular = discord.utils.get(bot.guild.roles, name="Regular")
    admin = discord.utils.get(bot.guild.roles, name="Admin")
    assert regular is not None
    assert admin is not None
    await bot.person("Noor").remove_roles(regular)
    assert sandbox.member("Noor").role_ids == []
    with pytest.raises(discord.Forbidden):
        await bot.person("Noor").add_roles(admin)
    entries = [entry async for entry in bot.guild.audit_logs(limit=5)]
    assert [entry.action.name for entry in entries] == ["member_role_update", "ban", "kick"]
    assert entries[1].reason == "spam"
    bans = [entry.user.id async for entry in bot.guild.bans()]
    assert bans == [int(sandbox.guild.audit[1]["target_id"])]


async def test_direct_messages_arrive_unless_they_are_closed(sandbox: Sandbox, bot: Probe) -> None:
    await bot.person("Priya").send("hello Priya")
    channel = await sandbox.open_dm("Priya", "Candor")
    assert [each["content"] for each in sandbox.channel(channel["id"]).messages.values()] == ["hello Priya"]
    await sandbox.say("Priya", channel["id"], "hello bot")
    assert (await bot.heard("message")).guild is None
    await sandbox.close_dms("Priya")
    with pytest.raises(discord.Forbidden) as refused:
        await bot.person("Priya").send("still there?")
    assert refused.value.code == 50007


async def test_bulk_delete_takes_two_weeks_and_no_more(sandbox: Sandbox, bot: Probe) -> None:
    old = [int((await sandbox.say("Mia", "general", "old"))["id"]) for _ in range(2)]
    sandbox.clock.advance(15 * 24 * 3600)
    new = [int((await sandbox.say("Mia", "general", "new"))["id"]) for _ in range(2)]
    channel = bot.text("general")
    with pytest.raises(discord.HTTPException) as refused:
        await channel.delete_messages([discord.Object(each) for each in (*old, *new)])
    assert refused.value.code == 50034
    await channel.delete_messages([discord.Object(each) for each in new])
    assert (await bot.heard("bulk_delete")).message_ids == set(new)
    assert list(sandbox.channel("general").messages) == old


async def test_making_a_channel_needs_manage_channels_and_grants_nothing_beyond(sandbox: Sandbox, bot: Probe) -> None:
    hidden = {
        bot.guild.default_role: discord.PermissionOverwrite(view_channel=False),
        bot.guild.me: discord.PermissionOverwrite(view_channel=True, send_messages=True),
    }
    with pytest.raises(discord.Forbidden):
        await bot.guild.create_text_channel("candor-review", overwrites=hidden)
    next(role for role in sandbox.guild.roles.values() if role.name == "Candor").permissions |= P.MANAGE_CHANNELS
    made = await bot.guild.create_text_channel("Candor Review", overwrites=hidden, reason="review cards")
    assert made.name == "candor-review"
    assert not made.permissions_for(bot.person("Kai")).view_channel
    assert (await bot.heard("channel")).id == made.id
    with pytest.raises(discord.Forbidden):
        await bot.guild.create_text_channel(
            "too-much", overwrites={bot.guild.me: discord.PermissionOverwrite(ban_members=True)}
        )


async def test_webhooks_need_their_permission_and_a_name_that_is_free(sandbox: Sandbox, bot: Probe) -> None:
    with pytest.raises(discord.Forbidden):
        await bot.text("general").create_webhook(name="Mirror")
    next(role for role in sandbox.guild.roles.values() if role.name == "Candor").permissions |= P.MANAGE_WEBHOOKS
    with pytest.raises(discord.HTTPException, match="discord"):
        await bot.text("general").create_webhook(name="My Discord mirror")
    webhook = await bot.text("general").create_webhook(name="Mirror")
    sent = await webhook.send("as somebody else", username="Kai's words", wait=True)
    assert (sent.author.name, sent.webhook_id) == ("Kai's words", webhook.id)
    await webhook.delete()
    with pytest.raises(discord.NotFound) as refused:
        await webhook.send("gone")
    assert refused.value.code == 10015
