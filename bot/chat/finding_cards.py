"""A case's card that stands on Discord although nobody wrote down where: the process that posted it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import discord
import structlog

from bot.chat.messages import UNANSWERED
from bot.core.cases import CardRef, Case

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)

MOST_READ = 100
"""Messages of the review channel that are looked through, the newest first."""


def nonce_of(case: Case) -> str:
    """The same for each attempt to post this card of the case; at most 25 characters, as Discord wants."""
    return f"c{case.case_id}-{case.card_number}"


async def find_card(bot: CandorBot, case: Case, channel_id: int) -> CardRef | None:
    """Where the case's card stands among the newest messages of the channel, None if it is not there."""
    guild = bot.get_guild(case.guild_id)
    channel = guild.get_channel(channel_id) if guild is not None else None
    if not isinstance(channel, discord.TextChannel) or bot.user is None:
        return None
    buttons = {f"candor:v1:{verb}:{case.case_id}" for verb in ("more", "undo")}  # every card has one of them
    try:
        async for message in channel.history(limit=MOST_READ, after=case.opened_at, oldest_first=False):
            if message.author.id == bot.user.id and buttons.intersection(_custom_ids(message.components)):
                return CardRef(channel.id, message.id)
    except UNANSWERED as error:
        # Posting it has the better prospect of succeeding, or of saying why not.
        log.warning("card_not_searched", case_id=case.case_id, why=type(error).__name__)
    return None


def _custom_ids(components: Any) -> Iterator[str]:
    for component in components:
        if getattr(component, "custom_id", None):
            yield component.custom_id
        yield from _custom_ids(getattr(component, "children", ()))
