"""What was found of an absence, and how far the catching up is, in lines. Pure text."""

from __future__ import annotations

from datetime import datetime

from discord.utils import format_dt

from bot.chat import away_texts
from bot.core.away import AwayReport, Progress, some
from bot.core.findings import Finding


def away_text(report: AwayReport) -> str:
    """ "Away 02:10 to 02:31: 412 messages checked, 3 cases." and what was found too late, or not looked at."""
    lines = [
        away_texts.AWAY.format(
            since=_time(report.since, report),
            until=_time(report.until, report),
            checked=f"{report.checked:,}",
            messages=_plural(report.checked, "message"),
            cases=report.cases,
            cases_word=_plural(report.cases, "case"),
        )
    ]
    if report.urgent:
        cases = ", ".join(
            away_texts.URGENT_CASE.format(case_id=each.case_id, kind=away_texts.KINDS[each.kind], jump=each.jump_url)
            for each in report.urgent
        )
        lines.append(away_texts.URGENT.format(cases=cases + _more(report.urgent_number - len(report.urgent))))
    if report.unread:
        shown, more = some(report.unread)
        channels = ", ".join(f"<#{channel_id}>" for channel_id in shown)
        lines.append(away_texts.UNREAD.format(channels=channels + _more(more)))
    if report.not_before is not None:
        lines.append(away_texts.NOT_BEFORE.format(when=format_dt(report.not_before, "f")))
    return "\n".join(lines)


def progress_finding(progress: Progress) -> Finding:
    """ "Catching up: 12 of 50 channels, 1,204 messages checked.", or since when nothing was missed."""
    about = "missed"
    if not progress.hours:
        return Finding(about, False, away_texts.DOCTOR_OFF, away_texts.DOCTOR_OFF_FIX)
    if progress.done < progress.channels:
        sentence = away_texts.DOCTOR_CATCHING_UP.format(
            done=progress.done,
            channels=progress.channels,
            channels_word=_plural(progress.channels, "channel"),
            checked=f"{progress.checked:,}",
            messages=_plural(progress.checked, "message"),
        )
        return Finding(about, True, sentence)
    if progress.whole_since is None:
        return Finding(about, True, away_texts.DOCTOR_FINDING_OUT)
    return Finding(about, True, away_texts.DOCTOR_WHOLE.format(since=format_dt(progress.whole_since, "f")))


def _time(when: datetime, report: AwayReport) -> str:
    """With the day where the absence went over one."""
    return format_dt(when, "t" if report.since.date() == report.until.date() else "f")


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _more(count: int) -> str:
    return away_texts.MORE.format(count=count) if count > 0 else ""
