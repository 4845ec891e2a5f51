"""What waits in the queue, in lines. Pure text."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from bot.chat import queue_texts
from bot.chat.why_lines import title_of
from bot.core.digest import Digest, Waiting
from moderation_model.labels import LABEL_NAMES


def digest_text(digest: Digest) -> str:
    """ "12 more wait in the queue: 7 insult, 5 toxic; /queue next", the highest of them; what waits too long, oldest
    first; and whether the limits bring far more or fewer cards than the team reads.
    """
    lines: list[str] = []
    number = sum(digest.uncarded.values())
    if number:
        labels = counted(digest.uncarded)
        lines.append(queue_texts.DIGEST.format(number=number, s="s" if number == 1 else "", labels=labels))
        lines += map(_line, digest.highest)
    if digest.overdue and digest.longest:
        since = discord.utils.format_dt(digest.longest[0].opened_at, "R")
        cases = "case has" if digest.overdue == 1 else "cases have"
        lines.append(
            queue_texts.DIGEST_OVERDUE.format(number=digest.overdue, cases=cases, hours=digest.hours, since=since)
        )
        lines += map(_line, digest.longest)
    if digest.trend is not None:
        lines.append(queue_texts.DIGEST_TRENDS[digest.trend].format(a_day=digest.a_day, budget=digest.budget))
    return "\n".join(lines)


def counted(counts: Mapping[str, int]) -> str:
    """ "7 insult, 5 toxic", by label or by why a case was opened."""
    return ", ".join(f"{number} {_name(name)}" for name, number in counts.items())


def _line(waiting: Waiting) -> str:
    score = "" if waiting.score is None else f" {waiting.score * 100:.0f} %"
    return queue_texts.DIGEST_LINE.format(
        case_id=waiting.case_id,
        what=_name(waiting.what),
        score=score,
        channel_id=waiting.channel_id,
        when=discord.utils.format_dt(waiting.opened_at, "R"),
        jump=waiting.jump_url,
    )


def _name(name: str) -> str:
    return title_of(name).lower() if name in LABEL_NAMES else queue_texts.WHYS.get(name, name)
