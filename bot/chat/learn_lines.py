"""Runs in lines: how far one is, how it went, what its report says. Pure text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord

from bot.chat import learn_texts as texts
from bot.chat.inert import inert
from bot.chat.shadow_lines import head_line, stage_lines
from bot.core.lessons import Run
from bot.core.numbers import spoken
from bot.core.retraining import RunProgress, RunReport, ShownFlip

BAR = 10
REASON_LIMIT = 220
MOST_REASONS = 4
LOG_LIMIT = 160
ERROR_LIMIT = 300


def progress_lines(progress: RunProgress) -> list[str]:
    """The title, how far it is, and what it learns from."""
    run = progress.run
    return [f"### {texts.PROGRESS_TITLE.format(run_id=run.run_id)}", _progress(progress), f"-# {_from(run)}"]


def _progress(progress: RunProgress) -> str:
    run = progress.run
    if run.ended_at is not None and progress.phase in texts.PROGRESS_ENDED:
        error = inert(run.error, limit=ERROR_LIMIT) if run.error else ""
        ended = texts.PROGRESS_ENDED[progress.phase]
        return ended.format(span=spoken(run.ended_at - run.asked_at), error=error).strip()
    filled = round(progress.percent / 100 * BAR)
    stage = texts.PROGRESS_STAGES.get(progress.stage, progress.stage)
    stage = texts.PROGRESS_INTERRUPTED if progress.phase == "interrupted" else stage
    bar = "▰" * filled + "▱" * (BAR - filled)
    return texts.PROGRESS_LINE.format(bar=bar, percent=progress.percent, stage=stage)


def _from(run: Run) -> str:
    asked = texts.PROGRESS_ASKED.format(user_id=run.asked_by) if run.asked_by else ""
    return texts.PROGRESS_FROM.format(number=_number(run, "examples"), asked=asked)


def run_lines(run: Run) -> list[str]:
    """One run in the list: state, times, result, the last line of its log."""
    ended = texts.RUN_ENDED.format(when=discord.utils.format_dt(run.ended_at, "t")) if run.ended_at else ""
    result = ""
    if run.result is not None:
        standing = RunReport(run, run.result, newest=True).standing
        result = f" · {texts.RUN_RESULTS[standing]}"
    elif run.error:
        result = f" · {inert(run.error, limit=ERROR_LIMIT)}"
    head = texts.RUN_LINE.format(
        run_id=run.run_id,
        phase=texts.RUN_PHASES[run.phase],
        started=discord.utils.format_dt(run.asked_at, "f"),
        ended=ended,
        result=result,
    )
    return [head, *(texts.RUN_LOG.format(line=inert(line, limit=LOG_LIMIT)) for line in run.log[-1:])]


def report_parts(report: RunReport) -> list[str]:
    """The report's parts in their order: verdict, last week, the check on live messages, what got worse, flips, what it
    learned from.
    """
    parts = [
        f"{_title(report)}\n{_head(report)}",
        _traffic(report),
        stage_lines(report.run),
        _gate(report),
        _flips(report.flips),
        _learned(report),
    ]
    return [part for part in parts if part]


def _title(report: RunReport) -> str:
    title = texts.REPORT_TITLE_LIMITS if report.result.limits_alone else texts.REPORT_TITLE
    return title.format(run_id=report.run.run_id)


def _head(report: RunReport) -> str:
    run = report.run
    if report.standing == "waits" and (by_itself := head_line(run)):
        return by_itself
    when = discord.utils.format_dt(run.decided_at, "d") if run.decided_at else ""
    by = texts.REPORT_BY.format(user_id=run.decided_by) if run.decided_by else ""
    by = texts.REPORT_BY_ITSELF if run.decision == "auto" else by
    kept = texts.REPORT_KEPT_BY.format(user_id=run.decided_by) if run.decided_by else texts.REPORT_KEPT_UNANSWERED
    return texts.REPORT_HEADS[report.standing].format(when=when, by=by, by_keep=kept)


def _traffic(report: RunReport) -> str:
    traffic = report.traffic
    if traffic is None:
        return ""
    cards, cases = ("card" if traffic.fewer == 1 else "cards"), ("case" if traffic.lost == 1 else "cases")
    return texts.REPORT_TRAFFIC.format(
        fewer=texts.REPORT_FEWER.format(number=traffic.fewer, cards=cards),
        lost=texts.REPORT_LOST.format(number=traffic.lost, cases=cases),
        new=texts.REPORT_NEW.format(number=traffic.new),
    )


def _gate(report: RunReport) -> str:
    """What is not met first, each with its reason; in one line what is."""
    verdict = report.result.verdict
    bad = [texts.REPORT_BAD.format(reason=inert(reason, limit=REASON_LIMIT)) for reason in verdict.reasons]
    good = [row.rule.replace("_", " ") for row in verdict.rows if row.met]
    if bad or not good:
        return "\n".join(bad[:MOST_REASONS])
    return texts.REPORT_GOOD.format(rules=inert(", ".join(good), limit=REASON_LIMIT))


def _flips(flips: Sequence[ShownFlip]) -> str:
    lines: list[str] = []
    for right, text in ((True, texts.REPORT_FLIPS_RIGHT), (False, texts.REPORT_FLIPS_WRONG)):
        cases = [texts.REPORT_FLIP.format(case_id=flip.case_id, url=flip.url) for flip in flips if flip.right is right]
        if cases:
            lines.append(text.format(cases=", ".join(cases)))
    return "\n".join(lines)


def _learned(report: RunReport) -> str:
    run, learned = report.run, report.result.learned
    sources: dict[str, Any] = dict(learned.by_source) if learned else {}
    named = [texts.REPORT_SOURCES[name].format(number=number) for name, number in sources.items() if number]
    refused = texts.REPORT_REFUSED.format(number=_number(run, "refused")) if _number(run, "refused") else ""
    held = texts.REPORT_HELD.format(number=_number(run, "held_verdicts")) if _number(run, "held_verdicts") else ""
    kappa = texts.REPORT_NO_KAPPA
    if "agreement" in run.facts:
        kappa = texts.REPORT_KAPPA.format(kappa=run.facts["agreement"], cases=_number(run, "judged_together"))
    share = f"{learned.largest_share:.0%}" if learned else "0%"
    first = texts.REPORT_LEARNED.format(sources=", ".join(named) or texts.REPORT_NOTHING, refused=refused + held)
    return f"-# {first}\n-# {texts.REPORT_SHARE.format(share=share, agreement=kappa)}"


def _number(run: Run, name: str) -> int:
    return int(run.facts.get(name, 0))
