""" "Why?" under a message's "Apps"."""

from __future__ import annotations

import pytest
from simcord.backend.errors import SetupError

from tests.chat.conftest import Stage, said


async def test_why_on_a_message_tells_its_case_or_its_scores(stage: Stage) -> None:
    flagged = await stage.say("what an insult")
    harmless = await stage.say("hello there")

    assert "Case 1" in said(await stage.lena.context_menu(stage.general, "Why?", flagged))
    answer = said(await stage.lena.context_menu(stage.general, "Why?", harmless))
    assert answer.startswith("There is no case on this message. This would open no case.")


async def test_why_on_a_message_is_for_moderators(stage: Stage) -> None:
    message = await stage.say("hello there")

    with pytest.raises(SetupError, match="not visible"):
        await stage.kai.context_menu(stage.general, "Why?", message)
