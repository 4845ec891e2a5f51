"""The sandbox's slow mode and incident actions, met by the unmodified discord.py client."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import discord
import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.permissions import P
from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import WAIT_SECONDS, Probe


def grant(sandbox: Sandbox, bits: int) -> None:
    """Let the bot's role hold more."""
    next(role for role in sandbox.guild.roles.values() if role.name == "Candor").permissions |= int(bits)


async def paused_until(bot: Probe, wanted: bool) -> None:
    """Wait until the gateway has told the client that invites are paused, or open."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (bot.guild.invites_paused_until is not None) is not wanted:
            await bot.wait_for("guild_update")


async def test_invites_are_paused_and_opened_and_the_client_is_told(sandbox: Sandbox, bot: Probe) -> None:
    grant(sandbox, P.MANAGE_GUILD)
    until = sandbox.clock.now() + timedelta(hours=1)
    answer = await bot.http.edit_incident_actions(bot.guild.id, {"invites_disabled_until": until.isoformat()})
    assert answer == {"invites_disabled_until": until.isoformat(timespec="microseconds"), "dms_disabled_until": None}
    await paused_until(bot, wanted=True)
    assert bot.guild.invites_paused()
    assert (await bot.fetch_guild(bot.guild.id)).invites_paused_until == until

    await bot.http.edit_incident_actions(bot.guild.id, {"invites_disabled_until": None})
    await paused_until(bot, wanted=False)


async def test_one_incident_action_leaves_the_other_as_it_is(sandbox: Sandbox, bot: Probe) -> None:
    grant(sandbox, P.MANAGE_GUILD)
    until = sandbox.clock.now() + timedelta(hours=1)
    await bot.http.edit_incident_actions(bot.guild.id, {"dms_disabled_until": until.isoformat()})
    await bot.http.edit_incident_actions(bot.guild.id, {"invites_disabled_until": until.isoformat()})
    assert (sandbox.guild.dms_disabled_until, sandbox.guild.invites_disabled_until) == (until, until)


async def test_incident_actions_need_manage_server_and_last_a_day_at_most(sandbox: Sandbox, bot: Probe) -> None:
    until = sandbox.clock.now() + timedelta(hours=1)
    with pytest.raises(discord.Forbidden) as refused:
        await bot.http.edit_incident_actions(bot.guild.id, {"invites_disabled_until": until.isoformat()})
    assert refused.value.code == 50013
    grant(sandbox, P.MANAGE_GUILD)
    too_late = (until + timedelta(hours=24)).isoformat()
    with pytest.raises(discord.HTTPException) as bad:
        await bot.http.edit_incident_actions(bot.guild.id, {"invites_disabled_until": too_late})
    assert bad.value.code == 50035
    assert sandbox.guild.invites_disabled_until is None


async def test_slow_mode_holds_members_back_and_not_moderators_and_is_in_the_audit_log(
    sandbox: Sandbox, bot: Probe
) -> None:
    with pytest.raises(discord.Forbidden):
        await bot.text("general").edit(slowmode_delay=30)
    grant(sandbox, P.MANAGE_CHANNELS)
    await bot.text("general").edit(slowmode_delay=30, reason="raid")
    entry = sandbox.guild.audit[-1]
    assert (entry["action_type"], entry["reason"]) == (11, "raid")
    assert entry["changes"] == [{"key": "rate_limit_per_user", "old_value": 0, "new_value": 30}]

    await sandbox.say("Mia", "general", "one")
    with pytest.raises(ApiError) as slowed:
        await sandbox.say("Mia", "general", "two")
    assert (slowed.value.status, slowed.value.code) == (429, 20016)
    await sandbox.say("Kai", "general", "somebody else")
    for number in range(2):
        await sandbox.say("Lena", "general", f"a moderator {number}")
        await bot.text("general").send(f"a bot {number}")
    sandbox.clock.advance(31)
    await sandbox.say("Mia", "general", "three")


async def test_slow_mode_lasts_six_hours_at_most(sandbox: Sandbox, bot: Probe) -> None:
    grant(sandbox, P.MANAGE_CHANNELS)
    sandbox.on_rest_body = None  # the body is one that Discord's description forbids
    with pytest.raises(discord.HTTPException) as bad:
        await bot.text("general").edit(slowmode_delay=21601)
    assert bad.value.code == 50035
