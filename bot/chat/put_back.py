""" "Put text back": offered to the moderator alone, after Undo or "It's fine", while the deleted text is young."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.chat import texts
from bot.chat.answering import Said, answer, deciding, guild_of, member_of
from bot.chat.listener import person

if TYPE_CHECKING:
    from bot.chat.answering import Pressed


class PutBackButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"candor:v1:put_back:(?P<case_id>[0-9]{1,18})"
):
    """The button under the private answer."""

    def __init__(self, case_id: int) -> None:
        super().__init__(discord.ui.Button(label=texts.BUTTON_PUT_BACK, custom_id=f"candor:v1:put_back:{case_id}"))
        self.case_id = case_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> PutBackButton:
        """The button that was pressed."""
        return cls(int(match["case_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="delete", replace=True)

    async def _press(self, interaction: Pressed) -> str:
        with deciding(interaction, self.case_id):
            reply = await interaction.client.flows.putting_back.put_back(
                guild_id=guild_of(interaction), case_id=self.case_id, moderator=person(member_of(interaction))
            )
        return reply.sentence


async def with_offer(interaction: Pressed, case_id: int, sentence: str) -> Said:
    """The sentence, with the button where there is a text to put back."""
    offers = await interaction.client.flows.putting_back.offers(guild_id=guild_of(interaction), case_id=case_id)
    if not offers:
        return Said(sentence)
    button: Any = PutBackButton(case_id)
    return Said(sentence, discord.ui.View(timeout=None).add_item(button))
