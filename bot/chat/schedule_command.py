"""`/learn schedule`: when the bot learns and when the weekly report comes, in plain words, shown and set."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat.answering import answer, guild_of
from bot.core.schedules import in_words
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

LEARN, WEEKLY = "learn_cron", "weekly_cron"
WHAT = [
    app_commands.Choice(name="learning", value=LEARN),
    app_commands.Choice(name="weekly report", value=WEEKLY),
]
LINES = {
    LEARN: "**Learning**: {when}, if there are enough new labels. Next: {next}.",
    WEEKLY: "**Weekly report**: {when}. Next: {next}.",
}
OFF = {
    LEARN: "**Learning**: only when `/learn run` asks for it.",
    WEEKLY: "**Weekly report**: none.",
}
HOW = "-# `what` and `when` change one: `Sundays at 03:00`, `every day at 6:00`, `0 3 * * sun` or `none`, in UTC."
WHICH = "Say what `when` is for: learning or the weekly report."
LONGEST = 100


def schedule_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="schedule",
        description="When I learn by myself and when the weekly report comes; or change it.",
        callback=_schedule,
    )


@app_commands.describe(
    what="Which of the two. Without it I show both.",
    when="Weekdays and a time in UTC such as Sundays at 03:00, five cron fields, or none.",
)
@app_commands.choices(what=WHAT)
async def _schedule(
    interaction: discord.Interaction[Any],
    what: app_commands.Choice[str] | None = None,
    when: app_commands.Range[str, 1, LONGEST] | None = None,
) -> None:
    """Show or set."""
    await answer(interaction, partial(_work, interaction, what.value if what else None, when), feature="learn")


async def _work(interaction: Pressed, what: str | None, when: str | None) -> str:
    setup, guild_id = interaction.client.flows.setup, guild_of(interaction)
    if when is not None:
        if what is None:
            raise BotError(WHICH)
        await setup.set_value(guild_id=guild_id, name=what, written=when, by=interaction.user.id)
    rules = await setup.rules(guild_id)
    shown = [_line(interaction, name, getattr(rules, name)) for name in (LINES if what is None else (what,))]
    return "\n".join(shown if when is not None else [*shown, HOW])


def _line(interaction: Pressed, name: str, cron: str | None) -> str:
    if cron is None:
        return OFF[name]
    due, words = interaction.client.flows.setup.next_due(cron), in_words(cron)
    following = discord.utils.format_dt(due, "f") if due else "never"
    return LINES[name].format(when=words[:1].upper() + words[1:], next=following)
