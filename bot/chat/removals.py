"""Members are kicked here, for the enforcer. What Discord raises passes through."""

from __future__ import annotations

import discord

from bot.chat import deed_texts, texts
from bot.chat.messages import member_of
from bot.chat.obstacles import obstacle
from bot.core.cases import Case
from bot.flow.ports import Outcome


async def kick(guild: discord.Guild, case: Case, reason: str) -> Outcome:
    """Put the author out; an invite lets them in again."""
    member = await member_of(guild, case.author_id)
    if member is None:
        return Outcome("refused", texts.AUTHOR_LEFT)
    hindered = obstacle(guild, member, "kick")
    if hindered is not None:
        return Outcome("refused", hindered)
    await member.kick(reason=reason)
    return Outcome("done")


async def find_kick(guild: discord.Guild, case: Case) -> Outcome | None:
    """After a crash: None while the author is still there. Whether one who is not was kicked, nobody can tell."""
    member = await member_of(guild, case.author_id)
    return Outcome("failed", deed_texts.KICK_UNKNOWN) if member is None else None
