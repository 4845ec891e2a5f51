""" "Report to moderators" under a message's "Apps": a form with an optional reason, and a private answer.

The form knows its message by id alone and is answered after a restart, too; the message is looked up when it is sent.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import permissions, report_texts, texts
from bot.chat.answering import Said, answer, guild_of, member_of, open_form
from bot.chat.listener import incoming, person
from bot.chat.messages import DiscordMessages
from bot.chat.messages import member_of as fetch_member
from bot.chat.modals import FIELD, FORM_SECONDS, filled
from bot.chat.staff import is_staff
from bot.core.events import Person
from bot.errors import NotAllowed
from bot.flow.reporting import GONE, LONGEST_REASON, About

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

_FORM = re.compile(r"candor:v1:form_report:(?P<channel_id>[0-9]{1,20}):(?P<message_id>[0-9]{1,20})")


def report_menu() -> app_commands.ContextMenu:
    """The entry, for everybody."""
    menu = app_commands.ContextMenu(name="Report to moderators", callback=_report)
    menu.guild_only = True
    return menu


async def _report(interaction: Pressed, message: discord.Message) -> None:
    await open_form(interaction, partial(_form, interaction, message), feature="report")


async def _form(interaction: Pressed, message: discord.Message) -> Said:
    looked_at = incoming(message, interaction.created_at, own_application_id=interaction.client.application_id)
    if looked_at is None:
        raise NotAllowed(texts.NOT_REPORTABLE)
    await interaction.client.flows.reporting.require_may(message=looked_at, reporter=person(member_of(interaction)))
    custom_id = f"candor:v1:form_report:{message.channel.id}:{message.id}"
    form = discord.ui.Modal(title=report_texts.REPORT_TITLE, custom_id=custom_id, timeout=FORM_SECONDS)
    field = discord.ui.TextInput[Any](custom_id=FIELD, required=False, max_length=LONGEST_REASON)
    form.add_item(
        discord.ui.Label[Any](text=report_texts.REPORT_FIELD, description=report_texts.REPORT_HELP, component=field)
    )
    return Said(form=form)


async def report_submitted(interaction: Pressed) -> None:
    """Answer a report that was sent, if the form is one; raises nothing."""
    form = filled(interaction, _FORM)
    if form is not None:
        ids = {name: int(value) for name, value in form.ids.groupdict().items()}
        await answer(interaction, partial(_submit, interaction, form.text, **ids), feature="report")


async def _submit(interaction: Pressed, reason: str, *, channel_id: int, message_id: int) -> str:
    flows, guild_id = interaction.client.flows, guild_of(interaction)
    reporter = person(member_of(interaction))
    message = await DiscordMessages(interaction.client).fetch(
        guild_id=guild_id, channel_id=channel_id, message_id=message_id
    )
    if message is not None:
        about = await _about(interaction, message.author)
        return await flows.reporting.report(message=message, reporter=reporter, reason=reason, about=about)
    case = await flows.review.of_message(guild_id=guild_id, message_id=message_id)
    if case is None:
        raise NotAllowed(GONE)
    member = await fetch_member(member_of(interaction).guild, case.author_id)
    about = await _about(interaction, person(member) if member is not None else Person(case.author_id, ""))
    return await flows.reporting.report_case(case=case, reporter=reporter, reason=reason, about=about)


async def _about(interaction: Pressed, author: Person) -> About:
    guild = member_of(interaction).guild
    rules = await interaction.client.flows.setup.rules(guild.id)
    channel = guild.get_channel(rules.admin_channel_id or 0)
    unreachable = channel is None or bool(permissions.missing_for_bot(channel, "post_cards"))
    return About(staff=is_staff(guild, author, rules), owner_id=guild.owner_id or 0, unreachable=unreachable)
