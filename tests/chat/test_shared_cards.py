"""One card for several messages: it lists what the others say, and stays harmless, short and up to date."""

from __future__ import annotations

from dataclasses import replace

from bot.chat.card_group import other_lines
from bot.chat.cards import review_card
from bot.core.cases import OtherText
from tests.chat.card_case import CASE, lines
from tests.chat.conftest import Stage, buttons_of

MINE = [OtherText(4, "Kai", f"text number {number}") for number in range(5)]


def test_the_other_texts_stand_below_the_first_the_newest_last() -> None:
    card = review_card(replace(CASE, followers=9, other_texts=tuple(MINE), more_texts=4))

    assert lines(card)[2:9] == [
        "||nobody likes you, you **pathetic** **waste** of space||",
        *(f"• ||text number {number}||" for number in range(5)),
        "and 4 more",
    ]


def test_who_else_wrote_is_said() -> None:
    shown = other_lines(replace(CASE, other_texts=(OtherText(9, "**Priya**", "no u"),)), limit=500)

    assert shown == r"• \*\*Priya\*\*: ||no u||"


def test_another_text_works_as_little_as_the_first() -> None:
    hostile = OtherText(4, "Kai", "|| <@1>\n# big https://evil.example")

    assert other_lines(replace(CASE, other_texts=(hostile,)), limit=500) == (
        "• ||\\|\\| \\<@\u200b1> ⏎ # big hxxps://evil\\[.\\]example||"
    )


def test_where_room_is_short_the_oldest_are_counted_only() -> None:
    shown = other_lines(replace(CASE, other_texts=tuple(MINE), more_texts=1), limit=60)

    assert shown.splitlines() == ["• ||text number 4||", "and 5 more"]


async def test_a_members_different_messages_are_listed_and_deleted_together(stage: Stage) -> None:
    for number in range(1, 9):
        await stage.say(f"what an insult, number {number} of many")
    await stage.say("what an insult, number 1 of many")

    shown = stage.card_text.splitlines()
    assert "Kai, 9 messages · joined" in stage.card_text
    assert "||what an **insult**, number 1 of many||" in shown
    assert shown[shown.index("• ||what an insult, number 4 of many||") :][:6] == [
        *(f"• ||what an insult, number {number} of many||" for number in range(4, 9)),
        "and 2 more",
    ]
    assert "Delete all 9" in buttons_of(stage.card)
    await stage.lena.click(stage.card, label="Delete all 9")
    assert stage.general.last_message is None
    assert "✅ Broke rules, deleted ×9" in stage.card_text


async def test_a_raid_with_one_text_lists_it_once(stage: Stage) -> None:
    for number in range(4):
        raider = stage.guild.add_member(stage.env.create_user(f"Raider {number}"))
        await stage.say("what an insult", who=raider)

    assert stage.card_text.count("what an") == 1
    assert "Timeout all 4 authors" in buttons_of(stage.card)
