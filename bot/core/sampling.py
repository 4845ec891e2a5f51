"""Which unflagged messages are drawn for checking: Poisson draws, stratified by how close the score came to a limit.

Every message is drawn by itself with a probability that is known before it comes, so that dividing by it later gives
an unbiased count of what was missed (Horvitz and Thompson, "A Generalization of Sampling Without Replacement From a
Finite Universe", JASA 47, 1952; Poisson sampling: Särndal, Swensson and Wretman, "Model Assisted Survey Sampling",
1992, section 3.5). Half of the expected draws lie in the band just under the limit, where most misses are; the other
half covers everything else, where nobody would look. The day's number varies around `audit_a_day`: a hard cut would
change the probabilities of whatever comes late in the day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules, places_of
from moderation_model.contract import Prediction

BAND_FROM = 0.5
"""The band just under a limit begins at this share of it."""

LEAST_BAND, LEAST_REST = 20.0, 200.0
"""Messages a day that are expected at least: a quiet or new guild is not drawn empty while its volume is unknown."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Unflagged messages a day that are expected in the band just under the limit and in the rest."""

    band: float = LEAST_BAND
    rest: float = LEAST_REST


@dataclass(frozen=True, slots=True)
class Standing:
    """The label whose score came closest to its limit, by their ratio."""

    label: str
    score: float
    limit: float


def inclusion_probability(score: float, limit: float, expected_a_day: Volume, audit_a_day: float) -> float:
    """The probability, 0 to 1, with which a message of that score is drawn; 0 where no audits are wanted."""
    expected = expected_a_day.band if in_band(score, limit) else expected_a_day.rest
    return min(1.0, max(0.0, audit_a_day / 2) / expected)


def drawn(message_id: int, probability: float, seed: bytes, *, revision: int = 0) -> bool:
    """Whether that revision is drawn. A replay draws the same; without `seed` (1 to 64 bytes) nobody can tell before.

    The number is a keyed BLAKE2b hash (RFC 7693) of the ids, read as a fraction of 2 to the power of 64.
    """
    digest = hashlib.blake2b(f"{message_id}:{revision}".encode(), key=seed, digest_size=8).digest()
    return int.from_bytes(digest) < probability * 2**64


def in_band(score: float, limit: float) -> bool:
    """Whether the score lies just under the limit (or over it, for a message that was let go for another reason)."""
    return score >= BAND_FROM * limit


def limits_of(message: IncomingMessage, predictions: Sequence[Prediction], rules: GuildRules) -> dict[str, float]:
    """The limit of each label that would have opened a case on the message, in this guild and place.

    Empty where the model could read nothing: what it does not judge, it cannot miss.
    """
    limits: dict[str, float] = {}
    for prediction in predictions:
        for name in prediction.scores if prediction.readable else ():
            rule = rules.rule(name, places_of(message))
            if rule.opens_case:
                limits[name] = rule.flag_limit(prediction.thresholds.get(name, 1.0))
    return limits


def standing_of(scores: Mapping[str, float], limits: Mapping[str, float]) -> Standing | None:
    """Where a message with these scores stands; None where no score has a limit."""
    found = [Standing(name, score, limits[name]) for name, score in scores.items() if limits.get(name)]
    return max(found, key=lambda each: each.score / each.limit, default=None)


def highest(predictions: Iterable[Prediction]) -> dict[str, float]:
    """The highest score by label over the parts of a message that could be read."""
    scores: dict[str, float] = {}
    for prediction in predictions:
        for name, score in prediction.scores.items() if prediction.readable else ():
            scores[name] = max(score, scores.get(name, 0.0))
    return scores


def expected_volume(messages_a_day: float, recent: Iterable[Standing]) -> Volume:
    """The volume to plan with, from how many messages a day the channels saw and where recent ones stood.

    What reached its limit was flagged and is left out.
    """
    band = rest = flagged = 0
    for each in recent:
        if each.score >= each.limit:
            flagged += 1
        elif in_band(each.score, each.limit):
            band += 1
        else:
            rest += 1
    share = messages_a_day / max(1, band + rest + flagged)
    return Volume(max(LEAST_BAND, band * share), max(LEAST_REST, rest * share))
