"""A Case becomes a review card: Components V2, the same order always, readable on a phone. Pure.

Discord's limits for one card are 4,000 characters of text and 40 components; the member's text is cut to what the other
lines leave. Members' text and names go through `inert`, so nothing on a card works but its buttons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import discord

from bot.chat import texts
from bot.chat.buttons import CaseButton
from bot.chat.inert import inert
from bot.core.cases import ActionRecord, Case, Vote
from bot.core.policy import Action, Reason, Timeout, headline, spec_of
from moderation_model.contract import Explanation, Sentiment
from moderation_model.labels import LABELS

CARD_LIMIT = 4000
TEXT_LIMIT = 1500
NAME_LIMIT = 80
WORD_LIMIT = 40
TOP_WORDS = 3
NO_SPACE = "\u200b"

_EMOJI = {1: "⚪", 2: "🟡", 3: "🟠", 4: "🟣", 5: "🔴"}
_COLOURS = {1: 0xB0B8C0, 2: 0xF1C40F, 3: 0xE67E22, 4: 0x9B59B6, 5: 0xE74C3C}
_CARE_COLOUR = 0x3498DB
_CLOSED_COLOUR = 0x95A5A6
_TITLES = {"care": texts.TITLE_CARE, "reported": texts.TITLE_REPORTED, "audit": texts.TITLE_AUDIT}


class Card(discord.ui.LayoutView):
    """The layout of one card, without a timer: its buttons work for as long as it stands."""

    def __init__(self, container: discord.ui.Container[Any]) -> None:
        super().__init__(timeout=None)
        self.add_item(container)


def review_card(case: Case, *, buttons: bool = True, text_limit: int = TEXT_LIMIT) -> Card:
    """The card as the case stands. Without `buttons` it is for reading only (`/case show`)."""
    title, head, body, foot = _title(case), _head(case), _body(case), _foot(case)
    used = sum(len(part) for part in (title, head, body, foot))
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_colour(case))
    shown = _text(case, limit=min(text_limit, CARD_LIMIT - used))
    for part in (title, head, shown, body, foot):
        if part:
            container.add_item(discord.ui.TextDisplay(part))
    container.add_item(discord.ui.Separator())
    for row in _rows(case, buttons=buttons):
        container.add_item(row)
    return Card(container)


def scrubbed_card() -> Card:
    """What is left of a card whose text expired."""
    return Card(discord.ui.Container(discord.ui.TextDisplay(texts.SCRUBBED)))


def percent(share: float) -> str:
    """0.934 as "93 %"; only a whole one is "100 %"."""
    return f"{min(round(share * 100), 99) if share < 1 else 100} %"


def why_line(reasons: Collection[Reason]) -> str:
    """The headline's score against its limit, and what else reached one."""
    first = headline(reasons)
    others = [reason for reason in reasons if reason is not first]
    also = ", ".join(f"{_title_of(reason.label)} {percent(reason.score)}" for reason in others)
    return texts.WHY.format(
        label=_title_of(first.label),
        score=percent(first.score),
        limit=percent(first.limit),
        also=texts.ALSO.format(labels=also) if also else "",
    )


def words_line(explanation: Explanation | None) -> str:
    """The words that raised the score most, or nothing."""
    top = explanation.top(TOP_WORDS) if explanation else ()
    return texts.WORDS.format(words=", ".join(inert(word, limit=WORD_LIMIT) for word in top)) if top else ""


def sentiment_line(sentiment: Sentiment | None) -> str:
    """Stars and their mean, or nothing."""
    if sentiment is None:
        return ""
    full = min(5, max(1, round(sentiment.mean)))
    return texts.SENTIMENT.format(stars="★" * full + "☆" * (5 - full), mean=sentiment.mean)


def scores_line(scores: Mapping[str, float]) -> str:
    """All scores, in the order of the labels."""
    shown = [f"{_title_of(spec.name)} {percent(scores[spec.name])}" for spec in LABELS if spec.name in scores]
    return texts.SCORES.format(scores=" · ".join(shown))


def action_name(action: Action) -> str:
    """The action as cards call it, a timeout with its length."""
    duration = duration_of(action.seconds) if isinstance(action, Timeout) else ""
    return texts.ACTIONS[action.kind].format(duration=duration).strip()


