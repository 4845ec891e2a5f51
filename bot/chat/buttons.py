"""The buttons of a review card. Their state is in `custom_id`, so they work after a restart and on every old card."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import discord

from bot.chat import name_texts, texts
from bot.chat.acting import act, judge, undo
from bot.chat.answering import Said, answer, deciding
from bot.chat.more import more_menu
from bot.core.actions import ResetNickname
from bot.core.cases import VerdictKind
from bot.core.policy import Action, Delete, Timeout

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

Verb = Literal["breaks", "fine", "skip", "delete", "timeout", "undo", "change", "more", "reset"]

_LABELS: dict[Verb, str] = {
    "breaks": texts.BUTTON_BREAKS,
    "fine": texts.BUTTON_FINE,
    "skip": texts.BUTTON_SKIP,
    "delete": texts.BUTTON_DELETE,
    "timeout": texts.BUTTON_TIMEOUT,
    "undo": texts.BUTTON_UNDO,
    "change": texts.BUTTON_CHANGE,
    "more": texts.BUTTON_MORE,
    "reset": name_texts.BUTTON_RESET,
}
_STYLES: dict[Verb, discord.ButtonStyle] = {
    "breaks": discord.ButtonStyle.danger,
    "fine": discord.ButtonStyle.success,
}
_VERDICTS: dict[Verb, VerdictKind] = {"breaks": "breaks_rules", "fine": "fine", "skip": "skip"}
_ACTIONS: dict[Verb, Action] = {"delete": Delete(), "timeout": Timeout(600), "reset": ResetNickname()}


class CaseButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"candor:v1:(?P<verb>{'|'.join(get_args(Verb))}):(?P<case_id>[0-9]{{1,18}})",
):
    """One button of one case. `label`: in place of the usual one, where the card stands for several messages."""

    def __init__(self, verb: Verb, case_id: int, *, label: str | None = None, disabled: bool = False) -> None:
        super().__init__(
            discord.ui.Button(
                label=label or _LABELS[verb],
                style=_STYLES.get(verb, discord.ButtonStyle.secondary),
                custom_id=f"candor:v1:{verb}:{case_id}",
                disabled=disabled,
            )
        )
        self.verb: Verb = verb
        self.case_id = case_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> CaseButton:
        """The button that was pressed."""
        return cls(cast("Verb", match["verb"]), int(match["case_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="review")

    async def _press(self, interaction: Pressed) -> Said | str:
        if self.verb in ("more", "change"):
            return await more_menu(interaction, self.case_id)
        if self.verb in _ACTIONS:
            # The buttons of a card are for an open case: the first press claims it.
            return await act(interaction, self.case_id, _ACTIONS[self.verb], seen=0)
        if self.verb == "undo":
            return await undo(interaction, self.case_id)
        with deciding(interaction, self.case_id):
            return await judge(interaction, self.case_id, _VERDICTS[self.verb], seen=0)
