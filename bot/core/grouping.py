"""Which card a new case joins: one live card for a text, a member, and a quarrel, so that noise does not bury people.

Texts are alike by the Jaccard index of their runs of three characters (Broder, 1997). Followers of a card share its
verdict, but only followers with the same words say something about the model (`same_text`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.events import IncomingMessage
from bot.core.policy import CARE_WHY, Decision, Reason, headline, spec_of

ALIKE = 0.75
SHORTEST = 12
"""Shorter texts must be equal: "no u" and "no, u?" are near to much."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open card: the case that leads it, and everybody whose messages it stands for. `ping`: it called people."""

    case_id: int
    channel_id: int
    author_ids: frozenset[int]
    author_name: str = field(repr=False)
    text: str = field(repr=False)
    reasons: tuple[Reason, ...] = ()
    ping: bool = False


def lead_of(message: IncomingMessage, decision: Decision, cards: Sequence[Standing]) -> int | None:
    """The case whose card also stands for `message`, None where it needs a card of its own.

    Only flagged messages join, and none that reads like a cry for help. What calls people joins only a card that has
    called them, and nothing joins a card that looks less severe: the worst must not hide behind the first.
    """
    if decision.opens != "flagged" or not decision.reasons or decision.withheld_why == CARE_WHY:
        return None
    severity = _severity(decision.reasons)
    open_to = [card for card in cards if _severity(card.reasons) >= severity and (card.ping or not decision.ping)]
    for joins in (_by_text, _by_member, _by_quarrel):
        for card in open_to:
            if joins(message, card):
                return card.case_id
    return None


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two texts say the same in nearly the same letters. False where one is no longer kept."""
    if not one or not other:
        return False
    first, second = _plain(one), _plain(other)
    if first == second:
        return True
    if min(len(first), len(second)) < SHORTEST:
        return False
    ours, theirs = _shingles(first), _shingles(second)
    return len(ours & theirs) >= ALIKE * len(ours | theirs)


def _by_text(message: IncomingMessage, card: Standing) -> bool:
    return same_text(message.text, card.text)


def _by_member(message: IncomingMessage, card: Standing) -> bool:
    return message.author.user_id in card.author_ids and not message.by_webhook


def _by_quarrel(message: IncomingMessage, card: Standing) -> bool:
    """An answer, in the same channel, to somebody on the card: by reply or by mention."""
    if message.channel_id != card.channel_id:
        return False
    answered = message.reply_to is not None and message.reply_to[0] == card.author_name
    return answered or any(f"<@{author_id}>" in message.text for author_id in card.author_ids)


def _severity(reasons: Sequence[Reason]) -> int:
    return spec_of(headline(reasons).label).severity if reasons else 0


def _plain(text: str) -> str:
    """Letters, digits and emoji alone, folded: what spammers vary is spaces, signs and case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", folded) or "".join(folded.split())


def _shingles(text: str) -> set[str]:
    return {text[place : place + 3] for place in range(len(text) - 2)}
