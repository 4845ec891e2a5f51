"""What a review card says, line by line, in the order in which it is read. Pure text; `cards.py` lays it out.

Members' text and names go through `inert`, so nothing on a card works but its buttons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import discord

from bot.chat import deed_texts, gone_texts, name_texts, report_texts, shadow_texts, texts
from bot.chat.inert import inert, spoiler
from bot.chat.opinion_lines import opinion_line, shown_votes
from bot.chat.report_lines import reported_lines, reported_title
from bot.chat.shadow_lines import challenger_line, differs_line
from bot.chat.why_lines import (
    NAME_LIMIT,
    TOP_WORDS,
    action_line,
    action_name,
    duration_of,
    title_of,
    why_line,
    words_of,
)
from bot.core.cases import ActionRecord, Background, Case, Vote
from bot.core.feedback import answers
from bot.core.history import current
from bot.core.policy import Timeout, headline, spec_of

REPLY_LIMIT = 200
NOTE_LIMIT = 200
MOST_NOTES = 3
MOST_NOTES_READ = 8
"""The newest notes stand on the card, more of them in `/case show`."""

_EMOJI = {1: "⚪", 2: "🟡", 3: "🟠", 4: "🟣", 5: "🔴"}
_NAME_TITLES = {"nickname": name_texts.TITLE_NICKNAME, "title": name_texts.TITLE_TITLE}
_TITLES = {
    "care": texts.TITLE_CARE,
    "labelled": report_texts.TITLE_LABELLED,
    "challenger": shadow_texts.TITLE_CHALLENGER,
}
_REPORTED = ("reported", "staff")


def title_line(case: Case, background: Background) -> str:
    """What it is, its number, and what was done."""
    done = done_phrase(case)
    if case.opened_why == "flagged" and case.reasons:
        spec = spec_of(headline(case.reasons).label)
        label = inert(background.titles.get(spec.name, spec.title), limit=NAME_LIMIT)
        template = _NAME_TITLES.get(case.subject, texts.TITLE_FLAGGED)
        title = template.format(emoji=_EMOJI[spec.severity], label=label, case_id=case.case_id)
        done = done or case.withheld_why or texts.NOTHING_DONE
    else:
        title = _TITLES.get(case.opened_why, texts.TITLE_AUDIT).format(case_id=case.case_id)
        title = reported_title(case) if case.opened_why in _REPORTED else title
        done = done or case.withheld_why or ""
    return f"### {title}" + (f" · {done}" if done else "")


def head_line(case: Case) -> str:
    """Who, since when, where and when; what else the card stands for."""
    # A mention shows the name of the moment, and notifies nobody here.
    name = inert(case.author_name, limit=NAME_LIMIT) if case.author_name else f"<@{case.author_id}>"
    joined = texts.JOINED.format(when=_time(case.author_joined_at, "R")) if case.author_joined_at else ""
    number, others = case.followers + 1, len(case.other_author_ids)
    who = name
    if others:
        who = texts.BY_OTHERS.format(name=name, others=others, s="" if others == 1 else "s", number=number)
    elif case.followers:
        who = texts.BY_ONE.format(name=name, number=number)
    line = texts.BY.format(name=who, joined=joined, channel_id=case.channel_id, when=_time(case.posted_at, "R"))
    return line + ("\n" + texts.FORWARDED.format(name=name) if case.forwarded else "")


def reply_line(case: Case) -> str:
    """Whom and what the message answers, or nothing."""
    if case.reply_to is None:
        return ""
    name, text = case.reply_to
    shown = spoiler(f'"{text}"', limit=REPLY_LIMIT) if text.strip() else ""
    return texts.REPLY.format(name=inert(name, limit=NAME_LIMIT), text=f": {shown}" if shown else "")


def text_line(case: Case, *, limit: int) -> str:
    """The member's text behind a spoiler, its words that count in bold; at most `limit` characters."""
    if not case.text:
        unkept = texts.TEXT_UNKEPT if case.unkept else texts.NO_TEXT
        return texts.TEXT_GONE if case.text is None else unkept
    return spoiler(case.text, limit=limit, bold=_top(case))


def body_lines(case: Case, background: Background) -> str:
    """Why the card is here, what the model read, whether it still stands, what was confirmed before."""
    lines = [_care_or_why(case)]
    lines += [differs_line(case), reported_lines(case), _seen_line(case)]
    if background.confirmed:
        lines.append(
            texts.CONFIRMED.format(
                number=background.confirmed, days=background.confirmed_days, case_id=background.newest_confirmed
            )
        )
    return "\n".join(line for line in lines if line)


def foot_lines(case: Case, *, notes: int = MOST_NOTES) -> str:
    """What did not go as asked, what was held back, what other moderators said."""
    lines = [action_line(record) for record in current(case.actions) if record.state not in {"done", "undone"}]
    beside = current(case.follower_actions)
    failed = Counter(record.action.kind for record in beside if record.state in {"refused", "failed"})
    if failed:
        counted = ", ".join(f"{deed_texts.ACTIONS[kind].split(' ')[0]} ×{number}" for kind, number in failed.items())
        lines.append(texts.FOLLOWERS_REFUSED.format(actions=counted))
    if case.withheld:
        lines.append(texts.HELD_BACK.format(actions=", ".join(map(action_name, case.withheld))))
    lines += [line for line in [opinion_line(case)] if line]
    lines += [_vote_line(vote) for vote in shown_votes(case)]
    for note in case.notes[-notes:]:
        lines.append(texts.NOTE.format(moderator_id=note.moderator_id, text=inert(note.text, limit=NOTE_LIMIT)))
    return "\n".join(lines)


