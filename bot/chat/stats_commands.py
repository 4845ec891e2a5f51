"""`/candor stats`: pictures of what was flagged, decided and missed, for administrators or for the whole channel."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.chat import permissions, stats_texts
from bot.chat.answering import Said, answer, member_of
from bot.chat.setup_pages import guild_in
from bot.errors import NotAllowed
from bot.flow.report import MOST_DAYS, Drawn

if TYPE_CHECKING:
    from bot.chat.answering import Pressed

Place = app_commands.AppCommandChannel | app_commands.AppCommandThread
WITHOUT_MESSAGES = (discord.ChannelType.category, discord.ChannelType.forum, discord.ChannelType.media)


def stats_command() -> app_commands.Command[Any, ..., Any]:
    """The command, made anew for each bot: a command belongs to one group."""
    return app_commands.Command(
        name="stats",
        description="Flags, decisions, how often they were right, response time, sentiment. Never by member.",
        callback=_stats,
    )


@app_commands.describe(
    days="How many days to look back, today included.",
    channel="One channel or thread alone.",
    public="True: post it in this channel for everybody who reads here.",
)
async def _stats(
    interaction: Pressed,
    days: app_commands.Range[int, 1, MOST_DAYS] = 30,
    channel: app_commands.AppCommandChannel | app_commands.AppCommandThread | None = None,
    public: bool = False,
) -> None:
    await answer(interaction, partial(_report, interaction, days, channel, public), feature="administer")


async def _report(interaction: Pressed, days: int, place: Place | None, public: bool) -> Said | str:
    if place is not None and place.type in WITHOUT_MESSAGES:
        raise NotAllowed(stats_texts.STATS_NO_MESSAGES.format(channel_id=place.id))
    if public:
        _require_public(interaction)
    found = await interaction.client.flows.statistics.of(
        guild_id=guild_in(interaction).id,
        days=days,
        channels=_names(interaction, public=public),
        channel=(place.id, place.name) if place else None,
    )
    if not public:
        return Said(found.text, files=tuple(map(_file, found.pictures)))
    if not found.pictures:
        return f"{found.text}\n{stats_texts.STATS_NOT_POSTED}"
    assert isinstance(interaction.channel, discord.abc.Messageable), "commands are run where messages are written"
    await interaction.channel.send(found.text, files=[_file(picture) for picture in found.pictures])
    return stats_texts.STATS_POSTED


def _require_public(interaction: Pressed) -> None:
    """Raises NotAllowed, naming what the presser or the bot lacks to post pictures here."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    needs = permissions.NEEDS["publish_in_thread" if in_thread else "publish"]
    for held, names, sentence in (
        (interaction.permissions, needs.person, stats_texts.STATS_YOU_LACK),
        (interaction.app_permissions, needs.bot, stats_texts.STATS_I_LACK),
    ):
        lacking = permissions.missing(held, names)
        if lacking:
            raise NotAllowed(sentence.format(permissions=permissions.titles(lacking)))


def _names(interaction: Pressed, *, public: bool) -> dict[int, str]:
    """The names of channels that every reader of the answer may know. Private threads have their own members: none."""
    guild = guild_in(interaction)
    reader = guild.default_role if public else member_of(interaction)
    threads = [each for each in guild.threads if each.parent is not None and not each.is_private()]
    return {
        channel.id: channel.name
        for channel in (*guild.channels, *threads)
        if channel.permissions_for(reader).view_channel
    }


def _file(picture: Drawn) -> discord.File:
    return discord.File(BytesIO(picture.png), picture.filename, description=picture.words)
