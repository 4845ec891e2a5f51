"""Runs in lines: how far one is, how it went, what its report says. Pure text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import discord

from bot.chat import learn_texts as texts
from bot.chat.inert import inert
from bot.chat.shadow_lines import head_line, stage_lines
from bot.core.lessons import Run
from bot.core.numbers import spoken
from bot.core.retraining import OVERTAKEN, RunProgress, RunReport, ShownFlip

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


def run_lines(run: Run, *, newest: bool) -> list[str]:
    """One run in the list: state, times, result, the last line of its log. `newest`: no later one found a result."""
    ended = texts.RUN_ENDED.format(when=discord.utils.format_dt(run.ended_at, "t")) if run.ended_at else ""
    result = ""
    if run.result is not None:
        # One that was compared with a model which no longer serves can be used as little as one with a successor.
        standing = RunReport(run, run.result, newest=newest and OVERTAKEN not in run.facts).standing
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
    return texts.REPORT_TITLE_LIMITS if report.result.limits_alone else texts.REPORT_TITLE


def _head(report: RunReport) -> str:
    run = report.run
    if report.standing == "waits" and OVERTAKEN in run.facts:
        return texts.REPORT_OVERTAKEN.format(version=inert(report.result.champion, limit=LOG_LIMIT))
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
    """What got worse: first what the gate did not pass, each with its reason, then what fell and is allowed to."""
    rows = report.result.verdict.rows
    failed = [row for row in rows if not row.met]
    lines = [
        texts.REPORT_BAD.format(
            what=texts.REPORT_RULES.get(row.rule, row.rule), reason=inert(row.reason, limit=REASON_LIMIT)
        )
        for row in failed[:MOST_REASONS]
    ]
    if len(failed) > MOST_REASONS:
        lines.append(texts.REPORT_BAD_MORE.format(number=len(failed) - MOST_REASONS))
    if rows and not failed:
        lines.append(texts.REPORT_GOOD.format(number=len(rows)))
    fell = _fell(report, beside={row.rule for row in failed})
    return "\n".join([*lines, texts.REPORT_FELL.format(what=", ".join(fell))] if fell else lines)


def _fell(report: RunReport, *, beside: Collection[str]) -> list[str]:
    """What the new model does a little worse, without what the gate names already."""
    found: list[str] = []
    for each in report.result.differences:
        told = texts.REPORT_DIFFERENCES.get(each.name)
        before, after = (f"{100 * share:.1f}" for share in (each.champion, each.challenger))
        if told is not None and told.rule not in beside and each.gain.value < 0 and before != after:
            found.append(texts.REPORT_FELL_ONE.format(what=told.what, before=before, after=after))
    return found


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
    named = [texts.REPORT_SOURCES[name].format(number=f"{number:,}") for name, number in sources.items() if number]
    refused = texts.REPORT_REFUSED.format(number=_number(run, "refused")) if _number(run, "refused") else ""
    held = texts.REPORT_HELD.format(number=_number(run, "held_verdicts")) if _number(run, "held_verdicts") else ""
    share = (
        texts.REPORT_SHARE.format(share=f"{100 * learned.largest_share:.0f}")
        if learned and learned.largest_share
        else ""
    )
    first = texts.REPORT_LEARNED.format(sources=", ".join(named) or texts.REPORT_NOTHING, refused=refused + held)
    until = texts.REPORT_UNTIL if report.standing == "waits" and not head_line(run) else ""
    agreed = share + _agreement(run)
    lines = [first, agreed[0].upper() + agreed[1:], f"{until}{run.run_id}"]
    return "\n".join(f"-# {line}" for line in lines)


def _agreement(run: Run) -> str:
    """Kappa in words, after J. R. Landis and G. G. Koch, "The Measurement of Observer Agreement for Categorical Data",
    Biometrics 33, 1977.
    """
    kappa = run.facts.get("agreement")
    if kappa is None:
        return texts.REPORT_NO_KAPPA
    how = next(words for least, words in texts.REPORT_AGREE if kappa >= least)
    cases = _number(run, "judged_together")
    return texts.REPORT_KAPPA.format(
        how=how, kappa=kappa, cases=f"{cases:,} case" if cases == 1 else f"{cases:,} cases"
    )


def _number(run: Run, name: str) -> int:
    return int(run.facts.get(name, 0))
