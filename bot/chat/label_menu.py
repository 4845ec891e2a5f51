""" "Label message" under a message's "Apps": a moderator says what the model missed, or flagged for nothing."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import report_texts, texts
from bot.chat.acting import judge, require_unchanged, stamp
from bot.chat.answering import Said, answer, deciding, guild_of, member_of
from bot.chat.listener import incoming, person
from bot.chat.messages import DiscordMessages
from bot.chat.messages import member_of as fetch_member
from bot.chat.more import ticked
from bot.chat.staff import is_administrator, is_staff, may_read
from bot.core.cases import Case
from bot.core.events import IncomingMessage
from bot.errors import NotAllowed
from bot.flow.labelling import require_labelled_here
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

NOTHING = "nothing"


def label_menu() -> app_commands.ContextMenu:
    """The entry, for moderators."""
    menu = app_commands.ContextMenu(name="Label message", callback=_label)
    menu.default_permissions = discord.Permissions(moderate_members=True)
    menu.guild_only = True
    return menu


async def _label(interaction: Pressed, message: discord.Message) -> None:
    await answer(interaction, partial(_menu, interaction, message), feature="review")


async def _menu(interaction: Pressed, message: discord.Message) -> Said:
    author = None if message.webhook_id else await fetch_member(member_of(interaction).guild, message.author.id)
    looked_at = incoming(
        message, interaction.created_at, own_application_id=interaction.client.application_id, member=author
    )
    if looked_at is None or not looked_at.parts:
        raise NotAllowed(report_texts.NOT_LABELLED)
    case = await _standing(interaction, looked_at)
    seen = stamp(case) if case is not None else 0
    select: Any = LabelMessage(
        message.channel.id, message.id, looked_at.revision, seen, chosen=ticked(case) if case else ()
    )
    return Said(report_texts.LABEL_ASK, discord.ui.View(timeout=None).add_item(select))


class LabelMessage(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=r"candor:v1:label:(?P<channel_id>[0-9]{1,20}):(?P<message_id>[0-9]{1,20}):(?P<revision>[0-9]{1,16})"
    r":(?P<seen>[0-9]{1,12})",
):
    """The labels to choose from, for one revision of one message. `seen` as in `acting.stamp`, 0 without a case."""

    def __init__(
        self, channel_id: int, message_id: int, revision: int, seen: int, *, chosen: tuple[str, ...] = ()
    ) -> None:
        options = [
            discord.SelectOption(
                label=spec.title, value=spec.name, description=spec.description[:100], default=spec.name in chosen
            )
            for spec in LABELS
        ]
        options.append(
            discord.SelectOption(label=report_texts.LABEL_NONE, value=NOTHING, description=report_texts.LABEL_NONE_HELP)
        )
        super().__init__(
            discord.ui.Select(
                custom_id=f"candor:v1:label:{channel_id}:{message_id}:{revision}:{seen}",
                placeholder=texts.MENU_LABELS,
                min_values=1,
                max_values=len(options),
                options=options,
            )
        )
        self.channel_id = channel_id
        self.message_id = message_id
        self.revision = revision
        self.seen = seen

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> LabelMessage:
        """The menu in which was chosen."""
        return cls(int(match["channel_id"]), int(match["message_id"]), int(match["revision"]), int(match["seen"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer the choice; raises nothing."""
        await answer(interaction, partial(self._choose, interaction), feature="review", replace=True)

    async def _choose(self, interaction: Pressed) -> Said | str:
        chosen = set(self.item.values)
        if NOTHING in chosen and len(chosen) > 1:
            raise NotAllowed(report_texts.LABELS_OR_NOTHING)
        message = await DiscordMessages(interaction.client).fetch(
            guild_id=guild_of(interaction), channel_id=self.channel_id, message_id=self.message_id
        )
        if message is not None and message.revision != self.revision:
            raise NotAllowed(report_texts.LABEL_EDITED)
        case = await (self._kept(interaction) if message is None else _standing(interaction, message))
        # A case's number, or while there is none the message's: the two never meet.
        with deciding(interaction, case.case_id if case is not None else self.message_id):
            if case is not None:
                require_unchanged(case, self.seen)
            return await self._record(interaction, case, message, chosen - {NOTHING})

    async def _record(
        self, interaction: Pressed, case: Case | None, message: IncomingMessage | None, labels: set[str]
    ) -> Said | str:
        labelling, moderator = interaction.client.flows.labelling, person(member_of(interaction))
        if case is not None and not labels:
            # "It's fine" takes back what was done, and needs what that needs.
            require_labelled_here(case)
            return await judge(interaction, case.case_id, "fine", seen=self.seen)
        if case is not None:
            return (await labelling.label_case(case=case, moderator=moderator, labels=labels)).sentence
        assert message is not None, "without a message there is a case"
        return (await labelling.label(message=message, moderator=moderator, labels=labels)).sentence

    async def _kept(self, interaction: Pressed) -> Case:
        """The case on a message that is gone. Raises NotAllowed where there is none for what the moderator saw."""
        case = await interaction.client.flows.review.of_message(
            guild_id=guild_of(interaction), message_id=self.message_id
        )
        if case is None or case.revision != self.revision or not may_read(interaction, case):
            raise NotAllowed(report_texts.LABEL_GONE)
        return case


async def _standing(interaction: Pressed, message: IncomingMessage) -> Case | None:
    """The message's case. Raises NotAllowed where the presser may not label the message."""
    flows, moderator = interaction.client.flows, member_of(interaction)
    case = await flows.labelling.standing(message=message, moderator=person(moderator))
    rules = await flows.setup.rules(guild_of(interaction))
    about_staff = is_staff(moderator.guild, message.author, rules) or (case is not None and case.opened_why == "staff")
    if about_staff and not is_administrator(interaction):
        raise NotAllowed(report_texts.LABEL_STAFF)
    return case
