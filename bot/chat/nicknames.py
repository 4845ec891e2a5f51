"""Nicknames are reset and given back here, for the enforcer. What Discord raises passes through."""

from __future__ import annotations

import discord

from bot.chat import name_texts, texts
from bot.chat.messages import member_of
from bot.chat.obstacles import obstacle
from bot.core.cases import Case
from bot.core.events import clean
from bot.flow.names import Names
from bot.flow.ports import Outcome

NICKNAME_LIMIT = 32


async def reset(guild: discord.Guild, case: Case, reason: str, *, names: Names) -> Outcome:
    """Take the nickname away, so that the account's own name shows. One that has changed since stays."""
    member = await member_of(guild, case.author_id)
    if member is None:
        return Outcome("refused", texts.AUTHOR_LEFT)
    if not names.is_of(case, clean(member.display_name)):
        if not case.text:
            return Outcome("refused", name_texts.OTHER_NAME_OR_KEY)
        return Outcome("refused", name_texts.OTHER_NAME, already=True)
    if not member.nick:
        return Outcome("refused", name_texts.ACCOUNT_NAME)
    hindered = obstacle(guild, member, "reset_nickname")
    if hindered is not None:
        return Outcome("refused", hindered)
    await member.edit(nick=None, reason=reason)
    return Outcome("done")


async def give_back(guild: discord.Guild, case: Case, reason: str) -> Outcome:
    """Give the member the nickname of the case again, unless they have another one by now."""
    if not case.text:
        return Outcome("refused", name_texts.NICKNAME_UNKNOWN)
    member = await member_of(guild, case.author_id)
    if member is None:
        return Outcome("refused", name_texts.NOT_GIVEN_BACK.format(why=texts.AUTHOR_LEFT))
    if member.nick:
        return Outcome("refused", name_texts.OTHER_NICKNAME)
    hindered = obstacle(guild, member, "reset_nickname")
    if hindered is not None:
        return Outcome("refused", name_texts.NOT_GIVEN_BACK.format(why=hindered))
    await member.edit(nick=case.text[:NICKNAME_LIMIT], reason=reason)
    return Outcome("done", name_texts.NICKNAME_BACK)


async def find_reset(guild: discord.Guild, case: Case) -> Outcome | None:
    """After a crash: whether the nickname is gone; None while it is still there."""
    member = await member_of(guild, case.author_id)
    if member is None:
        return Outcome("refused", texts.AUTHOR_LEFT)
    return None if member.nick else Outcome("done")
