"""Which card a new case joins: one live card for a text, a member, and a quarrel, so that noise does not bury people.

Texts are alike by the Jaccard index of their runs of three characters (Broder, 1997). Followers of a card share its
verdict, but only followers with the same words say something about the model (`same_text`).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.events import IncomingMessage
from bot.core.policy import CARE_WHY, Decision, Reason, headline, spec_of

ALIKE = 0.75
SHORTEST = 12
"""Shorter texts must be equal: "no u" and "no, u?" are near to much."""
SAMPLE = 64
"""Runs that a sketch keeps: texts of up to 66 letters whole, of longer ones the index is off by about 0.05."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open card: the case that leads it, and everybody whose messages it stands for. `ping`: it called people.
    `same`: its words are those of the message that is looked at, also where no text is kept.
    """

    case_id: int
    channel_id: int
    author_ids: frozenset[int]
    author_name: str = field(repr=False)
    text: str = field(repr=False)
    reasons: tuple[Reason, ...] = ()
    ping: bool = False
    same: bool = False


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a text is compared by where it is not kept: the smallest hashes of its runs (bottom-k, Broder, 1997).

    `whole`: the hash of all its letters, `letters` of them.
    """

    whole: int
    letters: int
    runs: frozenset[int] = field(repr=False)


def sketch_of(text: str) -> Sketch:
    """The sketch of a text; the same in every process."""
    plain = _plain(text)
    runs = sorted(_hash(run) for run in _shingles(plain))[:SAMPLE]
    return Sketch(_hash(plain), len(plain), frozenset(runs))


def alike(one: Sketch, other: Sketch) -> bool:
    """As `same_text`, from two sketches."""
    if one.whole == other.whole:
        return True
    if min(one.letters, other.letters) < SHORTEST:
        return False
    shared = one.runs & other.runs
    # Most texts share next to nothing, and a raid compares many: those are told without sorting.
    if len(shared) < ALIKE * min(SAMPLE, len(one.runs) + len(other.runs) - len(shared)):
        return False
    smallest = sorted(one.runs | other.runs)[:SAMPLE]
    return sum(run in shared for run in smallest) >= ALIKE * len(smallest)


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
    return card.same or same_text(message.text, card.text)


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


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())
