"""The weekly report as a card: its lines, one picture, and a button that names the words that were most often wrong.

They stand in no posted message: they are members' words, and are named only as long as the texts are kept.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import weekly_texts as texts
from bot.chat.answering import Said, answer, guild_of, member_of
from bot.chat.cards import CARD_LIMIT, Card
from bot.chat.weekly_lines import lines, title_line, words_line
from bot.core.weekly import WeekReport
from bot.core.wrong_words import LONGEST

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

COLOUR = 0x3498DB
FILENAME = "week.png"


class WrongWordsButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"candor:v1:wrong_words:(?P<until>[0-9]{1,10})"
):
    """Names the words of the week that ended then, to who pressed."""

    def __init__(self, until: int) -> None:
        super().__init__(discord.ui.Button(label=texts.BUTTON_WRONG, custom_id=f"candor:v1:wrong_words:{until}"))
        self.until = until

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> WrongWordsButton:
        """The button that was pressed."""
        return cls(int(match["until"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(_name_words, interaction, self.until), feature="review")


async def _name_words(interaction: Pressed, ended: int) -> Said | str:
    until = datetime.fromtimestamp(ended, UTC)
    words = await interaction.client.flows.weekly.words(guild_id=guild_of(interaction), until=until)
    if not words:
        return texts.WRONG_GONE
    view = discord.ui.View(timeout=None)
    for each in words:
        view.add_item(FineHereButton(each.word))
    return Said(words_line(words, until=until), view)


class FineHereButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=rf"candor:v1:fine_here:(?P<word>.{{1,{LONGEST}}})"
):
    """Calls one of those words fine on this server."""

    def __init__(self, word: str) -> None:
        label = texts.BUTTON_FINE_HERE.format(word=word)
        super().__init__(discord.ui.Button(label=label, custom_id=f"candor:v1:fine_here:{word}"))
        self.word = word

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> FineHereButton:
        """The button that was pressed."""
        return cls(match["word"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(_fine_here, interaction, self.word), feature="review")


async def _fine_here(interaction: Pressed, word: str) -> str:
    return await interaction.client.flows.setup.fine_word(
        guild_id=guild_of(interaction), word=word, remove=False, by=member_of(interaction).id
    )


def week_card(report: WeekReport, *, picture: str | None) -> Card:
    """The card. `picture`: what its picture shows, None where it comes without one."""
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=COLOUR)
    title, note = title_line(report), texts.NO_PICTURE
    body, room = "", CARD_LIMIT - len(title) - len(note)
    for line in lines(report):
        # Whole lines: half a link or half a spoiler would be worse than none.
        body += f"{line}\n" if len(body) + len(line) < room else ""
    container.add_item(discord.ui.TextDisplay(title))
    container.add_item(discord.ui.TextDisplay(body.rstrip()))
    if picture is None:
        container.add_item(discord.ui.TextDisplay(note))
    else:
        gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery()
        gallery.add_item(media=f"attachment://{FILENAME}", description=picture)
        container.add_item(gallery)
    if report.words:
        row: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
        container.add_item(row.add_item(WrongWordsButton(int(report.until.timestamp()))))
    return Card(container)


def week_file(png: bytes) -> discord.File:
    """The picture that the card names."""
    return discord.File(BytesIO(png), FILENAME)
