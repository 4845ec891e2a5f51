"""A case as cards show it, and how tests read a card."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord

from bot.chat.cards import Card
from bot.core.cases import Case
from bot.core.policy import Reason
from moderation_model.contract import Explanation, Sentiment
from tests.builders import NOON


def reason(label: str, score: float, limit: float = 0.85) -> Reason:
    return Reason(label, score, limit, "model", "as_written", "v1", "content")


CASE = Case(
    case_id=1042,
    guild_id=1,
    channel_id=2,
    message_id=3,
    revision=0,
    author_id=4,
    author_name="Kai",
    opened_why="flagged",
    state="open",
    text="nobody likes you, you pathetic waste of space",
    jump_url="https://discord.com/channels/1/2/3",
    posted_at=NOON,
    opened_at=NOON,
    author_joined_at=NOON - timedelta(days=2),
    reasons=(reason("toxic", 0.96), reason("insult", 0.93)),
    scores={"toxic": 0.96, "insult": 0.93},
    sentiment=Sentiment((0.8, 0.1, 0.1, 0.0, 0.0)),
    reading="as_written",
    model_version="v1",
    explanation=Explanation("toxic", ("you", "pathetic", "waste"), (0.0, 2.0, 1.0), -3.0, 0.96, "as_written", "v1"),
)


def lines(card: Card) -> list[str]:
    shown = [item.content for item in card.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    return "\n".join(shown).splitlines()


def buttons(card: Card) -> dict[str | None, bool]:
    """Whether each button can be pressed, by its label."""
    found: dict[str | None, bool] = {}
    for item in card.walk_children():
        button: Any = item.item if isinstance(item, discord.ui.DynamicItem) else item
        if isinstance(button, discord.ui.Button):
            found[button.label] = not button.disabled
    return found


def rows(card: Card) -> list[list[str | None]]:
    """The labels of the buttons, row by row."""
    found: list[list[str | None]] = []
    for item in card.walk_children():
        if isinstance(item, discord.ui.ActionRow):
            children: list[Any] = [getattr(child, "item", child) for child in item.children]
            found.append([child.label for child in children])
    return found
