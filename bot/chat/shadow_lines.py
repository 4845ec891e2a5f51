"""A model that is being checked, in lines of the cases that it brings and of its run's report. Pure text."""

from __future__ import annotations

import discord

from bot.chat import shadow_texts as texts
from bot.chat.why_lines import percent, title_of
from bot.core.cases import Case
from bot.core.lessons import Run
from bot.core.retraining import FORGOTTEN, REVOKED
from bot.core.shadow import Stage, serves_by_itself_soon


def challenger_line(case: Case) -> str:
    """What the new model alone found in the case's message."""
    scores = ", ".join(f"{title_of(each.label).lower()} {percent(each.score)}" for each in case.reasons)
    return texts.ONLY_CHALLENGER.format(scores=scores)


def differs_line(case: Case) -> str:
    """That a new model sees an open flagged case otherwise, or nothing."""
    return texts.ONLY_CHAMPION if case.flagged_only_by == "champion" and case.state == "open" else ""


def head_line(run: Run) -> str:
    """What is about to happen by itself with a model that nobody has decided about, or nothing."""
    return texts.HEAD_BY_ITSELF if serves_by_itself_soon(run) and not run.facts.get(REVOKED, 0) else ""


def _ended(stage: Stage) -> str:
    if not stage.checked:
        return texts.STAGE_UNSEEN.format(number=stage.dropped) if stage.dropped else texts.STAGE_EMPTY
    return texts.STAGE_ENDED.format(
        number=stage.checked,
        messages="message" if stage.checked == 1 else "messages",
        old=stage.only_old,
        new=stage.only_new,
        dropped=texts.STAGE_DROPPED.format(number=stage.dropped) if stage.dropped else "",
    )


def stage_lines(run: Run) -> str:
    """How the check beside the old model stands or ended, and what of the examples is gone; empty where neither is."""
    lines: list[str] = []
    stage = Stage.of(run.facts)
    if stage is not None and not stage.ended:
        until = discord.utils.format_dt(stage.until, "f")
        lines.append(texts.STAGE_GOES_ON.format(goal=stage.goal, until=until))
    elif stage is not None:
        lines.append(_ended(stage))
        if stage.by_itself and not stage.stopped and not stage.checked_enough:
            lines.append(texts.STAGE_TOO_FEW)
        lines += [texts.STAGE_AGAINST] if stage.against else []
    revoked = int(run.facts.get(REVOKED, 0))
    gone = int(run.facts.get(FORGOTTEN, 0)) - revoked
    if revoked:
        lines.append(texts.REVOKED.format(number=revoked, messages="message" if revoked == 1 else "messages"))
    if gone > 0:
        lines.append(texts.FORGOTTEN.format(number=gone, were="was" if gone == 1 else "were"))
    return "\n".join(lines)
