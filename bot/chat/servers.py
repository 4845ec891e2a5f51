"""On which servers the bot is, as Discord lists them: all shards' and also those that an outage hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.chat import texts
from bot.chat.messages import UNANSWERED
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

log = structlog.get_logger(__name__)


class DiscordServers:
    """Asks Discord."""

    def __init__(self, bot: CandorBot) -> None:
        self._bot = bot

    async def mine(self) -> frozenset[int]:
        """The ids of all of them. Raises BotError where Discord does not answer: no list is no removal."""
        try:
            return frozenset([guild.id async for guild in self._bot.fetch_guilds(limit=None)])
        except UNANSWERED as error:
            raise BotError(f"{texts.NO_DISCORD.format(why=type(error).__name__)} {texts.NO_DISCORD_FIX}") from error
