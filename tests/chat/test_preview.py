"""`/candor preview` says what a limit would have done; Apply sets it."""

from __future__ import annotations

import discord

from moderation_model.errors import ModelUnavailable
from tests.chat.conftest import Stage, buttons_of, said


async def previewed(stage: Stage) -> discord.Message:
    """What the administrator sees after asking for deletion of insults from 60 % on."""
    result = await stage.admin.slash(stage.general, "candor preview", label="insult", limit=60, action="delete", days=7)
    assert result.ephemeral
    assert result.response is not None
    return result.response.message


async def test_a_preview_counts_and_apply_sets_the_limit(stage: Stage) -> None:
    await stage.say("what an insult")

    result = await stage.admin.slash(stage.general, "candor preview", label="insult", limit=60, action="delete", days=7)

    assert "would have deleted 1 message in 7 days" in said(result)
    assert result.response is not None
    shown = result.response.message
    await stage.admin.click(shown, label="Apply")
    turned = stage.env.backend.get_message(shown.channel.id, shown.id)
    assert turned.content.startswith("insult: delete from 60 % on.")
    assert (await stage.house.guilds.get(stage.guild.id)).rule("insult").delete_at == 0.6


async def test_the_picture_of_a_preview_is_attached_and_described(stage: Stage) -> None:
    await stage.say("what an insult")

    (picture,) = (await previewed(stage)).attachments

    assert picture.filename == "preview.png"
    assert (await picture.read()).startswith(b"\x89PNG")
    assert picture.description == (
        "Insult from 60 %, delete: in 7 days this would have hit 1 message, 1 unknown. "
        "By channel: #general 1 (1 unknown)."
    )


async def test_without_the_model_server_a_preview_has_no_picture_and_can_still_be_applied(stage: Stage) -> None:
    await stage.say("what an insult")
    stage.house.model.down = ModelUnavailable("away")

    shown = await previewed(stage)

    assert shown.content.endswith("There is no picture: the model server did not answer.")
    assert shown.attachments == []
    assert list(buttons_of(shown)) == ["Apply"]


async def test_who_lost_manage_server_cannot_apply_a_preview(stage: Stage) -> None:
    shown = await previewed(stage)
    for role in stage.env.backend.get_member(stage.guild.id, stage.admin.id).role_ids.copy():
        stage.env.backend.remove_member_role(stage.guild.id, stage.admin.id, role)

    refused = await stage.admin.click(shown, label="Apply")

    assert said(refused) == "You need the permission Manage Server for that."
    assert (await stage.house.guilds.get(stage.guild.id)).rule("insult").delete_at is None
