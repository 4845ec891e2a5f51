"""`/candor appeals`: which appeals wait and since when, and how the last ones ended, page by page."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands

from bot.chat import stats_texts
from bot.chat.answering import Said, answer, guild_of
from bot.core.cases import CardRef
from bot.flow.appeal_list import LOOK_BACK_DAYS, AppealPage
from bot.store.appeal_lists import OpenAppeal

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class AppealPageButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"candor:v1:appeals:(?P<page>[0-9]{1,9})"
):
    """One of the two buttons under a page."""

    def __init__(self, page: int, label: str = "") -> None:
        super().__init__(discord.ui.Button(label=label, custom_id=f"candor:v1:appeals:{page}"))
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> AppealPageButton:
        """The button that was pressed."""
        return cls(int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page; raises nothing."""
        await answer(interaction, partial(_appeals, interaction, self.page), feature="administer", replace=True)


def appeals_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="appeals",
        description="Which appeals wait and since when, and how the last ones ended.",
        callback=_command,
    )


async def _command(interaction: Pressed) -> None:
    await answer(interaction, partial(_appeals, interaction, 1), feature="administer")


async def _appeals(interaction: Pressed, number: int) -> Said:
    guild_id = guild_of(interaction)
    page = await interaction.client.flows.appeal_list.page(guild_id=guild_id, number=number)
    lines = [_head(page), *(_line(guild_id, appeal) for appeal in page.appeals), *_ended(page)]
    view = discord.ui.View(timeout=None)
    if page.number > 1:
        view.add_item(cast("Any", AppealPageButton(page.number - 1, stats_texts.BUTTON_OLDER)))
    if page.number < page.pages:
        view.add_item(cast("Any", AppealPageButton(page.number + 1, stats_texts.BUTTON_NEWER)))
    return Said("\n".join(lines), view if view.children else None)


def _head(page: AppealPage) -> str:
    if not page.total:
        return stats_texts.APPEALS_NONE
    pages = stats_texts.APPEALS_PAGE.format(page=page.number, pages=page.pages) if page.pages > 1 else ""
    appeals = "appeal" if page.total == 1 else "appeals"
    return stats_texts.APPEALS_HEAD.format(number=page.total, appeals=appeals, pages=pages)


def _line(guild_id: int, appeal: OpenAppeal) -> str:
    return stats_texts.APPEALS_LINE.format(
        case_id=appeal.case_id,
        member_id=appeal.member_id,
        since=discord.utils.format_dt(appeal.appealed_at, "R"),
        card=_card(guild_id, appeal.card),
    )


def _card(guild_id: int, card: CardRef | None) -> str:
    if card is None:
        return stats_texts.APPEALS_NO_CARD
    url = f"https://discord.com/channels/{guild_id}/{card.channel_id}/{card.message_id}"
    return stats_texts.APPEALS_CARD.format(url=url)


def _ended(page: AppealPage) -> list[str]:
    counts = page.counts
    missing = (
        stats_texts.APPEALS_NO_NOTICES if not page.notices else "" if page.taken else stats_texts.APPEALS_NOT_TAKEN
    )
    return [
        stats_texts.APPEALS_ENDED.format(days=LOOK_BACK_DAYS, upheld=counts.upheld, overturned=counts.overturned),
        stats_texts.APPEALS_MEMBERS.format(acted=_members(counts.acted), appealed=_members(counts.appealed)) + missing,
    ]


def _members(number: int) -> str:
    return f"{number:,} member" if number == 1 else f"{number:,} members"
