"""What moderators are told of raids and trouble, as plain lines. Pure text."""

from __future__ import annotations

import discord

from bot.chat import alarm_texts
from bot.chat.inert import inert
from bot.chat.why_lines import NAME_LIMIT
from bot.core.alerts import Alert, ServerStep
from bot.core.bursts import FAULT_WINDOW
from bot.core.policy import spec_of


def alert_line(alert: Alert) -> str:
    """The line that stands, or calls people, in the review channel."""
    return alarm_texts.PINGS[alert.about].format(
        case_id=alert.case_id,
        jump=alert.jump_url,
        channel_id=alert.channel_id,
        members=alert.members,
        minutes=int(FAULT_WINDOW.total_seconds() // 60),
        label=spec_of(alert.label).title if alert.label else "",
        since=discord.utils.format_dt(alert.since, "t") if alert.since else "",
    )


def step_line(step: ServerStep) -> str:
    """ "raid: slow mode of 30 s in #general, by Lena"."""
    return alarm_texts.LOGGED[step.kind].format(
        name=inert(step.by, limit=NAME_LIMIT),
        channel_id=step.channel_id,
        seconds=step.seconds,
        until=discord.utils.format_dt(step.until, "t") if step.until else "",
    )
