"""More…: a private menu in which a moderator chooses other labels, or says that the labels were beside the point.

The choice is handled by its `custom_id`, so a menu that was opened before a restart still works.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import texts
from bot.chat.answering import Said, answer, deciding, guild_of, member_of
from bot.chat.listener import person
from bot.core.cases import Case
from bot.errors import NotAllowed
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

OTHER_REASON = "other_reason"


class LabelSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"candor:v1:labels:(?P<case_id>[0-9]{1,18})"
):
    """The labels to choose from; `chosen` are ticked already."""

    def __init__(self, case_id: int, *, chosen: tuple[str, ...] = ()) -> None:
        options = [
            discord.SelectOption(
                label=spec.title, value=spec.name, description=spec.description[:100], default=spec.name in chosen
            )
            for spec in LABELS
        ]
        options.append(
            discord.SelectOption(
                label=texts.MENU_OTHER_REASON, value=OTHER_REASON, description=texts.MENU_OTHER_REASON_HELP
            )
        )
        super().__init__(
            discord.ui.Select(
                custom_id=f"candor:v1:labels:{case_id}",
                placeholder=texts.MENU_LABELS,
                min_values=0,
                max_values=len(options),
                options=options,
            )
        )
        self.case_id = case_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> LabelSelect:
        """The menu in which was chosen."""
        return cls(int(match["case_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice; raises nothing."""
        await answer(interaction, partial(self._choose, interaction), feature="review", replace=True)

    async def _choose(self, interaction: Pressed) -> str:
        chosen = set(self.item.values)
        if OTHER_REASON in chosen and len(chosen) > 1:
            raise NotAllowed(texts.LABELS_OR_OTHER)
        other = OTHER_REASON in chosen
        with deciding(interaction, self.case_id):
            reply = await interaction.client.flows.review.vote(
                guild_id=guild_of(interaction),
                case_id=self.case_id,
                moderator=person(member_of(interaction)),
                verdict="other_reason" if other else "breaks_rules",
                chosen=None if other else chosen,
            )
        return reply.sentence


async def labels_menu(interaction: Pressed, case_id: int) -> Said:
    """The menu for one case, with the labels ticked that were flagged or chosen last. Raises CaseNotFound."""
    case = await interaction.client.flows.review.case(guild_id=guild_of(interaction), case_id=case_id)
    view = discord.ui.View(timeout=None)
    view.add_item(LabelSelect(case_id, chosen=_ticked(case)))
    return Said(texts.CHOOSE_LABELS.format(case_id=case_id), view)


def _ticked(case: Case) -> tuple[str, ...]:
    for vote in reversed(case.votes):
        if vote.verdict == "breaks_rules":
            return tuple(name for name, answer in vote.labels.items() if answer in {"right", "missing"})
    return case.decision.labels