def decided_line(case: Case) -> str:
    """How a closed case was decided, by whom and when."""
    if not case.votes:
        return gone_texts.CLOSED_GONE if case.closed_as_gone else texts.CLOSED
    vote = case.votes[-1]
    emoji, what = texts.DECIDED[vote.verdict]
    if vote.verdict == "breaks_rules" and vote.labels != answers("breaks_rules", case.reasons):
        right = [name for name, answer in vote.labels.items() if answer in {"right", "missing"}]
        what += f" ({', '.join(title_of(name) for name in right)})" if right else f" ({texts.NO_LABEL})"
    phrase = undone_phrase(case) if vote.verdict == "fine" else done_phrase(case)
    return texts.DECIDED_LINE.format(
        emoji=emoji,
        what=what + (f", {phrase}" if phrase else ""),
        moderator_id=vote.moderator_id,
        when=_time(vote.at, "t"),
    )


def done_phrase(case: Case) -> str:
    """What was done and stands: "deleted ×7, timed out 10 min"; empty where nothing was."""
    return _counted(case, "done", deed_texts.DONE)


def undone_phrase(case: Case) -> str:
    """What was done and taken back, as `done_phrase`."""
    return _counted(case, "undone", deed_texts.UNDONE)


def message_gone(case: Case) -> int:
    """How many of the card's messages are known to be gone."""
    gone = {record.case_id for record in _records(case) if record.action.kind == "delete" and _is_gone(record)}
    return len(gone | case.gone_follower_ids | ({case.case_id} if case.gone_at else set()))


def _is_gone(record: ActionRecord) -> bool:
    return record.state == "done" or record.detail == texts.ALREADY_GONE


def _records(case: Case) -> tuple[ActionRecord, ...]:
    return (*case.actions, *case.follower_actions)


def _counted(case: Case, state: str, phrases: Mapping[str, str]) -> str:
    found: Counter[str] = Counter()
    for record in current(_records(case)):
        if record.state == state:
            duration = duration_of(record.action.seconds) if isinstance(record.action, Timeout) else ""
            found[phrases[record.action.kind].format(duration=duration).strip()] += 1
    return ", ".join(phrase if number == 1 else f"{phrase} ×{number}" for phrase, number in found.items())


def _care_or_why(case: Case) -> str:
    if case.opened_why == "care":
        return texts.CARE_NOTE
    if case.opened_why == "challenger":
        return challenger_line(case)
    if case.reasons:
        return why_line(case.reasons)
    if case.opened_why == "labelled":
        return report_texts.NOT_FLAGGED_LABELLED
    if case.opened_why in _REPORTED and (case.text != "" or case.unkept):
        return texts.NOT_FLAGGED if case.scores else texts.NOT_SCORED
    return ""


def _seen_line(case: Case) -> str:
    total, gone = case.followers + 1, message_gone(case)
    if total == 1:
        ours = any(each.action.kind == "delete" and each.state == "done" for each in case.actions)
        state = texts.MESSAGE_GONE if gone else texts.MESSAGE_UP
        state = texts.MESSAGE_DELETED if ours else state
    else:
        state = texts.MESSAGES_GONE.format(gone=gone, total=total) if gone else texts.MESSAGE_UP
    if case.subject != "message":
        return texts.SEEN_AS.format(reading=texts.READINGS.get(case.reading, case.reading)) if case.reading else ""
    if not case.reading:
        return texts.MESSAGE_STATE.format(state=state)
    seen = texts.SEEN_AS.format(reading=texts.READINGS.get(case.reading, case.reading))
    return f"{seen} · {texts.MESSAGE_STATE.format(state=state).lower()}{_unseen_words(case)}"


def _unseen_words(case: Case) -> str:
    """The words that counted where the text itself does not hold them: a disguised text was read otherwise."""
    top, text = _top(case), (case.text or "").casefold()
    hidden = words_of(word for word in top if word.casefold() not in text)
    return f" · {texts.WORDS.format(words=hidden).lower()}" if hidden and case.text else ""


def _top(case: Case) -> tuple[str, ...]:
    return case.explanation.top(TOP_WORDS) if case.explanation else ()


def _vote_line(vote: Vote) -> str:
    emoji, verdict = texts.VERDICTS[vote.verdict]
    right = [name for name, answer in vote.labels.items() if answer in {"right", "missing"}]
    if vote.verdict == "breaks_rules" and right:
        verdict += f" ({', '.join(title_of(name) for name in right)})"
    return texts.VERDICT.format(emoji=emoji, verdict=verdict, moderator_id=vote.moderator_id, when=_time(vote.at, "t"))


def _time(at: datetime, style: discord.utils.TimestampStyle) -> str:
    return discord.utils.format_dt(at, style)
