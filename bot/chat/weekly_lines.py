"""What the weekly report says, line by line, in the order in which it is read. Pure text; `weekly_card.py` lays it out.

No line is about a single member or moderator. Words of members stand in none that is posted, since a text may have to
go; `words_line` is for who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import discord

from bot.chat import weekly_texts as texts
from bot.chat.inert import spoiler
from bot.core.numbers import spoken
from bot.core.weekly import DAYS, CaseLink, WeekReport
from bot.core.wrong_words import WrongWord
from bot.flow.figures import DEEDS
from moderation_model.pictures import counted, day, short

MOST_TROUBLE, MOST_MOODS = 2, 3
WORD_ROOM = 60


def title_line(report: WeekReport) -> str:
    """Which week."""
    return texts.TITLE.format(since=day(report.since), until=day(report.until))


def lines(report: WeekReport) -> list[str]:
    """Everything else, the most important first: how it went, what needs somebody, harm done, what was right and
    missed, words, the week's shape, and how the bot itself was.
    """
    found = [
        head_line(report),
        *_needs(report),
        _harm(report),
        _right(report),
        _missed(report),
        _words(report),
        *_shape(report),
        _self(report),
    ]
    return [line for line in found if line]


def head_line(report: WeekReport) -> str:
    """ "61 cards, 38 broke rules, 19 fine, 4 open; 1 thing needs you"."""
    ends = [text.format(number=f"{report.ends[end]:,}") for end, text in texts.ENDS.items() if report.ends[end]]
    needs = texts.NEEDS.format(number=report.needs)
    if report.needs < 2:
        needs = texts.NEEDS_ONE if report.needs else texts.NEEDS_NOTHING
    return texts.HEAD.format(cards=f"{len(report.cards):,}", ends=", ".join(ends), needs=needs)


def _needs(report: WeekReport) -> list[str]:
    found: list[str] = []
    if report.overdue and report.oldest is not None:
        cases = "case is" if report.overdue == 1 else "cases are"
        since = discord.utils.format_dt(report.oldest, "R")
        found.append(texts.OVERDUE.format(number=report.overdue, cases=cases, since=since))
    found += [texts.TROUBLE.format(sentence=sentence) for sentence in report.trouble[:MOST_TROUBLE]]
    if len(report.trouble) > MOST_TROUBLE:
        found.append(texts.TROUBLE_MORE.format(number=len(report.trouble) - MOST_TROUBLE))
    if report.below_goal:
        labels = ", ".join(discord.utils.escape_markdown(short(title)) for title in report.below_goal)
        found.append(texts.BELOW_GOAL.format(labels=labels, goal=round(report.goal * 100)))
    return found


def _harm(report: WeekReport) -> str:
    harm = report.harm
    deeds = [f"{harm.done[kind]:,} {name}" for kind, name in DEEDS.items() if kind in harm.done]
    parts = [", ".join(deeds) or texts.DONE_NOTHING]
    if harm.undone:
        parts.append(texts.UNDONE.format(number=harm.undone, links=_links(harm.undone_cases, harm.undone)))
    if harm.granted:
        appeals = "appeal" if harm.granted == 1 else "appeals"
        links = _links(harm.granted_cases, harm.granted)
        parts.append(texts.GRANTED.format(number=harm.granted, appeals=appeals, links=links))
    return texts.DONE.format(deeds="; ".join(parts))


def _links(cases: Sequence[CaseLink], number: int) -> str:
    shown = ", ".join(texts.LINK.format(case_id=case.case_id, url=case.url) for case in cases)
    more = texts.LINKS_MORE.format(number=number - len(cases)) if number > len(cases) else ""
    return texts.LINKS.format(links=shown, more=more)


def _right(report: WeekReport) -> str:
    labels = [
        f"{discord.utils.escape_markdown(short(title))} {each.sentence}" for title, each in report.precision.items()
    ]
    return texts.RIGHT.format(labels=" · ".join(labels) or texts.RIGHT_NONE)


def _missed(report: WeekReport) -> str:
    reported = texts.REPORTED_NONE
    if report.reported.total:
        number = counted(report.reported.total, "message")
        reported = texts.REPORTED.format(number=number, confirmed=report.reported.confirmed)
    return texts.MISSED.format(reported=reported, recall=report.recall.sentence)


def _words(report: WeekReport) -> str:
    return texts.WRONG.format(words=counted(report.words, "word")) if report.words else ""


def words_line(words: Sequence[WrongWord], *, until: datetime) -> str:
    """The words themselves, each hidden until it is tapped."""
    named = [
        texts.WRONG_WORD.format(word=spoiler(each.word, limit=WORD_ROOM), wrong=each.wrong, total=each.total)
        for each in words
    ]
    return texts.WRONG_ASK.format(since=day(until - timedelta(days=DAYS)), until=day(until), words=", ".join(named))


def _shape(report: WeekReport) -> list[str]:
    a_day = f"{report.a_day:.1f}".removesuffix(".0")
    found = [texts.WEEK.format(a_day=a_day, wait=report.wait.sentence)]
    channel, hour = report.busiest_channel, report.busiest_hour
    if channel is not None and hour is not None:
        # As a time of that week's last day, so that everybody reads their own zone.
        at = report.until.replace(hour=hour[0], minute=0, second=0, microsecond=0)
        found.append(
            texts.BUSIEST.format(
                channel_id=channel[0],
                cards=counted(channel[1], "card"),
                hour=discord.utils.format_dt(at, "t"),
                in_hour=hour[1],
            )
        )
    moods = [texts.MOOD.format(channel_id=mood.channel_id, stars=mood.stars) for mood in report.moods[:MOST_MOODS]]
    return [*found, texts.MOODS.format(moods=", ".join(moods))] if moods else found


def _self(report: WeekReport) -> str:
    read, share = report.read, f"{report.read.share * 100:.1f}".removesuffix(".0") + " %"
    return texts.ME.format(
        away=_away(report.away),
        read=texts.READ.format(share=share, messages=f"{read.messages:,}") if read.messages else texts.READ_NONE,
        drift=report.drift.sentence if report.drift is not None else texts.DRIFT_UNKNOWN,
    )


def _away(away: timedelta | None) -> str:
    if away is None:
        return texts.AWAY_UNKNOWN
    return texts.AWAY.format(away=spoken(away)) if away >= timedelta(minutes=1) else texts.AWAY_NEVER
