"""Who is staff, who is an administrator, and the channel for reports about staff, which only administrators read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import discord

from bot.chat import permissions, report_texts
from bot.chat.answering import guild_of
from bot.chat.messages import channel_of
from bot.core.cases import Case, CaseFilter
from bot.core.events import Person
from bot.core.findings import Finding
from bot.core.guild_rules import GuildRules
from bot.errors import CaseNotFound

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

ABOUT = "reports about staff"


def is_staff(guild: discord.Guild, author: Person, rules: GuildRules) -> bool:
    """Whether the author may decide cases here: the owner, a role for reviewers, or one with Moderate Members."""
    roles = [role for role in map(guild.get_role, author.role_ids) if role is not None]
    may = any(role.permissions.administrator or role.permissions.moderate_members for role in roles)
    return may or author.user_id == guild.owner_id or bool(rules.reviewer_role_ids & author.role_ids)


def is_administrator(interaction: Pressed) -> bool:
    """Whether the presser holds Manage Server or Administrator."""
    return not permissions.missing(interaction.permissions, permissions.NEEDS["administer"].person)


def shown_to(interaction: Pressed, which: CaseFilter) -> CaseFilter:
    """The filter with those cases that the presser may see."""
    return replace(which, admin_id=interaction.user.id) if is_administrator(interaction) else which


def may_read(interaction: Pressed, case: Case) -> bool:
    """Whether the presser may see the case: one about staff is for the other administrators."""
    return case.opened_why != "staff" or may_see_reporters(interaction, case)


def may_see_reporters(interaction: Pressed, case: Case) -> bool:
    """Whether the presser may know who reported: an administrator, unless the report is about himself."""
    about = {case.author_id, *case.other_author_ids}
    return is_administrator(interaction) and interaction.user.id not in about


async def readable_case(interaction: Pressed, case_id: int) -> Case:
    """The case. Raises CaseNotFound, also where the presser may not see it."""
    case = await interaction.client.flows.review.case(guild_id=guild_of(interaction), case_id=case_id)
    if not may_read(interaction, case):
        raise CaseNotFound(f"There is no case {case_id} on this server.")
    return case


async def admin_channel_finding(guild: discord.Guild, me: discord.Member, rules: GuildRules) -> Finding:
    """Whether reports about staff have a place, and only administrators see it. Raises what discord.py raises."""
    if rules.admin_channel_id is None:
        return Finding(ABOUT, True, report_texts.ADMINS_NONE)
    channel = await channel_of(guild, rules.admin_channel_id)
    if not isinstance(channel, discord.TextChannel):
        return Finding(ABOUT, False, report_texts.ADMINS_GONE, report_texts.ADMINS_FIX)
    lacking = permissions.missing(channel.permissions_for(me), permissions.NEEDS["post_cards"].bot)
    if lacking:
        sentence = report_texts.ADMINS_NEEDS.format(channel=channel.mention, permissions=permissions.titles(lacking))
        return Finding(ABOUT, False, sentence, report_texts.ADMINS_FIX)
    seen = [role for role in guild.roles if channel.permissions_for(role).view_channel and not _keeps_quiet(role, me)]
    if seen:
        # Whoever is in @everyone is named by it alone.
        roles = "everybody" if guild.default_role in seen else ", ".join(role.mention for role in seen)
        sentence = report_texts.ADMINS_SEEN.format(channel=channel.mention, roles=roles)
        return Finding(ABOUT, False, sentence, report_texts.ADMINS_SEEN_FIX)
    return Finding(ABOUT, True, report_texts.ADMINS_GOOD.format(channel=channel.mention))


def _keeps_quiet(role: discord.Role, me: discord.Member) -> bool:
    """Whether the role may see reports about staff: an administrator's, or a bot's own."""
    held = role.permissions
    return held.administrator or held.manage_guild or role.managed or role == me.top_role
