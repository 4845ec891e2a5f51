"""The buttons of a card: what each does, who may press it, and what the presser is told."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.chat.client import create_bot
from bot.core.policy import Delete
from tests.chat.conftest import House, Stage, buttons_of, flagged, said, settings_in, text_of


async def test_breaks_rules_is_recorded_and_closes_the_case(stage: Stage) -> None:
    answer = said(await stage.lena.click(await flagged(stage), label="Breaks rules"))

    case = await stage.only_case()
    assert answer == "Recorded: it breaks the rules."
    assert case.state == "closed"
    assert case.votes[0].moderator_id == stage.lena.id
    assert case.votes[0].labels["insult"] == "right"
    assert f"✅ Broke rules · <@{stage.lena.id}>" in stage.card_text


async def test_its_fine_lifts_the_timeout(stage: Stage) -> None:
    card = await flagged(stage, timeout_at=0.5)
    assert stage.timed_out_until(stage.kai) is not None

    answer = said(await stage.lena.click(card, label="It's fine"))

    assert answer == "Recorded: it's fine. The timeout is lifted."
    assert stage.timed_out_until(stage.kai) is None
    assert (await stage.only_case()).votes[0].labels["insult"] == "wrong"
    assert "👌 It's fine, timeout lifted · " in stage.card_text


async def test_its_fine_says_what_cannot_be_undone(stage: Stage) -> None:
    card = await flagged(stage, warn_at=0.5, delete_at=0.5)

    answer = said(await stage.lena.click(card, label="It's fine"))

    assert "it stays deleted" in answer
    assert "A warning that was read cannot be taken back" in answer


async def test_its_fine_leaves_a_timeout_that_a_moderator_set(stage: Stage) -> None:
    card = await flagged(stage, timeout_at=0.5)
    later = stage.env.backend.iso_after(7200)
    stage.env.backend.edit_member(stage.guild.id, stage.kai.id, {"timed_out_until": later})

    answer = said(await stage.lena.click(card, label="It's fine"))

    assert "not the one of this case; it stays" in answer
    assert stage.timed_out_until(stage.kai) is not None


async def test_its_fine_for_an_author_who_left_says_so(stage: Stage) -> None:
    card = await flagged(stage, timeout_at=0.5)
    stage.guild.remove_member(stage.kai)

    assert "The author left the server" in said(await stage.lena.click(card, label="It's fine"))
    assert (await stage.only_case()).state == "closed"


async def test_skip_closes_without_saying_anything_about_the_labels(stage: Stage) -> None:
    await stage.lena.click(await flagged(stage), label="Skip")

    case = await stage.only_case()
    assert case.state == "closed"
    assert set(case.votes[0].labels.values()) == {"unknown"}


async def test_undo_opens_the_case_again_and_takes_the_verdict_back(stage: Stage) -> None:
    card = await flagged(stage, timeout_at=0.5)
    await stage.lena.click(card, label="Breaks rules")

    answer = said(await stage.lena.click(stage.card, label="Undo"))

    case = await stage.only_case()
    assert answer == "The timeout is lifted. The case is open again."
    assert (case.state, case.votes) == ("open", ())
    assert stage.timed_out_until(stage.kai) is None
    assert not buttons_of(stage.card)["Breaks rules"].disabled


@pytest.mark.parametrize("label", ["Breaks rules", "It's fine", "Skip", "Delete", "Timeout 10 min", "More…"])
async def test_without_moderate_members_nothing_can_be_pressed(stage: Stage, label: str) -> None:
    card = await flagged(stage)
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    answer = said(await stage.lena.click(card, label=label))

    assert answer == "You need the permission Moderate Members for that."
    assert (await stage.only_case()).votes == ()


async def test_undoing_a_deletion_needs_manage_messages(stage: Stage) -> None:
    card = await flagged(stage, delete_at=0.5)
    only_moderate = discord.Permissions(moderate_members=True).value
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": only_moderate})

    answer = said(await stage.lena.click(card, label="It's fine"))

    assert answer == "This would undo a deletion, and for that you need the permission Manage Messages."
    assert (await stage.only_case()).state == "open"


async def test_nobody_decides_a_case_about_themselves(stage: Stage) -> None:
    await stage.say("what an insult", who=stage.lena)

    answer = said(await stage.lena.click(stage.card, label="It's fine"))

    assert "Nobody decides a case about their own message" in answer
    assert (await stage.only_case()).state == "open"


async def test_buttons_work_on_a_card_of_yesterday(stage: Stage) -> None:
    card = await flagged(stage)
    await stage.lena.click(card, label="Skip")
    await stage.env.advance_time(24 * 3600)

    assert said(await stage.lena.click(stage.card, label="Undo")) == "The case is open again."


async def test_a_case_of_another_server_is_unknown_here(stage: Stage) -> None:
    await flagged(stage)
    elsewhere = stage.env.create_guild("Elsewhere")
    mods = elsewhere.create_role("Mods", permissions=discord.Permissions(moderate_members=True))
    mia = elsewhere.add_member(stage.env.create_user("Mia"), roles=[mods])
    channel = elsewhere.create_text_channel("cards")
    forged = [
        {"type": 1, "components": [{"type": 2, "style": 2, "label": "It's fine", "custom_id": "candor:v1:fine:1"}]}
    ]
    stage.env.backend.create_message(channel.id, stage.env.backend.bot_user.id, "card", components=forged)
    message = channel.last_message
    assert message is not None

    answer = said(await mia.click(message, label="It's fine"))

    assert answer == "There is no case 1 on this server."
    assert (await stage.case(1)).state == "open"


async def test_buttons_and_menus_work_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    card = await flagged(stage)
    opened = await stage.lena.click(card, label="More…")
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    answer = said(await stage.lena.select(opened.followups[-1].message, ["threat"]))
    assert answer == "Recorded: it breaks the rules."
    await stage.lena.click(stage.card, label="Undo")
    await stage.lena.click(stage.card, label="Skip")

    assert (await stage.only_case()).votes[0].verdict == "skip"
    assert "Skipped" in text_of(stage.card)


async def test_a_decision_counts_for_everybody_who_wrote_the_same(stage: Stage) -> None:
    await stage.act_on_insults(timeout_at=0.5)
    await stage.say("what an insult")
    await stage.say("what an insult", who=stage.priya)
    assert "Kai and 1 other, 2 messages" in stage.card_text

    await stage.lena.click(stage.card, label="It's fine")

    assert stage.timed_out_until(stage.kai) is None
    assert stage.timed_out_until(stage.priya) is None
    assert {(await stage.case(1)).state, (await stage.case(2)).state} == {"closed"}


async def test_what_undo_needs_is_asked_for_the_actions_that_were_done(stage: Stage) -> None:
    await flagged(stage, delete_at=0.5)

    assert stage.house.review.would_undo(await stage.only_case()) == (Delete(),)
