"""Choices while a case's number is being typed: this server's newest cases, by what, whose and when; no text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from discord import app_commands

from bot.chat import permissions, queue_texts, report_texts
from bot.chat.inert import plain
from bot.chat.staff import shown_to
from bot.chat.why_lines import title_of
from bot.core.cases import Case, CaseFilter
from bot.core.policy import headline
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

log = structlog.get_logger(__name__)

MOST_CHOICES = 25
LONGEST_CHOICE = 100
"""Discord takes no more and no longer ones."""
LONGEST_NAME = 40


async def case_choices(
    interaction: Pressed, typed: object, *, undoable: bool = False
) -> list[app_commands.Choice[int]]:
    """The cases that fit what was typed (a number's beginning, a label, a name), newest first.

    `undoable`: only those in which something was done that stands. Nothing for who may not look at cases.
    """
    if interaction.guild_id is None or permissions.missing(interaction.permissions, permissions.NEEDS["review"].person):
        return []
    try:
        found = await interaction.client.flows.queue.newest(
            guild_id=interaction.guild_id, which=shown_to(interaction, CaseFilter()), undoable=undoable
        )
    except BotError as error:
        # No choices are better than a failure while somebody types; the command itself says what is wrong.
        log.warning("no_choices", guild_id=interaction.guild_id, why=type(error).__name__)
        return []
    return fitting(found, str(typed), now=interaction.created_at)


def fitting(found: Sequence[Case], typed: str, *, now: datetime) -> list[app_commands.Choice[int]]:
    """At most 25 of the cases, as choices."""
    typed = typed.strip().casefold()
    choices: list[app_commands.Choice[int]] = []
    for case in found:
        line = choice_line(case, now=now)
        fits = str(case.case_id).startswith(typed) if typed.isdigit() else typed in line.casefold()
        if fits and len(choices) < MOST_CHOICES:
            choices.append(app_commands.Choice(name=line, value=case.case_id))
    return choices


def choice_line(case: Case, *, now: datetime) -> str:
    """ "1042 · insult · Kai · 2 h ago"."""
    flagged = case.opened_why == "flagged" and case.reasons
    return report_texts.CHOICE.format(
        case_id=case.case_id,
        what=title_of(headline(case.reasons).label) if flagged else queue_texts.WHYS[case.opened_why],
        name=plain(case.author_name, limit=LONGEST_NAME) if case.author_name else report_texts.NO_NAME,
        when=_ago((now - case.opened_at).total_seconds()),
    )[:LONGEST_CHOICE]


def _ago(seconds: float) -> str:
    for size, phrase in report_texts.AGO:
        if seconds >= size:
            return phrase.format(number=int(seconds // size))
    return report_texts.JUST_NOW
