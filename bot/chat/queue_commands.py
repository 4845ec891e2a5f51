"""`/queue` for moderators: the oldest open case with its buttons, and what waits."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import queue_texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.cards import review_card
from bot.chat.case_lists import LABEL_CHOICES, WHY_CHOICES, cases_word, filter_of
from bot.chat.queue_lines import counted
from bot.chat.staff import shown_to
from bot.core.cases import CaseFilter
from bot.flow.queue import Place

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class QueueCommands(app_commands.Group):
    """The group; each method is one command and answers privately."""

    def __init__(self) -> None:
        super().__init__(
            name="queue",
            description="Decide what is open, case by case.",
            default_permissions=discord.Permissions(moderate_members=True),
            guild_only=True,
        )

    @app_commands.command()
    @app_commands.describe(why="Why the case was opened.", label="A label that was reached.")
    @app_commands.choices(why=WHY_CHOICES, label=LABEL_CHOICES)
    async def next(self, interaction: Pressed, why: str | None = None, label: str | None = None) -> None:
        """Show the oldest open case, to decide it here; first what waits for another opinion."""
        await answer(interaction, partial(_next, interaction, filter_of(why, label), None), feature="review")

    @app_commands.command()
    async def stats(self, interaction: Pressed) -> None:
        """Say what is open and how long it waits."""
        await answer(interaction, partial(_stats, interaction), feature="review")


class NextButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:next:(?P<why>[a-z_]*):(?P<label>[a-z_]*):(?P<urgent>u?)(?P<after>[0-9]{1,18})",
):
    """Shows the open case that follows, of the kind that was asked for."""

    def __init__(self, which: CaseFilter, after: Place) -> None:
        behind = f"{'u' if after.urgent else ''}{after.case_id}"
        custom_id = f"candor:v1:next:{which.why or ''}:{which.label or ''}:{behind}"
        super().__init__(discord.ui.Button(label=queue_texts.BUTTON_NEXT, custom_id=custom_id))
        self.which = which
        self.after = after

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> NextButton:
        """The button that was pressed."""
        return cls(filter_of(match["why"], match["label"]), Place(bool(match["urgent"]), int(match["after"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the next case; raises nothing."""
        await answer(interaction, partial(_next, interaction, self.which, self.after), feature="review")


async def _next(interaction: Pressed, which: CaseFilter, after: Place | None) -> Said:
    flows = interaction.client.flows
    seen = shown_to(interaction, which)
    upcoming = await flows.queue.next(
        guild_id=guild_of(interaction), which=seen, moderator_id=interaction.user.id, after=after
    )
    if upcoming is None:
        everything = which == CaseFilter()
        empty = queue_texts.QUEUE_EMPTY if everything else queue_texts.QUEUE_EMPTY_FILTERED
        return Said(queue_texts.QUEUE_LAST if after else empty)
    card = review_card(upcoming.case, await flows.deciding.background(upcoming.case))
    button: Any = NextButton(which, upcoming.place)
    card.add_item(discord.ui.ActionRow(button))
    return Said(view=card)


async def _stats(interaction: Pressed) -> str:
    flows = interaction.client.flows
    counts = await flows.queue.counts(guild_of(interaction))
    if counts.oldest is None:
        return queue_texts.QUEUE_EMPTY
    rules = await flows.setup.rules(guild_of(interaction))
    since = discord.utils.format_dt(counts.oldest, "R")
    lines = [
        queue_texts.QUEUE_OPEN.format(number=counts.total, cases=cases_word(counts.total), since=since),
        queue_texts.QUEUE_WHY.format(counts=counted(counts.by_why)),
        queue_texts.QUEUE_LABELS.format(counts=counted(counts.by_label)) if counts.by_label else "",
        queue_texts.QUEUE_UNCARDED.format(number=sum(counts.uncarded.values()), cards=rules.cards_a_day),
        queue_texts.QUEUE_OVERDUE.format(hours=rules.remind_after_hours, number=counts.overdue),
    ]
    return "\n".join(line for line in lines if line)
