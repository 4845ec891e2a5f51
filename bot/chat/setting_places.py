"""Settings that name a place: the channel or role must be on this server, and fit what it is for."""

from __future__ import annotations

import discord

from bot.core.settings import BY_NAME, read_value
from bot.errors import BotError

NOT_HERE = "That {kind} is not on this server."
NOT_TEXT = "That is no text channel."
SEEN_BY_ALL = "Everybody sees that channel; reports about staff need one that only administrators see."


def check_place(guild: discord.Guild, name: str, written: str) -> None:
    """Raises BotError with one sentence where what was written for a channel or role setting is not to be had here.

    What is wrong otherwise `GuildSetup.set_value` says.
    """
    setting = BY_NAME.get(name)
    if setting is None or setting.kind not in ("channel", "role"):
        return
    wanted = read_value(setting, written)
    if wanted is None:
        return
    found = guild.get_role(int(wanted)) if setting.kind == "role" else guild.get_channel(int(wanted))
    if found is None:
        raise BotError(NOT_HERE.format(kind=setting.kind))
    if isinstance(found, discord.Role):
        return
    if not isinstance(found, discord.TextChannel):
        raise BotError(NOT_TEXT)
    if name == "admin_channel_id" and found.permissions_for(guild.default_role).view_channel:
        raise BotError(SEEN_BY_ALL)
