"""Forms behind More…: a note, and a word that is fine here; sent twice, after a restart, without the role."""

from __future__ import annotations

from typing import Any

import simcord

from bot.chat.client import create_bot
from tests.chat.conftest import House, Stage, flagged, menu, said, settings_in


async def form(stage: Stage, label: str) -> simcord.InteractionResult:
    shown = await stage.lena.click(await menu(stage), label=label)
    assert shown.modal is not None
    return shown


async def test_a_note_stands_on_the_card_and_a_form_sent_twice_leaves_one(stage: Stage) -> None:
    await flagged(stage)
    opened = await form(stage, "Note…")

    assert said(await stage.lena.submit_modal(opened, {"text": "third time **this** week"})) == (
        "The note is on the card."
    )
    again = await form(stage, "Note…")
    assert said(await stage.lena.submit_modal(again, {"text": "third time **this** week"})) == (
        "That note is on the card already."
    )

    assert stage.card_text.count("📝") == 1
    assert rf"📝 <@{stage.lena.id}>: third time \*\*this\*\* week" in stage.card_text


async def test_the_word_that_counted_is_proposed_and_no_longer_counts_here(stage: Stage) -> None:
    await flagged(stage)
    opened = await form(stage, "“Fine here” word…")
    assert opened.modal is not None
    assert opened.modal["components"][0]["component"]["value"] == "insult"

    answer = said(await stage.lena.submit_modal(opened, {"text": "insult"}))

    assert "fine here from now on" in answer
    before = stage.cases()
    await stage.say("what an insult")
    assert stage.cases() == before


async def test_a_form_is_answered_after_a_restart(stage: Stage, house: House, tmp_path: Any) -> None:
    await flagged(stage)
    opened = await form(stage, "Note…")
    again = create_bot(settings_in(tmp_path))
    house.attach(again)
    await stage.env.restart_bot(again)

    assert said(await stage.lena.submit_modal(opened, {"text": "seen before"})) == "The note is on the card."


async def test_a_moderator_who_lost_the_role_sends_a_form_for_nothing(stage: Stage) -> None:
    await flagged(stage)
    opened = await form(stage, "Note…")
    stage.env.backend.edit_role(stage.guild.id, stage.mods.id, {"permissions": 0})

    answer = said(await stage.lena.submit_modal(opened, {"text": "too late"}))

    assert answer == "You need the permission Moderate Members for that."
    assert (await stage.only_case()).notes == ()
