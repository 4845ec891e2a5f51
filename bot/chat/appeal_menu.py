"""A member's appeal: the button and the form, which work in a direct message, and what moderators see and press.

State is in `custom_id`, the guild's id included: a direct message knows no guild.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import discord

from bot.chat import texts
from bot.chat.acting import judge
from bot.chat.answering import Said, answer, deciding, guild_of, open_form
from bot.chat.inert import spoiler
from bot.chat.listener import person
from bot.chat.modals import FIELD, FORM_SECONDS, filled
from bot.core.cases import Case, VerdictKind
from bot.errors import NotAllowed
from bot.flow.appeals import LONGEST_APPEAL

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

Answer = Literal["uphold", "overturn"]

SHOWN = 600
_FORM = re.compile(r"candor:v1:form_appeal:(?P<guild_id>[0-9]{1,20}):(?P<case_id>[0-9]{1,18})")
_VERDICTS: dict[Answer, VerdictKind] = {"uphold": "breaks_rules", "overturn": "fine"}
_LABELS: dict[Answer, str] = {"uphold": texts.BUTTON_UPHOLD, "overturn": texts.BUTTON_OVERTURN}
_STYLES = {"uphold": discord.ButtonStyle.danger, "overturn": discord.ButtonStyle.success}


class AppealButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:appeal:(?P<guild_id>[0-9]{1,20}):(?P<case_id>[0-9]{1,18})",
):
    """The button under a notice."""

    def __init__(self, guild_id: int, case_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts.BUTTON_APPEAL,
                style=discord.ButtonStyle.secondary,
                custom_id=f"candor:v1:appeal:{guild_id}:{case_id}",
            )
        )
        self.guild_id = guild_id
        self.case_id = case_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> AppealButton:
        """The button that was pressed."""
        return cls(int(match["guild_id"]), int(match["case_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the form, or say why there is none; raises nothing."""
        await open_form(interaction, partial(self._form, interaction), feature="appeal")

    async def _form(self, interaction: Pressed) -> Said:
        await interaction.client.flows.appeals.case(
            guild_id=self.guild_id, case_id=self.case_id, member_id=interaction.user.id
        )
        custom_id = f"candor:v1:form_appeal:{self.guild_id}:{self.case_id}"
        form = discord.ui.Modal(title=texts.APPEAL_TITLE, custom_id=custom_id, timeout=FORM_SECONDS)
        field = discord.ui.TextInput[Any](
            custom_id=FIELD, style=discord.TextStyle.paragraph, min_length=1, max_length=LONGEST_APPEAL
        )
        form.add_item(discord.ui.Label[Any](text=texts.APPEAL_FIELD, description=texts.APPEAL_HELP, component=field))
        return Said(form=form)


async def appeal_submitted(interaction: Pressed) -> None:
    """Answer an appeal that was sent, if the form is one; raises nothing."""
    form = filled(interaction, _FORM)
    if form is not None:
        ids = {name: int(value) for name, value in form.ids.groupdict().items()}

        async def work() -> str:
            return await interaction.client.flows.appeals.appeal(**ids, member=person(interaction.user), text=form.text)

        await answer(interaction, work, feature="appeal")


class AppealAnswer(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"candor:v1:(?P<answer>uphold|overturn):(?P<case_id>[0-9]{1,18})",
):
    """A moderator's answer to the appeal on one case."""

    def __init__(self, answer: Answer, case_id: int) -> None:
        super().__init__(
            discord.ui.Button(label=_LABELS[answer], style=_STYLES[answer], custom_id=f"candor:v1:{answer}:{case_id}")
        )
        self.answer: Answer = answer
        self.case_id = case_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> AppealAnswer:
        """The button that was pressed."""
        return cls(cast("Answer", match["answer"]), int(match["case_id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the press; raises nothing."""
        await answer(interaction, partial(self._press, interaction), feature="review")

    async def _press(self, interaction: Pressed) -> Said | str:
        with deciding(interaction, self.case_id):
            case = await interaction.client.flows.review.case(guild_id=guild_of(interaction), case_id=self.case_id)
            if case.appeal is None or case.appeal.state != "open":
                raise NotAllowed(texts.NO_OPEN_APPEAL)
            return await judge(interaction, self.case_id, _VERDICTS[self.answer], seen=0)


def appeal_lines(case: Case) -> str:
    """The appeal on a card: what the member wrote and who decided before, or how it ended; empty without one."""
    appeal = case.appeal
    if appeal is None:
        return ""
    if appeal.state != "open" and appeal.decided_at is not None:
        when = discord.utils.format_dt(appeal.decided_at, "t")
        return texts.APPEAL_ENDED.format(
            what=texts.APPEAL_ENDS[appeal.state], moderator_id=appeal.decided_by, when=when
        )
    when = discord.utils.format_dt(appeal.appealed_at, "R")
    text = spoiler(appeal.text, limit=SHOWN) if appeal.text else texts.TEXT_GONE
    people = dict.fromkeys(
        [*(vote.moderator_id for vote in case.votes), *(record.by for record in case.actions if record.by)]
    )
    decided = texts.APPEAL_BY.format(moderators=", ".join(f"<@{each}>" for each in people))
    return f"{texts.APPEAL_OPEN.format(when=when, text=text)}\n{decided if people else texts.APPEAL_BY_BOT}"


def appeal_buttons(case: Case) -> list[Any]:
    """Uphold and Overturn while an appeal waits, else nothing."""
    if case.appeal is None or case.appeal.state != "open":
        return []
    return [AppealAnswer("uphold", case.case_id), AppealAnswer("overturn", case.case_id)]
