"""What a judged case teaches: its labels, and how far moderators agree on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.agreement import Judged
from bot.core.cases import Vote
from bot.core.feedback import resolve_votes
from bot.core.policy import Why
from moderation_model.labels import LABEL_NAMES

UNTOLD_BY_FINE = "obscene"
"""Profanity is no accusation: a line that is fine may well hold some."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A judged or waiting case of a period, to be looked at by another model. `weight`: one over the probability with
    which it was drawn; 1 for what was flagged or reported. `confirmed`: a moderator said that it breaks the rules.
    """

    text: str = field(repr=False)
    flagged: bool
    confirmed: bool
    weight: float = 1.0


def labels_of(votes: Sequence[Vote], why: Why) -> Mapping[str, float]:
    """The known labels of a case, 0 or 1; where moderators differ evenly on a label it stays unknown.

    A line that was drawn for an audit and called fine was asked about as a whole: it has none of the labels, though it
    may be profane.
    """
    labels = dict(resolve_votes(votes).labels)
    if why == "audit" and votes and all(vote.verdict == "fine" for vote in votes):
        return {name: 0.0 for name in LABEL_NAMES if name != UNTOLD_BY_FINE} | labels
    return labels


def judged(votes: Sequence[Vote]) -> Judged:
    """By moderator whether the case breaks the rules; who skipped it or removed it for another reason says nothing."""
    return {
        vote.moderator_id: vote.verdict == "breaks_rules" for vote in votes if vote.verdict in ("breaks_rules", "fine")
    }
