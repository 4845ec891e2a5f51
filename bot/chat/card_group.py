"""What a card that stands for several messages says of the others, so that "Delete all 7" is no leap in the dark."""

from __future__ import annotations

from bot.chat import group_texts
from bot.chat.inert import inert, spoiler
from bot.core.cases import Case, OtherText

LINE_LIMIT = 160
WRITER_LIMIT = 40


def other_lines(case: Case, *, limit: int) -> str:
    """The different texts of the card's other messages, one a line, the newest last, then how many more there are.

    At most `limit` characters: the oldest are left out first. Empty where all messages say the same.
    """
    lines: list[str] = []
    more, used = case.more_texts, len(group_texts.MORE_TEXTS) + 8
    for other in reversed(case.other_texts):
        line = _line(case, other)
        used += len(line) + 1
        if used > limit:
            break
        lines.insert(0, line)
    more += len(case.other_texts) - len(lines)
    if more:
        lines.append(group_texts.MORE_TEXTS.format(number=more))
    return "\n".join(lines)


def _line(case: Case, other: OtherText) -> str:
    """Whose it is is said where it is not the author's who stands on top of the card."""
    text = spoiler(other.text, limit=LINE_LIMIT)
    if other.author_id == case.author_id:
        return group_texts.OTHER_TEXT.format(text=text)
    name = inert(other.author_name or str(other.author_id), limit=WRITER_LIMIT)
    return group_texts.OTHER_TEXT_BY.format(name=name, text=text)
