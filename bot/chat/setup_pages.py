"""The pages of `/candor setup`: what each says, built anew from the server and its rules whenever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import discord

from bot.chat import setup_texts
from bot.chat.inert import inert
from bot.chat.scope import scope_text
from bot.chat.setup_channel import reviewers_lack, reviewing_roles
from bot.chat.setup_checks import automod_lines, permission_lines
from bot.chat.why_lines import NAME_LIMIT
from bot.core.guild_rules import GuildRules
from moderation_model.labels import LABELS

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

Page = Literal["channel", "roles", "scope", "permissions", "reading", "names", "trying", "done"]
PAGES: tuple[Page, ...] = get_args(Page)


def guild_in(interaction: Pressed) -> discord.Guild:
    """The server; `answer` has made sure that there is one."""
    assert interaction.guild is not None, "answer() refuses interactions outside servers"
    return interaction.guild


async def page_text(interaction: Pressed, rules: GuildRules, page: Page, *, note: str = "") -> str:
    """What the page says now; `note` is what the press before it did. Raises BotError and what discord.py raises."""
    number = PAGES.index(page) + 1
    title = setup_texts.PAGE_TITLE.format(number=number, pages=len(PAGES), title=setup_texts.PAGE_TITLES[page])
    parts = [title, note, await _body(interaction, page, rules)]
    return "\n".join(part for part in parts if part)


async def _body(interaction: Pressed, page: Page, rules: GuildRules) -> str:
    guild = guild_in(interaction)
    match page:
        case "channel":
            return _channel(guild, rules)
        case "roles":
            return _roles(guild, rules)
        case "scope":
            most = max(len(rules.included_channel_ids), len(rules.exempt_channel_ids))
            return scope_text(guild, rules) + (f"\n{setup_texts.SCOPE_TOO_MANY}" if most > 25 else "")
        case "permissions":
            return await permission_lines(guild, rules)
        case "reading":
            finding = await interaction.client.flows.coverage.finding(guild.id)
            return f"{'🈯' if finding.ok else '⚠️'} {finding.sentence}\n{await automod_lines(guild)}"
        case "names":
            return _names(rules)
        case "trying":
            return setup_texts.TRYING_ASK
        case "done":
            return _done(rules)


def _channel(guild: discord.Guild, rules: GuildRules) -> str:
    if rules.review_channel_id is None:
        return setup_texts.CHANNEL_NONE
    if guild.get_channel(rules.review_channel_id) is None:
        return setup_texts.CHANNEL_GONE
    return setup_texts.CHANNEL_NOW.format(channel_id=rules.review_channel_id)


def _roles(guild: discord.Guild, rules: GuildRules) -> str:
    roles = reviewing_roles(guild, rules)
    text = setup_texts.ROLES_KEPT if rules.reviewer_role_ids else setup_texts.ROLES_ASK
    return "\n".join([text, *reviewers_lack(guild, roles, rules)][:12])


def _names(rules: GuildRules) -> str:
    lines = [f"{spec.title}: {inert(rules.rule(spec.name).rule_name or '–', limit=NAME_LIMIT)}" for spec in LABELS]
    return "\n".join([setup_texts.NAMES_ASK, *lines])


def _done(rules: GuildRules) -> str:
    if rules.paused:
        state = setup_texts.DONE_PAUSED
    elif not rules.shadow:
        state = setup_texts.DONE_ACTIVE
    elif rules.ping_role_id is not None:
        state = setup_texts.DONE_SHADOW_CALLED.format(role_id=rules.ping_role_id)
    else:
        state = setup_texts.DONE_SHADOW
    if rules.review_channel_id is None:
        return f"{state}\n{setup_texts.DONE_NO_CHANNEL}"
    return f"{state}\n{setup_texts.DONE_NEXT.format(channel_id=rules.review_channel_id)}"
