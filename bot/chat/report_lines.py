"""Members' reports in lines: on cards without a name, and with names for administrators. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.chat import report_texts
from bot.chat.inert import spoiler
from bot.core.cases import Case, Report

MOST_REASONS = 3
REASON_LIMIT = 200
MOST_REPORTERS = 8
REPORTER_REASON_LIMIT = 80


def reported_title(case: Case) -> str:
    """The title of a case that a report opened."""
    title = report_texts.TITLE_STAFF if case.opened_why == "staff" else report_texts.TITLE_REPORTED
    return title.format(who=_who(case), case_id=case.case_id)


def reported_lines(case: Case) -> str:
    """How many members reported a message of the card, where its title does not say so, and the newest reasons."""
    lines = []
    if case.reports and case.opened_why not in ("reported", "staff"):
        lines.append(report_texts.REPORTED_BY.format(who=_who(case)))
    shown = case.report_reasons[-MOST_REASONS:]
    lines += [report_texts.REASON.format(reason=spoiler(reason, limit=REASON_LIMIT)) for reason in shown]
    if len(shown) < len(case.report_reasons):
        lines.append(report_texts.REASONS_MORE.format(number=len(case.report_reasons) - len(shown)))
    return "\n".join(lines)


def reporters_lines(reports: Sequence[Report]) -> str:
    """Who reported, when and with which reason, for administrators; empty without a report."""
    if not reports:
        return ""
    lines = [report_texts.REPORTERS_HEAD]
    for each in reports[-MOST_REPORTERS:]:
        reason = f": {spoiler(each.reason, limit=REPORTER_REASON_LIMIT)}" if each.reason else ""
        when = discord.utils.format_dt(each.at, "R")
        lines.append(report_texts.REPORTER_LINE.format(reporter_id=each.reporter_id, when=when, reason=reason))
    if len(reports) > MOST_REPORTERS:
        lines.append(report_texts.REPORTERS_MORE.format(number=len(reports) - MOST_REPORTERS))
    return "\n".join(lines)


def _who(case: Case) -> str:
    return report_texts.REPORTERS.format(number=case.reports) if case.reports > 1 else report_texts.REPORTER
