"""Why a case is there, in lines that cards, `/case why` and `/case check` share. Pure text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import discord

from bot.chat import deed_texts, gone_texts, texts
from bot.chat.inert import inert, spoiler
from bot.core.cases import ActionRecord, Case
from bot.core.policy import KEYWORD, Action, Reason, Timeout, headline, spec_of
from moderation_model.contract import Explanation, Sentiment
from moderation_model.labels import LABELS

TOP_WORDS = 3
NAME_LIMIT = 80
WORD_LIMIT = 40
MOST_ACTIONS = 10
"""The newest actions of a case that are listed."""


def percent(share: float) -> str:
    """0.934 as "93 %"; only a whole one is "100 %"."""
    return f"{min(round(share * 100), 99) if share < 1 else 100} %"


def why_line(reasons: Collection[Reason]) -> str:
    """The headline's score against its limit, and what else reached one."""
    first = headline(reasons)
    others = [reason for reason in reasons if reason is not first]
    also = ", ".join(_keyword(each) or f"{title_of(each.label)} {percent(each.score)}" for each in others)
    said = _keyword(first) or texts.WHY_SCORE.format(
        label=title_of(first.label), score=percent(first.score), limit=percent(first.limit)
    )
    return texts.WHY.format(said=said, also=texts.ALSO.format(labels=also) if also else "")


def words_line(explanation: Explanation | None) -> str:
    """The words that raised the score most, or nothing."""
    words = words_of(explanation.top(TOP_WORDS) if explanation else ())
    return texts.WORDS.format(words=words) if words else ""


def sentiment_line(sentiment: Sentiment | None) -> str:
    """Stars and their mean, or nothing."""
    if sentiment is None:
        return ""
    full = min(5, max(1, round(sentiment.mean)))
    return texts.SENTIMENT.format(stars="★" * full + "☆" * (5 - full), mean=sentiment.mean)


def scores_line(scores: Mapping[str, float]) -> str:
    """All scores, in the order of the labels."""
    shown = [f"{title_of(spec.name)} {percent(scores[spec.name])}" for spec in LABELS if spec.name in scores]
    return texts.SCORES.format(scores=" · ".join(shown))


def case_text(case: Case) -> str:
    """Everything that led to a case and came of it, in a few lines."""
    lines = [
        texts.WHY_HEAD.format(
            case_id=case.case_id,
            state=texts.CASE_STATE[case.state],
            when=discord.utils.format_dt(case.opened_at, "R"),
            why=texts.WHY_OPENED[case.opened_why],
        )
    ]
    if case.reasons:
        lines.append(why_line(case.reasons))
    if case.reading:
        lines.append(texts.SEEN_AS.format(reading=texts.READINGS.get(case.reading, case.reading)))
    lines += [words_line(case.explanation), scores_line(case.scores) if case.scores else ""]
    lines.append(sentiment_line(case.sentiment))
    if case.model_version:
        lines.append(texts.MODEL.format(version=inert(case.model_version, limit=NAME_LIMIT)))
    if case.gone_at is not None:
        lines.append(gone_texts.GONE_SINCE.format(when=discord.utils.format_dt(case.gone_at, "R")))
    lines += [history_line(record) for record in case.actions[-MOST_ACTIONS:]]
    if case.withheld_why:
        lines.append(case.withheld_why[:1].upper() + case.withheld_why[1:])
    return "\n".join(line for line in lines if line)


def history_line(record: ActionRecord) -> str:
    """One action, how it ended, who decided it and when."""
    who = deed_texts.BY_BOT if record.by is None else deed_texts.BY_MODERATOR.format(moderator_id=record.by)
    when = f" · {discord.utils.format_dt(record.at, 'f')}" if record.at else ""
    return f"{action_line(record)} · {who}{when}"


def action_line(record: ActionRecord) -> str:
    """One action and how it ended."""
    detail = f" ({record.detail.rstrip('.')})" if record.detail else ""
    return texts.ACTION_STATES[record.state].format(action=action_name(record.action).capitalize(), detail=detail)


def action_name(action: Action) -> str:
    """The action as cards call it, a timeout with its length."""
    duration = duration_of(action.seconds) if isinstance(action, Timeout) else ""
    return deed_texts.ACTIONS[action.kind].format(duration=duration).strip()


def duration_of(seconds: int) -> str:
    """Whole days, hours or minutes where they fit: "10 min", "2 h", "7 d"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def words_of(words: Iterable[str]) -> str:
    """Words of a member for one line."""
    return ", ".join(inert(word, limit=WORD_LIMIT) for word in words)


def _keyword(reason: Reason) -> str:
    """What the guild's own keyword found, or nothing for a reason of the model."""
    if reason.label != KEYWORD:
        return ""
    return texts.WHY_KEYWORD.format(found=spoiler(reason.found or "", limit=WORD_LIMIT * 3))


def title_of(name: str) -> str:
    """A label as it reads within a line."""
    return spec_of(name).title.lower()
