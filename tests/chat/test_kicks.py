"""Kicks: only ever by a person, only after a second press, and never undone."""

from __future__ import annotations

from dataclasses import replace

import discord

from bot.core.actions import Kick
from bot.core.cases import Case
from tests.chat.conftest import Stage, buttons_of, flagged, menu, menu_text, said


async def let_kick(stage: Stage) -> None:
    """Give the moderators and the bot the permission to kick."""
    may = discord.Permissions(moderate_members=True, manage_messages=True, kick_members=True)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": may.value})
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": may.value | 0x400 | 0x800})


def is_there(stage: Stage) -> bool:
    return stage.kai.id in stage.guild.member_ids()


async def kicked(stage: Stage) -> str:
    """Kai is kicked from the menu; what Lena is told."""
    shown = await menu(stage)
    await stage.lena.click(shown, label="Kick…")
    assert is_there(stage)
    await stage.lena.click(shown, label="Yes, kick")
    return menu_text(stage, shown)


async def test_a_kick_asks_once_more_and_says_that_it_cannot_be_undone(stage: Stage) -> None:
    await flagged(stage)
    await let_kick(stage)
    shown = await menu(stage)

    await stage.lena.click(shown, label="Kick…")

    assert menu_text(stage, shown).startswith("Kick Kai for case 1?")
    assert "cannot be undone" in menu_text(stage, shown)
    assert is_there(stage)


async def test_a_confirmed_kick_puts_the_author_out_and_writes_who_confirmed_it(stage: Stage) -> None:
    await flagged(stage)
    await let_kick(stage)

    assert await kicked(stage) == "The author is kicked. Recorded: it breaks the rules."

    assert not is_there(stage)
    assert stage.guild.audit_log()[-1].reason == "case 1, confirmed by Lena"
    assert "✅ Broke rules, kicked · " in stage.card_text


async def test_undo_says_that_a_kick_stays(stage: Stage) -> None:
    await flagged(stage)
    await let_kick(stage)
    await kicked(stage)

    assert said(await stage.lena.click(stage.card, label="Undo")).startswith("A kick cannot be undone; send them an")
    assert [record.state for record in (await stage.only_case()).actions] == ["done"]
    assert "· kicked" in stage.card_text


async def test_whoever_is_kicked_is_told_before_and_cannot_appeal_here(stage: Stage) -> None:
    await stage.rules(notices=True, appeals=True, appeal_url="https://example.com/appeal")
    await stage.say("what an insult")
    await let_kick(stage)
    await kicked(stage)

    told = stage.kai.user.dm_channel.last_message
    assert told is not None
    assert "was against the rules, so you are removed from the server." in told.content
    assert "https://example.com/appeal" in told.content
    assert buttons_of(told) == {}


async def test_a_kick_needs_the_permission_of_both(stage: Stage) -> None:
    await flagged(stage)
    assert said(await stage.lena.click(await menu(stage), label="Kick…")) == (
        "You need the permission Kick Members for that."
    )

    await let_kick(stage)
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": 0x400 | 0x800})
    assert await kicked(stage) == "The kick was not possible: I lack the permission Kick Members."
    assert is_there(stage)
    assert (await stage.only_case()).state == "open"


async def test_somebody_who_stands_as_high_is_not_kicked(stage: Stage) -> None:
    mia = stage.guild.add_member(stage.env.create_user("Mia"), roles=[stage.mods])
    await stage.say("what an insult", who=mia)
    await let_kick(stage)

    answer = said(await stage.lena.click(await menu(stage), label="Kick…"))

    assert "highest role is not below yours" in answer
    assert mia.id in stage.guild.member_ids()


async def test_after_a_crash_a_kick_is_done_where_the_author_is_there_and_else_unknown(stage: Stage) -> None:
    await flagged(stage)
    case: Case = replace(await stage.only_case(), actions=())

    assert await stage.house.enforcer.settle(case, Kick()) is None
    stage.guild.remove_member(stage.kai)
    outcome = await stage.house.enforcer.settle(case, Kick())
    assert outcome is not None
    assert outcome.state == "failed"
