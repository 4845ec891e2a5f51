"""The report on a training run and the run's progress as cards, with their buttons. State is in `custom_id`."""

from __future__ import annotations

import json
import re
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import discord

from bot.chat import learn_texts as texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.cards import Card
from bot.chat.learn_lines import progress_lines, report_parts
from bot.core.retraining import RunProgress, RunReport, Standing

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

Verb = Literal["use", "keep", "back", "details", "cancel"]

_LABELS: dict[Verb, str] = {
    "use": texts.BUTTON_USE,
    "keep": texts.BUTTON_KEEP,
    "back": texts.BUTTON_BACK,
    "details": texts.BUTTON_DETAILS,
    "cancel": texts.BUTTON_CANCEL,
}
_STYLES: dict[Verb, discord.ButtonStyle] = {
    "use": discord.ButtonStyle.success,
    "cancel": discord.ButtonStyle.danger,
}
_OFFERED: dict[Standing, tuple[Verb, ...]] = {
    "waits": ("use", "keep", "details"),
    "used": ("back", "details"),
    "worse": ("details",),
    "kept": ("details",),
    "back": ("details",),
    "outdated": ("details",),
}
_COLOURS: dict[Standing, int] = {"waits": 0x2ECC71, "used": 0x2ECC71, "worse": 0xE67E22}
_PLAIN, _GOING = 0x95A5A6, 0x3498DB
PICTURE = "old-and-new.png"


class RunButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"candor:v1:run_(?P<verb>{'|'.join(get_args(Verb))}):(?P<run_id>[a-z0-9-]{{1,64}})",
):
    """One button of one run; needs Manage Server at the press."""

    def __init__(self, verb: Verb, run_id: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=_LABELS[verb],
                style=_STYLES.get(verb, discord.ButtonStyle.secondary),
                custom_id=f"candor:v1:run_{verb}:{run_id}",
            )
        )
        self.verb: Verb = verb
        self.run_id = run_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> RunButton:
        """The button that was pressed."""
        return cls(cast("Verb", match["verb"]), match["run_id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="learn")

    async def _press(self, interaction: Pressed) -> Said | str:
        flows, by = interaction.client.flows, interaction.user.id
        match self.verb:
            case "use":
                return await flows.retraining.use(self.run_id, guild_id=guild_of(interaction), by=by)
            case "keep":
                return await flows.retraining.keep(self.run_id, guild_id=guild_of(interaction), by=by)
            case "back":
                return await flows.retraining.back(self.run_id, by=by)
            case "cancel":
                return await flows.learn.cancel(self.run_id)
            case "details":
                return await _details(interaction, self.run_id)


async def _details(interaction: Pressed, run_id: str) -> Said:
    found = await interaction.client.flows.run_details.of(run_id, guild_id=guild_of(interaction))
    data = json.dumps(found.data, indent=2, ensure_ascii=False).encode()
    files = (discord.File(BytesIO(data), f"{run_id}.json"),)
    if found.page is None:
        return Said(texts.DETAILS_WITHOUT_PAGE.format(run_id=run_id), files=files)
    return Said(
        texts.DETAILS.format(run_id=run_id), files=(discord.File(BytesIO(found.page), f"{run_id}.html"), *files)
    )


def report_card(report: RunReport, *, picture: str | None = None) -> Card:
    """The report as the run stands, one phone screen. `picture`: what its picture shows; None: it comes without."""
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_COLOURS.get(report.standing, _PLAIN))
    for part in report_parts(report):
        container.add_item(discord.ui.TextDisplay(part))
    if picture is not None:
        gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery()
        container.add_item(gallery.add_item(media=f"attachment://{PICTURE}", description=picture))
    buttons: list[Any] = [RunButton(verb, report.run.run_id) for verb in _OFFERED[report.standing]]
    container.add_item(discord.ui.Separator())
    return Card(container.add_item(discord.ui.ActionRow(*buttons)))


def report_file(png: bytes) -> discord.File:
    """The picture that the card names."""
    return discord.File(BytesIO(png), PICTURE)


def progress_card(progress: RunProgress) -> Card:
    """How far the run is, with Cancel while it goes on."""
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_GOING)
    container.add_item(discord.ui.TextDisplay("\n".join(progress_lines(progress))))
    if progress.run.ended_at is None:
        button: Any = RunButton("cancel", progress.run.run_id)
        container.add_item(discord.ui.ActionRow(button))
    return Card(container)
