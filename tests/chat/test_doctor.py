"""What the doctor finds on Discord: over the gateway for `/candor doctor`, over REST alone for `candor doctor`."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from bot.chat.doctor import as_text, inspect_guild, inspect_login
from bot.config import Settings
from bot.core.findings import Finding
from bot.core.guild_rules import GuildRules
from bot.sandbox.sandbox import Sandbox
from tests.chat.conftest import Stage


async def findings(stage: Stage) -> dict[str, Finding]:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    rules = await stage.house.setup.rules(stage.guild.id)
    return {finding.about: finding for finding in await inspect_guild(guild, rules)}


def own_role(stage: Stage) -> discord.Role:
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    return guild.me.top_role


async def test_a_server_in_order_has_nothing_to_fix(stage: Stage) -> None:
    assert all(finding.ok for finding in (await findings(stage)).values())


async def test_a_channel_that_it_cannot_see_is_named(stage: Stage) -> None:
    hidden = discord.PermissionOverwrite(view_channel=False)
    staff = stage.guild.create_text_channel("staff", overwrites={own_role(stage): hidden})

    found = (await findings(stage))["channels"]

    assert not found.ok
    assert found.sentence == f"I lack View Channel in <#{staff.id}>."


async def test_a_review_channel_that_everybody_sees_is_named(stage: Stage) -> None:
    await stage.rules(review_channel_id=stage.general.id)

    found = (await findings(stage))["review channel"]

    assert found.fix == "Take View Channel from @everyone there."


async def test_a_review_channel_that_is_gone_names_the_command(stage: Stage) -> None:
    await stage.rules(review_channel_id=1)

    assert (await findings(stage))["review channel"].fix == "Run `/candor setup`."


async def test_a_log_channel_that_is_gone_or_closed_is_named(stage: Stage) -> None:
    await stage.rules(log_channel_id=1)
    assert (await findings(stage))["log channel"].sentence == "The log channel is gone or hidden from me."

    mute = discord.PermissionOverwrite(send_messages=False)
    log = stage.guild.create_text_channel("mod-log", overwrites={own_role(stage): mute})
    await stage.env.settle()
    await stage.rules(log_channel_id=log.id)
    found = (await findings(stage))["log channel"]
    assert (found.ok, found.sentence) == (
        False,
        f"I cannot write into the log channel <#{log.id}>: I lack Send Messages there.",
    )


async def test_a_role_of_members_above_its_own_is_named(stage: Stage) -> None:
    regulars = stage.guild.create_role("Regulars", position=50)
    stage.guild.create_role("Chiefs", position=51, permissions=discord.Permissions(administrator=True))

    found = (await findings(stage))["timeouts"]

    assert not found.ok
    assert found.sentence.endswith(f"<@&{regulars.id}>.")


async def test_without_moderate_members_it_says_so(stage: Stage) -> None:
    few = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True, manage_messages=True)
    stage.env.backend.edit_role(stage.guild.id, own_role(stage).id, {"permissions": few.value})

    assert (await findings(stage))["timeouts"].sentence == "I lack Moderate Members."


async def test_a_role_to_call_that_cannot_be_called_is_named(stage: Stage) -> None:
    await stage.rules(ping_role_id=stage.mods.id)
    few = discord.Permissions(view_channel=True, moderate_members=True)
    stage.env.backend.edit_role(stage.guild.id, own_role(stage).id, {"permissions": few.value})

    assert (await findings(stage))["calls"].fix == "Allow anyone to mention that role in its settings."


@pytest.mark.parametrize(("shadow", "paused", "word"), [(True, False, "Shadow"), (False, True, "Paused")])
async def test_the_mode_is_said(stage: Stage, shadow: bool, paused: bool, word: str) -> None:
    await stage.rules(shadow=shadow, paused=paused)

    assert (await findings(stage))["mode"].sentence.startswith(word)


def test_problems_come_first_and_the_text_fits_one_message() -> None:
    many = [Finding(str(n), n % 2 == 0, "x" * 80, None if n % 2 == 0 else "fix it") for n in range(100)]

    text = as_text(many)

    assert len(text) <= 2000
    assert text.startswith("⚠️")
    assert text.endswith("more.")


def settings(folder: Path, token: str | None) -> Settings:
    return Settings(_env_file=None, data_dir=folder, discord_token=token)  # pyright: ignore[reportCallIssue, reportArgumentType]


async def new_guild(guild_id: int) -> GuildRules:
    return GuildRules(guild_id)


async def test_without_a_token_it_says_where_to_get_one(tmp_path: Path) -> None:
    (found,) = await inspect_login(settings(tmp_path, None))

    assert not found.ok
    assert "CANDOR_DISCORD_TOKEN" in (found.fix or "")


async def test_a_wrong_token_is_told_apart_from_a_missing_network(tmp_path: Path) -> None:
    async with await Sandbox.start() as sandbox:
        (found,) = await inspect_login(settings(tmp_path, "wrong"), connector=sandbox.connector())
        connector = sandbox.connector()
    assert found.sentence == "Discord does not accept the token."

    (found,) = await inspect_login(settings(tmp_path, "any"), connector=connector)
    assert found.sentence.startswith("Discord could not be reached")


async def test_a_login_is_inspected_with_every_server_over_rest_alone(tmp_path: Path) -> None:
    async with await Sandbox.start() as sandbox:
        found = await inspect_login(
            settings(tmp_path, sandbox.token), connector=sandbox.connector(), rules_of=new_guild
        )
        online = sandbox.gateway.online

    by_about = {finding.about: finding for finding in found}
    assert by_about["token"].ok
    assert by_about["intents"].ok
    assert by_about["servers"].ok
    assert by_about["review channel"].sentence.endswith("There is no review channel, so no cards come.")
    assert not online


async def test_what_is_found_elsewhere_stands_beside_the_server_that_it_is_about(tmp_path: Path) -> None:
    async def reading(guild_id: int) -> list[Finding]:
        return [Finding("language", True, f"English only in {guild_id}.")]

    async with await Sandbox.start() as sandbox:
        found = await inspect_login(
            settings(tmp_path, sandbox.token), connector=sandbox.connector(), rules_of=new_guild, more_of=reading
        )
        guild = sandbox.guild

    (language,) = [finding for finding in found if finding.about == "language"]
    assert language.sentence == f"{guild.name}: English only in {guild.id}."


async def test_the_channel_for_reports_about_staff_is_looked_at(stage: Stage) -> None:
    about = "reports about staff"
    found = (await findings(stage))[about]
    assert (found.ok, found.sentence) == (
        True,
        "Reports about staff are refused, as no channel is chosen for them: "
        "`/candor rules set setting:admin_channel_id`.",
    )

    await stage.rules(admin_channel_id=1)
    assert (await findings(stage))[about].sentence == "The channel for reports about staff is gone or hidden from me."

    await stage.rules(admin_channel_id=stage.general.id)
    assert f"<#{stage.general.id}>, which everybody can see" in (await findings(stage))[about].sentence

    await stage.rules(admin_channel_id=stage.review.id)
    found = (await findings(stage))[about]
    assert found.sentence == f"Reports about staff go to <#{stage.review.id}>, which <@&{stage.mods.id}> can see."
    assert found.fix is not None

    hidden = discord.PermissionOverwrite(view_channel=False)
    own = {own_role(stage): discord.PermissionOverwrite(view_channel=True, send_messages=True)}
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    private = stage.guild.create_text_channel("admins", overwrites={guild.default_role: hidden, **own})
    await stage.env.settle()
    await stage.rules(admin_channel_id=private.id)
    found = (await findings(stage))[about]
    assert (found.ok, found.sentence) == (True, f"Reports about staff go to <#{private.id}>.")

    mute = stage.guild.create_text_channel(
        "mute", overwrites={own_role(stage): discord.PermissionOverwrite(send_messages=False)}
    )
    await stage.env.settle()
    await stage.rules(admin_channel_id=mute.id)
    assert "I lack Send Messages there" in (await findings(stage))[about].sentence
