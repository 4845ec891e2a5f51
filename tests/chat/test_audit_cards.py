"""The audit card: what it shows, who may answer it, and what the presser is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.chat.audit_cards import audit_card
from bot.chat.client import create_bot
from bot.core.audits import AuditBatch, Draw
from tests.builders import NOON, new_case
from tests.chat.conftest import House, Stage, buttons_of, said, settings_in, text_of


async def audited(stage: Stage, *texts: str) -> discord.Message:
    """Lines of Kai's that were not flagged, all of them drawn; their card."""
    await stage.rules(audit_a_day=1000)
    for text in texts:
        await stage.say(text)
    await stage.house.audit.batch(stage.guild.id)
    return stage.card


def menu_of(message: discord.Message) -> discord.SelectMenu:
    """The card's menu."""
    waiting = list(message.components)
    while waiting:
        component = waiting.pop(0)
        if isinstance(component, discord.SelectMenu):
            return component
        waiting[:0] = getattr(component, "children", [])
    raise AssertionError("the card has no menu")


def values_of(message: discord.Message, *numbers: int) -> list[str]:
    """What choosing those lines sends."""
    return [menu_of(message).options[number - 1].value for number in numbers]


async def test_lines_stand_numbered_behind_spoilers_without_their_author(stage: Stage) -> None:
    card = await audited(stage, "see you at eight", "**bring** snacks @everyone")

    shown = text_of(card)
    assert "Tap the bad ones, or none" in shown
    assert f"**1** · <#{stage.general.id}> · [look ↗](https://discord.com/channels/" in shown
    assert "\n||see you at eight||" in shown
    assert r"||\*\*bring\*\* snacks @" in shown
    assert "@everyone" not in shown
    assert "Kai" not in shown
    assert [option.label for option in menu_of(card).options] == ["Line 1", "Line 2"]


async def test_an_audit_card_is_silent(stage: Stage) -> None:
    assert (await audited(stage, "see you at eight")).flags.suppress_notifications


async def test_tapping_the_bad_ones_records_them_and_takes_the_lines_off_the_card(stage: Stage) -> None:
    card = await audited(stage, "see you at eight", "you lot of clowns", "bring snacks")

    answer = said(await stage.lena.select(card, values_of(card, 2)))

    assert answer == "Recorded: 1 of 3 breaks the rules (case 2). Its card follows."
    assert [(await stage.case(number)).votes[0].verdict for number in (1, 2, 3)] == ["fine", "breaks_rules", "fine"]
    assert f"✅ 1 of 3 against the rules (case 2) · <@{stage.lena.id}>" in stage.card_text
    assert "clowns" not in stage.card_text


async def test_what_was_missed_follows_on_a_card_where_its_labels_can_be_named(stage: Stage) -> None:
    card = await audited(stage, "you lot of clowns")
    await stage.lena.select(card, values_of(card, 1))
    await stage.post_cards()
    assert "For checking · case 1" in stage.card_text
    assert "you lot of clowns" in stage.card_text

    opened = await stage.lena.click(stage.card, label="Change")
    await stage.lena.select(opened.followups[-1].message, ["insult"])

    assert (await stage.case(1)).votes[0].labels["insult"] == "missing"


async def test_none_of_them_records_all_as_fine(stage: Stage) -> None:
    card = await audited(stage, "see you at eight", "bring snacks")

    answer = said(await stage.lena.click(card, label="None of them"))

    assert answer == "Recorded: none of these lines breaks the rules. Thank you."
    assert {(await stage.case(number)).votes[0].verdict for number in (1, 2)} == {"fine"}
    assert "✅ none of 2 against the rules" in stage.card_text
    assert buttons_of(stage.card) == {}


async def test_without_moderate_members_nothing_can_be_answered(stage: Stage) -> None:
    card = await audited(stage, "see you at eight")
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    refused = "You need the permission Moderate Members for that."
    assert said(await stage.lena.click(card, label="None of them")) == refused
    assert said(await stage.lena.select(card, values_of(card, 1))) == refused
    assert "see you at eight" in stage.card_text


async def test_nobody_judges_their_own_line(stage: Stage) -> None:
    await stage.rules(audit_a_day=1000)
    await stage.say("my own words", who=stage.lena)
    await stage.house.audit.batch(stage.guild.id)

    assert "Line 1 is your own message" in said(await stage.lena.click(stage.card, label="None of them"))


async def test_an_audit_can_be_answered_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    card = await audited(stage, "see you at eight", "you lot of clowns")
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    assert "1 of 2 breaks" in said(await stage.lena.select(card, values_of(card, 2)))


async def test_an_audit_of_another_server_is_unknown_here(stage: Stage) -> None:
    await audited(stage, "see you at eight")
    elsewhere = stage.env.create_guild("Elsewhere")
    mods = elsewhere.create_role("Mods", permissions=discord.Permissions(moderate_members=True))
    mia = elsewhere.add_member(stage.env.create_user("Mia"), roles=[mods])
    channel = elsewhere.create_text_channel("cards")
    button = {"type": 2, "style": 2, "label": "None of them", "custom_id": "candor:v1:audit_none:1"}
    forged: list[Any] = [{"type": 1, "components": [button]}]
    stage.env.backend.create_message(channel.id, stage.env.backend.bot_user.id, "card", components=forged)
    message = channel.last_message
    assert message is not None

    assert said(await mia.click(message, label="None of them")) == "There is no audit 1 on this server."


async def test_a_card_that_was_deleted_is_not_posted_again_for_an_audit_that_is_over(stage: Stage) -> None:
    card = await audited(stage, "see you at eight")
    stage.env.backend.delete_message(stage.review.id, card.id)
    await stage.env.advance_time(31 * 24 * 3600)

    await stage.house.audit.run()

    assert stage.review.last_message is None


async def test_a_card_whose_texts_expired_shows_none(stage: Stage) -> None:
    await audited(stage, "see you at eight")
    await stage.env.advance_time(31 * 24 * 3600)

    await stage.house.audit.run()

    assert "Nobody answered in time" in stage.card_text
    assert "eight" not in stage.card_text


@pytest.mark.parametrize(
    "text", ["a" * 4000, "*" * 4000, "|" * 4000, "word " * 800, "😂" * 4000, "e" + "\u0301" * 9000]
)
@pytest.mark.parametrize("lines", [1, 10])
def test_every_audit_card_fits_what_discord_takes(text: str, lines: int) -> None:
    case = replace(
        new_case(text), channel_id=10**19, jump_url="https://discord.com/channels/" + "/".join(["9" * 19] * 3)
    )
    card = audit_card(AuditBatch(10**9, 1, "open", tuple(Draw(10**9 + number, case) for number in range(lines))))

    assert card.content_length() <= 4000
    assert card.total_children_count <= 40


def test_a_line_that_ends_with_a_bar_stays_hidden() -> None:
    card = audit_card(AuditBatch(1, 1, "open", (Draw(1, new_case("mean |")),)))

    shown = [item.content for item in card.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    assert shown[2].endswith("||mean \\|\u200b||")


def test_an_answered_audit_names_its_cases() -> None:
    card = audit_card(AuditBatch(3, 1, "answered", lines=10, bad_case_ids=(51, 52), answered_by=7, closed_at=NOON))

    shown = [item.content for item in card.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    assert shown[1].startswith("✅ 2 of 10 against the rules (cases 51, 52) · <@7>")
