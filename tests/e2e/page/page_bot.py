"""The small bot whose cards and commands the page's tests use."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import discord
from discord import app_commands

from bot.sandbox.sandbox import Sandbox
from tests.e2e.probe import Probe


def png(width: int = 40, height: int = 30) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = zlib.compress((b"\0" + b"\x50\xa0\x70" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


class Form(discord.ui.Modal, title="Tell the moderators"):
    """A form with a text and a choice."""

    reason: discord.ui.Label[Any] = discord.ui.Label(
        text="What happened?", component=discord.ui.TextInput(custom_id="reason", min_length=3)
    )
    grade: discord.ui.Label[Any] = discord.ui.Label(
        text="How bad is it?",
        description="Guess.",
        component=discord.ui.Select(
            custom_id="grade",
            options=[discord.SelectOption(label="A little"), discord.SelectOption(label="Very")],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say privately what was filled in."""
        text, select = self.reason.component, self.grade.component
        assert isinstance(text, discord.ui.TextInput)
        assert isinstance(select, discord.ui.Select)
        await interaction.response.send_message(f"Reported: {text.value} / {select.values[0]}", ephemeral=True)


def card(title: str, jump_url: str) -> discord.ui.LayoutView:
    """A Components V2 card with one part of each kind."""
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id="labels",
        placeholder="Labels",
        max_values=2,
        options=[discord.SelectOption(label=name, value=name.lower()) for name in ("Toxic", "Insult", "Threat")],
    )
    container: discord.ui.Container[Any] = discord.ui.Container(
        discord.ui.TextDisplay(f"### {title}"),
        discord.ui.Section("By **Kai**", accessory=discord.ui.Thumbnail("attachment://field.png", description="Kai")),
        discord.ui.TextDisplay("||a covered text||"),
        discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://field.png", description="A green field")),
        discord.ui.Separator(),
        discord.ui.File("attachment://notes.txt"),
        discord.ui.ActionRow(
            discord.ui.Button(label="Breaks rules", style=discord.ButtonStyle.danger, custom_id="breaks"),
            discord.ui.Button(label="Ask", style=discord.ButtonStyle.primary, custom_id="ask"),
            discord.ui.Button(label="Silence", custom_id="silence"),
            discord.ui.Button(label="Undo", custom_id="undo", disabled=True),
            discord.ui.Button(label="Jump", url=jump_url),
        ),
        discord.ui.ActionRow(menu),
        accent_colour=0xE67E22,
    )
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


class PageBot(Probe):
    """Answers the card's components, /case check, /roll and the message menu "Report to moderators"."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.tree.add_command(_case())
        self.tree.add_command(app_commands.Command(name="roll", description="Roll a die.", callback=_roll))
        self.tree.add_command(app_commands.ContextMenu(name="Report to moderators", callback=_report))

    async def setup_hook(self) -> None:
        """Register the commands."""
        await self.tree.sync()

    async def post_card(self, channel: str, jump_url: str) -> discord.Message:
        """Post the card with its picture and its file."""
        files = [discord.File(io.BytesIO(png()), "field.png"), discord.File(io.BytesIO(b"a note"), "notes.txt")]
        return await self.text(channel).send(view=card("Insult · case 7", jump_url), files=files)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer the card's components; "silence" is never answered."""
        await super().on_interaction(interaction)
        if interaction.type is not discord.InteractionType.component:
            return
        data: Any = interaction.data
        if data["custom_id"] == "breaks":
            await interaction.response.edit_message(view=card("Decided · case 7", "https://discord.com/"))
        elif data["custom_id"] == "ask":
            await interaction.response.send_modal(Form())
        elif data["custom_id"] == "labels":
            await interaction.response.send_message(f"Chosen: {', '.join(data['values'])}", ephemeral=True)


def _case() -> app_commands.Group:
    group = app_commands.Group(
        name="case", description="Cases.", default_permissions=discord.Permissions(moderate_members=True)
    )

    @group.command(description="Say what the model makes of a text.")
    @app_commands.describe(text="Any text.", times="How often.", loud="For all to see.", who="About whom.")
    async def check(
        interaction: discord.Interaction,
        text: str,
        times: app_commands.Range[int, 1, 3] = 1,
        loud: bool = False,
        who: discord.Member | None = None,
    ) -> None:
        about = "" if who is None else f" about {who.global_name}"
        await interaction.response.send_message(f"Checked: {text} x{times}{about}", ephemeral=not loud)

    return group


async def _roll(interaction: discord.Interaction) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.followup.send("A four.")


async def _report(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_modal(Form())
