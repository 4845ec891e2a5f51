"""`/candor rules propose`: limits that bring about as many cards as the team reads, with a button that sets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import propose_texts as texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.listener import places_above
from bot.chat.scope import why_of
from bot.chat.setup_pages import guild_in
from bot.chat.why_lines import percent, title_of
from bot.core.guild_rules import GuildRules
from bot.core.proposing import ABOUT, LabelProposal, Proposal, Spot

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class TakeLimitsButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:limits:(?P<limits>[a-z_]{1,40}=[0-9]{1,3}(?:,[a-z_]{1,40}=[0-9]{1,3})*)",
):
    """Sets the limits that were proposed, as they were shown; needs Manage Server at the press."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        chosen = ",".join(f"{label}={at}" for label, at in limits.items())
        custom_id = f"candor:v1:limits:{chosen}"
        super().__init__(discord.ui.Button(label=texts.BUTTON, style=discord.ButtonStyle.primary, custom_id=custom_id))
        self.limits = dict(limits)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> TakeLimitsButton:
        """The button that was pressed."""
        pairs = (each.split("=") for each in match["limits"].split(","))
        return cls({label: int(at) for label, at in pairs})

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="administer", replace=True)

    async def _press(self, interaction: Pressed) -> str:
        return await interaction.client.flows.proposing.apply(
            guild_id=guild_of(interaction), limits=self.limits, by=interaction.user.id
        )


def propose_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="propose",
        description="Limits that bring about as many cards a day as your team reads; set only when you press Apply.",
        callback=_propose,
    )


async def _propose(interaction: Pressed) -> None:
    async def work() -> Said:
        guild, flows = guild_in(interaction), interaction.client.flows
        spots = spots_of(guild, await flows.setup.rules(guild.id))
        found = await flows.proposing.of(guild_id=guild.id, spots=spots)
        button: Any = TakeLimitsButton(found.changes) if found.changes else None
        return Said(proposal_text(found), discord.ui.View(timeout=None).add_item(button) if button else None)

    await answer(interaction, work, feature="administer")


def spots_of(guild: discord.Guild, rules: GuildRules) -> dict[int, Spot]:
    """The server's channels and known threads, with what is above each and what is heard there."""
    found: dict[int, Spot] = {}
    for channel in [*guild.channels, *guild.threads]:
        parent = channel.parent if isinstance(channel, discord.Thread) else channel
        vents = parent is not None and why_of(parent, rules) == "vent"
        found[channel.id] = Spot(places_above(channel) | {channel.id}, "help" if vents else "all")
    return found


def proposal_text(found: Proposal) -> str:
    """What comes, what is proposed and what would have come, as a table that fits a phone."""
    period = "day" if round(found.days) == 1 else f"{round(found.days)} days"
    head = texts.HEAD.format(days=period, messages=f"{found.total:,}", now=_rate(found.now), budget=found.budget)
    lines = [f"{head} {_verdict(found)}", f"```\n{_table(found.labels)}\n```"]
    if found.others:
        lines.append(texts.OTHERS.format(others=_rate(found.others)))
    if found.now > found.budget and not found.fits:
        lines.append(texts.SEVERE)
    return "\n".join([*lines, texts.HOW])


def _verdict(found: Proposal) -> str:
    if found.fits:
        return texts.FITS
    over = found.now > found.budget
    if not found.changes:
        return texts.NOTHING_TO_RAISE if over else texts.NOTHING_TO_LOWER
    said = texts.THEN.format(then=_rate(found.then))
    if found.then > found.budget:
        return f"{said} {texts.STILL_OVER}"
    at_lowest = not over and found.then < ABOUT[0] * found.budget
    return f"{said} {texts.STILL_UNDER}" if at_lowest else said


def _table(labels: tuple[LabelProposal, ...]) -> str:
    rows: list[tuple[str, str, str]] = [texts.COLUMNS]
    for each in labels:
        moved = each.percent is not None
        limit = f"{percent(each.now)}{texts.TO}{percent(each.then)}" if moved else percent(each.now)
        before, after = _rate(each.cards_now), _rate(each.cards_then)
        rows.append((title_of(each.label), limit, before if before == after else f"{before}{texts.TO}{after}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(row).rstrip() for row in padded)


def _rate(a_day: float) -> str:
    """Whole from ten on, else with one decimal, and no more than that is known."""
    return f"{a_day:.0f}" if a_day >= 10 or a_day == round(a_day) else f"{a_day:.1f}"
