"""A Case becomes a review card: Components V2, the same order always, readable on a phone. Pure.

Discord's limits for one card are 4,000 characters of text and 40 components; the member's text is cut to what the other
lines leave.
"""

from __future__ import annotations

from typing import Any

import discord

from bot.chat import texts
from bot.chat.appeal_menu import appeal_buttons, appeal_lines
from bot.chat.buttons import CaseButton
from bot.chat.card_group import other_lines
from bot.chat.card_lines import (
    MOST_NOTES,
    MOST_NOTES_READ,
    body_lines,
    decided_line,
    foot_lines,
    head_line,
    message_gone,
    reply_line,
    text_line,
    title_line,
)
from bot.core.cases import Background, Case
from bot.core.policy import headline, spec_of

CARD_LIMIT = 4000
TEXT_LIMIT = 1500
LEAST_TEXT = 500
"""Room that the card's own text always has beside the other messages' texts."""

_COLOURS = {1: 0xB0B8C0, 2: 0xF1C40F, 3: 0xE67E22, 4: 0x9B59B6, 5: 0xE74C3C}
_CARE_COLOUR = 0x3498DB
_CLOSED_COLOUR = 0x95A5A6


class Card(discord.ui.LayoutView):
    """The layout of one card, without a timer: its buttons work for as long as it stands."""

    def __init__(self, container: discord.ui.Container[Any]) -> None:
        super().__init__(timeout=None)
        self.add_item(container)


def review_card(
    case: Case,
    background: Background | None = None,
    *,
    buttons: bool = True,
    text_limit: int = TEXT_LIMIT,
    private: str = "",
) -> Card:
    """The card as the case stands. Without `buttons` it is for reading only (`/case show`), with `private` lines."""
    background = background or Background()
    title, head, reply = title_line(case, background), head_line(case), reply_line(case)
    body, foot = body_lines(case, background), foot_lines(case, notes=MOST_NOTES if buttons else MOST_NOTES_READ)
    decided = decided_line(case) if case.state == "closed" else ""
    appeal = appeal_lines(case)
    private = cut(private, CARD_LIMIT // 3)
    foot = cut(foot, CARD_LIMIT // 3)
    used = sum(len(part) for part in (title, head, reply, body, foot, appeal, decided, private))
    others = other_lines(case, limit=CARD_LIMIT - used - LEAST_TEXT)
    used += len(others)
    shown = text_line(case, limit=min(text_limit, CARD_LIMIT - used))
    container: discord.ui.Container[Any] = discord.ui.Container(accent_colour=_colour(case))
    for part in (title, head, reply, shown, others, body, foot, appeal, private):
        if part:
            container.add_item(discord.ui.TextDisplay(part))
    container.add_item(discord.ui.Separator())
    if decided:
        container.add_item(discord.ui.TextDisplay(decided))
    for row in _rows(case, buttons=buttons):
        container.add_item(row)
    return Card(container)


def cut(lines: str, most: int) -> str:
    """As many whole lines as fit, so that notes and reports leave room for the message."""
    return lines if len(lines) <= most else lines[: most - 1].rpartition("\n")[0] + "\n…"


def scrubbed_card() -> Card:
    """What is left of a card whose text expired."""
    return Card(discord.ui.Container(discord.ui.TextDisplay(texts.SCRUBBED)))


def _rows(case: Case, *, buttons: bool) -> list[discord.ui.ActionRow[Any]]:
    jump: discord.ui.Button[Any] = discord.ui.Button(label=texts.BUTTON_JUMP, url=case.jump_url)
    if not buttons:
        return [discord.ui.ActionRow(jump)]
    if case.state == "closed" and not case.closed_as_gone:
        again: list[Any] = [CaseButton("undo", case.case_id), CaseButton("change", case.case_id)]
        return [discord.ui.ActionRow(*again)]
    if appeal := appeal_buttons(case):
        more: Any = CaseButton("more", case.case_id)
        return [discord.ui.ActionRow(*appeal, jump), discord.ui.ActionRow(more)]
    verdicts: list[Any] = [CaseButton(verb, case.case_id) for verb in ("breaks", "fine", "skip")]
    messages, authors = case.followers + 1, len(case.other_author_ids) + 1
    left = messages - message_gone(case)
    delete = texts.BUTTON_DELETE_ALL.format(number=left) if messages > 1 and left > 1 else texts.BUTTON_DELETE
    timeout = texts.BUTTON_TIMEOUT if authors == 1 else texts.BUTTON_TIMEOUT_ALL.format(number=authors)
    acts: list[Any] = [CaseButton("timeout", case.case_id, label=timeout), CaseButton("more", case.case_id)]
    if case.subject == "message":
        acts.insert(0, CaseButton("delete", case.case_id, label=delete, disabled=left <= 0))
    elif case.subject == "nickname":
        acts.insert(0, CaseButton("reset", case.case_id))
    return [discord.ui.ActionRow(*verdicts, jump), discord.ui.ActionRow(*acts)]


def _colour(case: Case) -> int:
    if case.state == "closed":
        return _CLOSED_COLOUR
    if case.reasons and case.opened_why == "flagged":
        return _COLOURS[spec_of(headline(case.reasons).label).severity]
    return _CARE_COLOUR
