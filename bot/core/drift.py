"""Whether scores are spread as they were, and whether more words are unknown: the population stability index of two
histograms, and two means.

PSI = sum over the bins of (now - before) * ln(now / before), with the bins' shares (N. Siddiqi, "Credit Risk
Scorecards", 2006, whose rule of thumb the limits below are). Half a message is added to each bin, so that an empty one
costs little. Of two samples of one population it is about (bins - 1) * (1/n + 1/m) by chance alone, which with
`LEAST` messages on both sides stays under the lower limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

EDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""Scores crowd near 0, so the bins do, too."""
LEAST = 500
"""With fewer messages in either time chance alone would look like drift."""
SOME, MUCH = 0.1, 0.25
NOTABLE = 0.01
"""A smaller change of the share of unknown words is not worth a word."""
SURE = 3.0
"""Standard errors beyond which a change is not put down to chance."""


@dataclass(frozen=True, slots=True)
class Histograms:
    """How many messages had which scores of one label, by bin (one more than `EDGES`), in two times."""

    before: tuple[int, ...]
    now: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """So many messages, the mean of their shares of unknown words, and the mean of the squares."""

    messages: int
    mean: float
    square: float

    @property
    def variance(self) -> float:
        """Of the mean."""
        return max(self.square - self.mean**2, 0.0) / self.messages


@dataclass(frozen=True, slots=True)
class UnknownWords:
    """The shares of two times."""

    before: Shares
    now: Shares

    @property
    def moved(self) -> bool:
        """Whether the share is another one, more than chance alone would have it."""
        change = abs(self.now.mean - self.before.mean)
        return change >= NOTABLE and change > SURE * math.sqrt(self.before.variance + self.now.variance)

    @property
    def sentence(self) -> str:
        """What a moderator reads."""
        now, before = f"{100 * self.now.mean:.1f} %", f"{100 * self.before.mean:.1f} %"
        if not self.moved:
            return f"{now} of words unknown to me, as before"
        return f"{now} of words unknown to me, {before} before"


@dataclass(frozen=True, slots=True)
class Drift:
    """The label whose scores moved most, and how far; unknown words where enough is known of them."""

    label: str
    index: float
    words: UnknownWords | None = None

    @property
    def sentence(self) -> str:
        """What a moderator reads."""
        return self._scores if self.words is None else f"{self._scores}; {self.words.sentence}"

    @property
    def _scores(self) -> str:
        if self.index < SOME:
            return f"scores as before (PSI {self.index:.2f})"
        how = "much" if self.index >= MUCH else "a little"
        return f"scores of {self.label.replace('_', ' ')} moved {how} (PSI {self.index:.2f})"


def stability_index(before: Sequence[int], now: Sequence[int]) -> float:
    """PSI of two histograms with the same bins; 0 where they have the same shape. Raises ValueError otherwise."""
    if len(before) != len(now) or not before:
        raise ValueError("two histograms are compared bin by bin")
    first, second = (_shares(counts) for counts in (before, now))
    return sum((new - old) * math.log(new / old) for old, new in zip(first, second, strict=True))


def drift(found: Mapping[str, Histograms], words: UnknownWords | None = None) -> Drift | None:
    """The label that moved most, and `words` if they are of enough messages; None with too few messages to say."""
    enough = {label: each for label, each in found.items() if sum(each.before) >= LEAST and sum(each.now) >= LEAST}
    indices = {label: stability_index(each.before, each.now) for label, each in enough.items()}
    label = max(indices, key=lambda name: indices[name], default=None)
    told = words if words and min(words.before.messages, words.now.messages) >= LEAST else None
    return None if label is None else Drift(label, indices[label], told)


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts) + len(counts) / 2
    return [(count + 0.5) / whole for count in counts]
