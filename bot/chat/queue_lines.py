"""What waits in the queue, in lines. Pure text."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from bot.chat import queue_texts
from bot.chat.why_lines import title_of
from bot.core.budget import Digest
from moderation_model.labels import LABEL_NAMES


def digest_text(digest: Digest) -> str:
    """ "12 more wait in the queue: 7 insult, 5 toxic; /queue next", and what waits too long."""
    lines: list[str] = []
    number = sum(digest.uncarded.values())
    if number:
        labels = counted(digest.uncarded)
        lines.append(queue_texts.DIGEST.format(number=number, s="s" if number == 1 else "", labels=labels))
    if digest.overdue and digest.oldest is not None:
        since = discord.utils.format_dt(digest.oldest, "R")
        cases = "case has" if digest.overdue == 1 else "cases have"
        lines.append(
            queue_texts.DIGEST_OVERDUE.format(number=digest.overdue, cases=cases, hours=digest.hours, since=since)
        )
    return "\n".join(lines)


def counted(counts: Mapping[str, int]) -> str:
    """ "7 insult, 5 toxic", by label or by why a case was opened."""
    return ", ".join(f"{number} {_name(name)}" for name, number in counts.items())


def _name(name: str) -> str:
    return title_of(name).lower() if name in LABEL_NAMES else queue_texts.WHYS.get(name, name)
