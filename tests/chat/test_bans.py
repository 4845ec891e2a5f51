"""Bans: only ever by a person, only after a second press, and lifted only where they are this case's own."""

from __future__ import annotations

import discord

from tests.chat.conftest import Stage, flagged, menu, menu_text, said


async def let_ban(stage: Stage) -> None:
    """Give the moderators and the bot the permission to ban."""
    may = discord.Permissions(moderate_members=True, manage_messages=True, ban_members=True)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": may.value})
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    stage.env.backend.edit_role(stage.guild.id, guild.me.top_role.id, {"permissions": may.value | 0x400 | 0x800})


def banned(stage: Stage) -> dict[int, str | None]:
    return dict(stage.env.backend.get_guild(stage.guild.id).bans)


async def test_a_ban_asks_once_more_and_writes_who_confirmed_it(stage: Stage) -> None:
    await flagged(stage)
    await let_ban(stage)
    shown = await menu(stage)

    await stage.lena.click(shown, label="Ban…")
    assert banned(stage) == {}
    assert menu_text(stage, shown).startswith("Ban Kai for case 1?")
    await stage.lena.click(shown, label="Yes, ban")

    assert banned(stage) == {stage.kai.id: "case 1, confirmed by Lena"}
    assert "✅ Broke rules, banned · " in stage.card_text


async def test_undo_lifts_the_ban_of_this_case_and_no_other(stage: Stage) -> None:
    await flagged(stage)
    await let_ban(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Ban…")
    await stage.lena.click(shown, label="Yes, ban")

    assert "The ban is lifted." in said(await stage.lena.click(stage.card, label="Undo"))
    assert banned(stage) == {}


async def test_a_ban_that_somebody_else_set_stays(stage: Stage) -> None:
    await flagged(stage)
    await let_ban(stage)
    shown = await menu(stage)
    await stage.lena.click(shown, label="Ban…")
    await stage.lena.click(shown, label="Yes, ban")
    stage.env.backend.remove_ban(stage.guild.id, stage.kai.id)
    stage.env.backend.apply_ban(stage.guild.id, stage.kai.id, "case 77, confirmed by Ada")

    assert "is not the one of this case" in said(await stage.lena.click(stage.card, label="Undo"))
    assert list(banned(stage)) == [stage.kai.id]


async def test_a_ban_needs_the_permission_to_ban(stage: Stage) -> None:
    await flagged(stage)

    answer = said(await stage.lena.click(await menu(stage), label="Ban…"))

    assert answer == "You need the permission Ban Members for that."