def duration_of(seconds: int) -> str:
    """Whole days, hours or minutes where they fit: "10 min", "2 h", "7 d"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _title_of(name: str) -> str:
    return spec_of(name).title.lower()


def _title(case: Case) -> str:
    if case.opened_why == "flagged" and case.reasons:
        spec = spec_of(headline(case.reasons).label)
        title = texts.TITLE_FLAGGED.format(emoji=_EMOJI[spec.severity], label=spec.title, case_id=case.case_id)
    else:
        title = _TITLES.get(case.opened_why, texts.TITLE_AUDIT).format(case_id=case.case_id)
    return f"### {title}" + (f" · {case.withheld_why}" if case.withheld_why else "")


def _head(case: Case) -> str:
    name = inert(case.author_name or str(case.author_id), limit=NAME_LIMIT)
    joined = texts.JOINED.format(when=_time(case.author_joined_at, "R")) if case.author_joined_at else ""
    line = texts.BY.format(name=name, joined=joined, channel_id=case.channel_id, when=_time(case.posted_at, "R"))
    return line + ("\n" + texts.FORWARDED.format(name=name) if case.forwarded else "")


def _text(case: Case, *, limit: int) -> str:
    followers = "\n" + texts.FOLLOWERS.format(count=case.followers) if case.followers else ""
    if not case.text:
        return (texts.TEXT_GONE if case.text is None else texts.NO_TEXT) + followers
    bold = case.explanation.top(TOP_WORDS) if case.explanation else ()
    shown = inert(case.text, limit=limit - 5 - len(followers), bold=bold)
    # An escaped bar at the end would make one pair with the closing ones.
    return f"||{shown}{NO_SPACE if shown.endswith('|') else ''}||" + followers


def _body(case: Case) -> str:
    lines: list[str] = []
    if case.opened_why == "care":
        lines.append(texts.CARE_NOTE)
    elif case.reasons:
        lines.append(why_line(case.reasons))
    elif case.opened_why == "reported" and case.text != "":
        lines.append(texts.NOT_FLAGGED if case.scores else texts.NOT_SCORED)
    if case.reports > (case.opened_why == "reported"):
        members = "member" if case.reports == 1 else "members"
        lines.append(texts.REPORTED_BY.format(count=case.reports, members=members))
    if case.reading:
        lines.append(texts.SEEN_AS.format(reading=texts.READINGS.get(case.reading, case.reading)))
    lines += [words_line(case.explanation), sentiment_line(case.sentiment)]
    if case.model_version:
        lines.append("-# " + texts.MODEL.format(version=inert(case.model_version, limit=NAME_LIMIT)))
    return "\n".join(line for line in lines if line)


def _foot(case: Case) -> str:
    lines = [action_line(record) for record in case.actions]
    others = Counter(record.action.kind for record in case.follower_actions if record.state == "done")
    if others:
        counted = ", ".join(f"{kind} ×{count}" for kind, count in others.items())
        lines.append(texts.FOLLOWERS_DONE.format(actions=counted))
    if case.withheld:
        lines.append(texts.HELD_BACK.format(actions=", ".join(map(action_name, case.withheld))))
    return "\n".join([*lines, *(_vote_line(vote) for vote in case.votes)])


def action_line(record: ActionRecord) -> str:
    """One action and how it ended."""
    detail = f" ({record.detail.rstrip('.')})" if record.detail else ""
    return texts.ACTION_STATES[record.state].format(action=action_name(record.action).capitalize(), detail=detail)


def _vote_line(vote: Vote) -> str:
    emoji, verdict = texts.VERDICTS[vote.verdict]
    right = [name for name, answer in vote.labels.items() if answer in {"right", "missing"}]
    if vote.verdict == "breaks_rules" and right:
        verdict += f" ({', '.join(_title_of(name) for name in right)})"
    return texts.VERDICT.format(emoji=emoji, verdict=verdict, moderator_id=vote.moderator_id, when=_time(vote.at, "t"))


def _rows(case: Case, *, buttons: bool) -> list[discord.ui.ActionRow[Any]]:
    jump: discord.ui.Button[Any] = discord.ui.Button(label=texts.BUTTON_JUMP, url=case.jump_url)
    if not buttons:
        return [discord.ui.ActionRow(jump)]
    decided = case.state == "closed"
    done = any(record.state == "done" for record in (*case.actions, *case.follower_actions))
    verdicts: list[Any] = [CaseButton(verb, case.case_id, disabled=decided) for verb in ("breaks", "fine", "skip")]
    undo: Any = CaseButton("undo", case.case_id, disabled=not (decided or done))
    more: Any = CaseButton("more", case.case_id)
    return [discord.ui.ActionRow(*verdicts), discord.ui.ActionRow(undo, more, jump)]


def _colour(case: Case) -> int:
    if case.state == "closed":
        return _CLOSED_COLOUR
    if case.reasons and case.opened_why == "flagged":
        return _COLOURS[spec_of(headline(case.reasons).label).severity]
    return _CARE_COLOUR


def _time(at: datetime, style: discord.utils.TimestampStyle) -> str:
    return discord.utils.format_dt(at, style)
