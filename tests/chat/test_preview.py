"""`/candor preview` says what a limit would have done; Apply sets it."""

from __future__ import annotations

from tests.chat.conftest import Stage, said


async def test_a_preview_counts_and_apply_sets_the_limit(stage: Stage) -> None:
    await stage.say("what an insult")

    result = await stage.admin.slash(stage.general, "candor preview", label="insult", limit=60, action="delete", days=7)

    assert "would have deleted 1 message in 7 days" in said(result)
    assert result.response is not None
    shown = result.response.message
    await stage.admin.click(shown, label="Apply")
    assert (await stage.house.guilds.get(stage.guild.id)).rule("insult").delete_at == 0.6
