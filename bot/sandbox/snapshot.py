"""Everything that the page shows as it opens."""

from __future__ import annotations

from bot.sandbox import commands
from bot.sandbox.messages import with_member
from bot.sandbox.shapes import page_channel_json, page_member_json
from bot.sandbox.world import DM, Guild, Json, World

_SHOWN_MESSAGES = 50


def snapshot(world: World, guild: Guild, *, bot_online: bool) -> Json:
    """guild, bot, channels (threads too), dms, members, commands, and messages by channel id, oldest first."""
    listed = [each for each in world.channels.values() if each.guild_id == guild.id]
    direct = [each for each in world.channels.values() if each.type == DM]
    return {
        "guild": {"id": str(guild.id), "name": guild.name},
        "bot": {"id": str(world.application.bot_id), "name": world.application.name, "online": bot_online},
        "channels": [page_channel_json(world, each) for each in listed],
        "dms": [page_channel_json(world, each) for each in direct],
        "members": [page_member_json(guild, member) for member in guild.members.values()],
        "commands": commands.everywhere(world),
        "messages": {
            str(channel.id): [
                with_member(world, channel, message) for message in list(channel.messages.values())[-_SHOWN_MESSAGES:]
            ]
            for channel in (*listed, *direct)
        },
    }
