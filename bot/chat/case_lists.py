"""`/case list` and `/case member`: which cases there are, page by page. No scores: members are not profiled."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands

from bot.chat import gone_texts, queue_texts, texts
from bot.chat.answering import Said, answer, guild_of
from bot.chat.staff import shown_to
from bot.chat.why_lines import title_of
from bot.core.cases import Case, CaseFilter
from bot.core.policy import headline
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

LABEL_CHOICES = [app_commands.Choice(name=spec.title, value=spec.name) for spec in LABELS]
WHY_CHOICES = [app_commands.Choice(name=name.capitalize(), value=why) for why, name in queue_texts.WHYS.items()]


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:cases:(?P<state>[a-z_]*):(?P<why>[a-z_]*):(?P<label>[a-z_]*):(?P<page>[0-9]{1,9})",
):
    """One of the two buttons under a page. Which cases it is about stands in its id."""

    def __init__(self, which: CaseFilter, page: int, label: str = "") -> None:
        custom_id = f"candor:v1:cases:{which.state or ''}:{which.why or ''}:{which.label or ''}:{page}"
        super().__init__(discord.ui.Button(label=label, custom_id=custom_id))
        self.which = which
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> PageButton:
        """The button that was pressed."""
        return cls(filter_of(match["why"], match["label"], match["state"]), int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page; raises nothing."""
        await answer(interaction, partial(list_cases, interaction, self.which, self.page), feature="why", replace=True)


def filter_of(why: str | None, label: str | None, state: str | None = None) -> CaseFilter:
    """The filter that a command's options or a button's id name; empty is none."""
    return CaseFilter(why=cast("Any", why or None), label=label or None, state=cast("Any", state or None))


async def list_cases(interaction: Pressed, which: CaseFilter, number: int) -> Said:
    """One page of the server's cases, newest first."""
    page = await interaction.client.flows.queue.page(
        guild_id=guild_of(interaction), which=shown_to(interaction, which), number=number
    )
    if not page.cases:
        return Said(queue_texts.LIST_EMPTY)
    chosen = [which.state, queue_texts.WHYS.get(which.why or ""), title_of(which.label) if which.label else None]
    filters = ", ".join(each for each in chosen if each)
    head = queue_texts.LIST_HEAD.format(
        number=page.total,
        cases=cases_word(page.total),
        filters=queue_texts.LIST_FILTERS.format(filters=filters) if filters else "",
        page=page.number,
        pages=page.pages,
    )
    view = discord.ui.View(timeout=None)
    if page.number > 1:
        view.add_item(cast("Any", PageButton(which, page.number - 1, queue_texts.BUTTON_NEWER)))
    if page.number < page.pages:
        view.add_item(cast("Any", PageButton(which, page.number + 1, queue_texts.BUTTON_OLDER)))
    return Said("\n".join([head, *map(case_line, page.cases)]), view if view.children else None)


async def member_cases(interaction: Pressed, member_id: int) -> str:
    """How many cases the member has, how many are open and confirmed, and the newest."""
    known = await interaction.client.flows.queue.member(
        guild_id=guild_of(interaction), which=shown_to(interaction, CaseFilter(author_id=member_id))
    )
    if not known.total:
        return queue_texts.MEMBER_NONE.format(member_id=member_id)
    head = queue_texts.MEMBER_HEAD.format(
        member_id=member_id,
        number=known.total,
        cases=cases_word(known.total),
        open=known.open,
        confirmed=known.confirmed,
    )
    return "\n".join([head, *map(case_line, known.newest)])


def case_line(case: Case) -> str:
    """One case in a list: its number, whose, what, how it stands, where and when."""
    flagged = case.opened_why == "flagged" and case.reasons
    state = texts.CASE_STATE[case.state]
    if case.state == "closed" and case.votes:
        state = " ".join(texts.DECIDED[case.votes[-1].verdict])
    if case.closed_as_gone:
        state = gone_texts.LISTED
    return queue_texts.LIST_LINE.format(
        case_id=case.case_id,
        name=f"<@{case.author_id}>",
        what=title_of(headline(case.reasons).label) if flagged else queue_texts.WHYS[case.opened_why],
        state=state,
        channel_id=case.channel_id,
        when=discord.utils.format_dt(case.opened_at, "R"),
        jump=case.jump_url,
    )


def cases_word(number: int) -> str:
    """ "case" or "cases"."""
    return "case" if number == 1 else "cases"
