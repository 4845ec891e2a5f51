"""What a moderator may do to the server in a raid: slow mode in the hit channel, paused invites, and both undone.

Each step first looks at how Discord has it now, so that a second press changes nothing and nobody's own setting is
overwritten. Raises NotAllowed with one sentence where a permission is missing, of the presser or of the bot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord

from bot.chat import alarm_texts, permissions
from bot.core.alerts import ServerStep, StepKind
from bot.errors import NotAllowed

if TYPE_CHECKING:
    from bot.chat.client import CandorBot

SLOW_SECONDS = 30
"""Long enough that an account writes two lines a minute, short enough that people can still talk."""
INVITES_PAUSED = timedelta(hours=1)
"""A raid is over within it, and a team that forgets has open invites again; Discord allows up to 24 hours."""
SAME_TIME = timedelta(seconds=2)
"""Discord may round the time."""
REASON_LIMIT = 512

Slowable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel | discord.Thread


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done. `undone_by`: the step that takes it back or does it again, and the number that its button
    keeps: the slow mode from before in seconds, or when invites open in seconds since 1970.
    """

    step: ServerStep
    undone_by: StepKind
    number: int = 0


async def slow(member: discord.Member, channel_id: int) -> Done:
    """Slow the channel down."""
    channel = await _slowable(member, channel_id)
    before = channel.slowmode_delay
    if before >= SLOW_SECONDS:
        raise NotAllowed(alarm_texts.SLOW_ALREADY.format(seconds=before))
    await _set_slow_mode(channel, SLOW_SECONDS, member)
    return Done(ServerStep("slow", member.display_name, channel_id, SLOW_SECONDS), "unslow", before)


async def unslow(member: discord.Member, channel_id: int, before: int) -> Done:
    """Put the slow mode back to `before` seconds, unless somebody changed it since."""
    channel = await _slowable(member, channel_id)
    if channel.slowmode_delay != SLOW_SECONDS:
        raise NotAllowed(alarm_texts.SLOW_NOT_MINE)
    await _set_slow_mode(channel, before, member)
    return Done(ServerStep("unslow", member.display_name, channel_id, before), "slow")


async def pause(bot: CandorBot, member: discord.Member) -> Done:
    """Pause invites for an hour."""
    guild = await _invites_of(bot, member)
    if guild.invites_paused():
        raise NotAllowed(alarm_texts.PAUSED_ALREADY)
    until = (discord.utils.utcnow() + INVITES_PAUSED).replace(microsecond=0)
    await _set_invites(bot, guild, until)
    return Done(ServerStep("pause", member.display_name, until=until), "unpause", int(until.timestamp()))


async def unpause(bot: CandorBot, member: discord.Member, until: int) -> Done:
    """Open invites that were paused until then, unless somebody else paused them since."""
    guild = await _invites_of(bot, member)
    paused_until = guild.invites_paused_until
    if paused_until is None or not guild.invites_paused():
        raise NotAllowed(alarm_texts.OPEN_ALREADY)
    if abs(paused_until.timestamp() - until) > SAME_TIME.total_seconds():
        raise NotAllowed(alarm_texts.PAUSE_NOT_MINE)
    await _set_invites(bot, guild, None)
    return Done(ServerStep("unpause", member.display_name), "pause")


async def _slowable(member: discord.Member, channel_id: int) -> Slowable:
    """The channel as Discord has it now: the cached one lags behind a press of a moment ago."""
    try:
        channel = await member.guild.fetch_channel(channel_id)
    except (discord.NotFound, discord.Forbidden, discord.InvalidData):  # the last: it is another server's
        raise NotAllowed(alarm_texts.CHANNEL_GONE) from None
    if not isinstance(channel, Slowable):
        raise NotAllowed(alarm_texts.NO_SLOW_MODE)
    feature: permissions.Feature = "slow_mode_in_thread" if isinstance(channel, discord.Thread) else "slow_mode"
    permissions.require(channel.permissions_for(member), feature)
    _require_of_bot(channel.permissions_for(member.guild.me), feature)
    return channel


async def _set_slow_mode(channel: Slowable, seconds: int, member: discord.Member) -> None:
    reason = alarm_texts.REASON.format(name=member.display_name)[:REASON_LIMIT]
    await channel.edit(slowmode_delay=seconds, reason=reason)


async def _invites_of(bot: CandorBot, member: discord.Member) -> discord.Guild:
    permissions.require(member.guild_permissions, "pause_invites")
    _require_of_bot(member.guild.me.guild_permissions, "pause_invites")
    return await bot.fetch_guild(member.guild.id, with_counts=False)


async def _set_invites(bot: CandorBot, guild: discord.Guild, until: datetime | None) -> None:
    # Not Guild.edit, which also sends an empty change of the guild itself. Discord takes no reason here.
    await bot.http.edit_incident_actions(
        guild.id, payload={"invites_disabled_until": None if until is None else until.isoformat()}
    )


def _require_of_bot(held: discord.Permissions, feature: permissions.Feature) -> None:
    lacking = permissions.missing(held, permissions.NEEDS[feature].bot)
    if lacking:
        raise NotAllowed(alarm_texts.BOT_NEEDS.format(permissions=permissions.titles(lacking)))
