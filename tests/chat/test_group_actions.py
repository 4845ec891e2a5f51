"""An action on several messages at once: it hits whom the presser may act on, and says who is left out and why."""

from __future__ import annotations

import discord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from tests.chat.conftest import Stage, menu, menu_text, said


async def a_card_with_staff(stage: Stage, *staff: str) -> None:
    """Kai and members who stand as high as Lena wrote the same."""
    await stage.say("what an insult")
    for name in staff:
        await stage.say("what an insult", who=stage.guild.add_member(stage.env.create_user(name), roles=[stage.mods]))


async def test_those_below_are_timed_out_and_those_above_are_named(stage: Stage) -> None:
    await a_card_with_staff(stage, "Mia", "**Bo**")

    answer = said(await stage.lena.click(stage.card, label="Timeout all 3 authors"))

    assert answer == (
        "The author is timed out. Recorded: it breaks the rules. "
        "Left out: Mia, \\*\\*Bo\\*\\* (highest role not below yours)."
    )
    assert stage.timed_out_until(stage.kai) is not None
    assert {(await stage.case(number)).state for number in (1, 2, 3)} == {"closed"}
    assert [len((await stage.case(number)).actions) for number in (1, 2, 3)] == [1, 0, 0]


async def test_messages_of_those_above_are_not_deleted(stage: Stage) -> None:
    await a_card_with_staff(stage, "Mia")

    answer = said(await stage.lena.click(stage.card, label="Delete all 2"))

    assert answer.startswith("The message is deleted. Recorded")
    assert answer.endswith("Left out: Mia (highest role not below yours).")
    assert [message.author.name for message in stage.general.history()] == ["Mia"]


async def test_the_owner_is_left_out_too(stage: Stage) -> None:
    await a_card_with_staff(stage)
    await stage.say("what an insult", who=stage.priya)
    stage.env.backend.get_guild(stage.guild.id).owner_id = stage.priya.id
    guild = stage.bot.get_guild(stage.guild.id)
    assert guild is not None
    guild.owner_id = stage.priya.id

    answer = said(await stage.lena.click(stage.card, label="Timeout all 2 authors"))

    assert answer.endswith("Left out: Priya (owner of the server).")
    assert stage.timed_out_until(stage.priya) is None


async def test_a_channel_where_the_presser_may_not_delete_is_left_out(stage: Stage) -> None:
    art = stage.guild.create_text_channel("art")
    deny = discord.Permissions(manage_messages=True).value
    stage.env.backend.set_overwrite(art.id, Overwrite(stage.mods.id, OverwriteType.ROLE, 0, deny))
    await stage.say("what an insult")
    await stage.kai.send(art, "what an insult")
    await stage.post_cards()

    answer = said(await stage.lena.click(stage.card, label="Delete all 2"))

    assert answer.endswith(f"Left out: Kai (you lack Manage Messages in <#{art.id}>).")
    assert stage.general.last_message is None
    assert art.last_message is not None


async def test_where_nobody_can_be_acted_on_it_is_refused_and_nothing_changes(stage: Stage) -> None:
    ben = stage.guild.add_member(stage.env.create_user("Ben"), roles=[stage.mods])
    await stage.say("what an insult", who=ben)
    await stage.say("what an insult", who=stage.guild.add_member(stage.env.create_user("Mia"), roles=[stage.mods]))

    answer = said(await stage.lena.click(stage.card, label="Timeout all 2 authors"))

    assert "highest role is not below yours" in answer
    assert {(await stage.case(number)).state for number in (1, 2)} == {"open"}


async def test_a_longer_timeout_from_the_menu_leaves_them_out_too(stage: Stage) -> None:
    await a_card_with_staff(stage, "Mia")
    shown = await menu(stage)

    await stage.lena.click(shown, label="Timeout 1 hour")

    assert menu_text(stage, shown).endswith("Left out: Mia (highest role not below yours).")
