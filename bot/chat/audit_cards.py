"""The audit card: ten unflagged lines behind spoilers, one menu for the bad ones and one button for none.

It shows neither scores nor authors: who judges should see what was written, and nothing that sways.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import texts
from bot.chat.answering import answer, guild_of, ids_in, member_of
from bot.chat.cards import CARD_LIMIT, Card
from bot.chat.inert import spoiler
from bot.chat.listener import person
from bot.core.audits import AuditBatch, Draw

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

_COLOUR, _OVER_COLOUR = 0x3498DB, 0x95A5A6
LINE_LIMIT = 600


class AuditSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"candor:v1:audit:(?P<batch_id>[0-9]{1,18})"
):
    """The menu in which the bad lines are tapped."""

    def __init__(self, batch_id: int, draws: Collection[Draw] = ()) -> None:
        options = [
            discord.SelectOption(label=texts.AUDIT_OPTION.format(number=number), value=str(draw.draw_id))
            for number, draw in enumerate(draws, start=1)
        ]
        super().__init__(
            discord.ui.Select(
                custom_id=f"candor:v1:audit:{batch_id}",
                placeholder=texts.MENU_AUDIT,
                min_values=1,
                max_values=max(1, len(options)),
                options=options,
            )
        )
        self.batch_id = batch_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> AuditSelect:
        """The menu in which was tapped."""
        return cls(int(match["batch_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice; raises nothing."""
        await answer(interaction, partial(self._choose, interaction), feature="review")

    async def _choose(self, interaction: Pressed) -> str:
        return await _judge(interaction, self.batch_id, ids_in(self.item.values))


class AuditNone(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"candor:v1:audit_none:(?P<batch_id>[0-9]{1,18})"
):
    """The button that says that no line breaks the rules."""

    def __init__(self, batch_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts.BUTTON_AUDIT_NONE,
                style=discord.ButtonStyle.success,
                custom_id=f"candor:v1:audit_none:{batch_id}",
            )
        )
        self.batch_id = batch_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> AuditNone:
        """The button that was pressed."""
        return cls(int(match["batch_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(_judge, interaction, self.batch_id, ()), feature="review")


async def _judge(interaction: Pressed, batch_id: int, bad: Collection[int]) -> str:
    return await interaction.client.flows.audit.answer(
        guild_id=guild_of(interaction), batch_id=batch_id, bad=bad, moderator=person(member_of(interaction))
    )


def audit_card(batch: AuditBatch) -> Card:
    """The card as the batch stands; once it is over, without a line of what it showed."""
    title = f"### {texts.AUDIT_TITLE.format(batch_id=batch.batch_id)}"
    if batch.state != "open":
        return Card(discord.ui.Container(_text(title), _text(_ending(batch)), accent_colour=_OVER_COLOUR))
    heads = [_head(number, draw) for number, draw in enumerate(batch.draws, start=1)]
    room = CARD_LIMIT - len(title) - len(texts.AUDIT_HOW) - sum(len(head) + 1 for head in heads)
    limit = min(LINE_LIMIT, room // max(1, len(heads)))
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_COLOUR)
    container.add_item(_text(title)).add_item(_text(texts.AUDIT_HOW))
    for head, draw in zip(heads, batch.draws, strict=True):
        container.add_item(_text(f"{head}\n{spoiler(draw.case.text, limit=limit)}"))
    select: Any = AuditSelect(batch.batch_id, batch.draws)
    none: Any = AuditNone(batch.batch_id)
    container.add_item(discord.ui.Separator())
    container.add_item(discord.ui.ActionRow(select)).add_item(discord.ui.ActionRow(none))
    return Card(container)


def _head(number: int, draw: Draw) -> str:
    return texts.AUDIT_LINE.format(number=number, channel_id=draw.case.channel_id, jump=draw.case.jump_url)


def _ending(batch: AuditBatch) -> str:
    if batch.state == "expired" or batch.closed_at is None:
        return texts.AUDIT_OVER
    named = ", ".join(str(case_id) for case_id in batch.bad_case_ids)
    return texts.AUDIT_DONE.format(
        bad=len(batch.bad_case_ids) or "none",
        lines=batch.lines,
        cases=texts.AUDIT_CASES[len(batch.bad_case_ids) > 1].format(cases=named) if named else "",
        moderator_id=batch.answered_by,
        when=discord.utils.format_dt(batch.closed_at, "t"),
    )


def _text(content: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(content)
