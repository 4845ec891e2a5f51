"""The check of REST bodies against Discord's published description, where a copy of it is at hand."""

from __future__ import annotations

import io

import discord
import pytest
from discord import ui

from bot.sandbox.sandbox import Sandbox
from tests.e2e import openapi_check
from tests.e2e.openapi_check import OpenApiCheck
from tests.e2e.probe import Probe


@pytest.fixture
def check(rest_bodies: OpenApiCheck | None) -> OpenApiCheck:
    """The check; skips where there is no description."""
    if rest_bodies is None:
        pytest.skip(f"no copy of Discord's OpenAPI description at {openapi_check.openapi_path()}")
    return rest_bodies


async def test_what_discord_py_sends_fits_discords_description(
    check: OpenApiCheck, sandbox: Sandbox, bot: Probe
) -> None:
    channel = bot.text("general")
    embed = discord.Embed(title="Title", description="Text", colour=0x336699).add_field(name="a", value="b")
    plain = await channel.send("hello", embed=embed, view=ui.View().add_item(ui.Button(label="x", custom_id="x")))
    await plain.reply("answered", mention_author=False)
    await plain.forward(bot.text("help"))
    await plain.edit(content="edited", view=None)
    view = ui.LayoutView().add_item(
        ui.Container(
            ui.TextDisplay("text"),
            ui.Section("beside", accessory=ui.Button(label="y", custom_id="y")),
            ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png")),
        )
    )
    await channel.send(view=view, file=discord.File(io.BytesIO(b"x"), filename="a.png"))
    await channel.create_thread(name="a thread", message=plain)
    await bot.person("Kai").timeout(None, reason="over")

    @bot.tree.command(name="ask", description="Ask")
    async def ask(interaction: discord.Interaction, who: discord.Member, loud: bool = False) -> None:
        await interaction.response.send_modal(
            ui.Modal(title="Form").add_item(ui.Label(text="Why", component=ui.TextInput(custom_id="why")))
        )

    await bot.tree.sync()
    await sandbox.slash("Kai", "general", "ask", {"who": "Mia"})
    assert check.seen == 9
    assert check.problems == []
    assert check.unchecked == set()


def test_a_body_that_does_not_fit_is_named_with_its_place(check: OpenApiCheck) -> None:
    check("POST", "/channels/{channel_id}/messages", {"content": 5, "embeds": [{"title": "x" * 257}]})
    found, check.problems = check.problems, []
    assert len(found) == 2
    assert any("/content" in each for each in found)
    assert any("/embeds/0/title" in each for each in found)


def test_ids_may_be_integers_and_references_may_be_forwards(check: OpenApiCheck) -> None:
    reference = {"message_id": 5, "channel_id": 6, "type": 1}
    check("POST", "/channels/{channel_id}/messages", {"message_reference": reference})
    assert check.problems == []
