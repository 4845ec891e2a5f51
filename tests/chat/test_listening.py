"""Which messages are looked at, and which of their texts."""

from __future__ import annotations

from tests.chat.conftest import Stage, buttons_of


async def test_a_flagged_message_gets_a_card_with_buttons(stage: Stage) -> None:
    await stage.say("what an insult")

    assert "Insult · case 1" in stage.card_text
    assert list(buttons_of(stage.card)) == ["Breaks rules", "It's fine", "Skip", "Undo", "More…", "Jump"]
