"""Numbers that moderators read, each with its 95 % interval and its sentence, or with why there is none yet.

Shares carry Wilson's score interval (E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
Inference", JASA 22, 1927), which stays sensible for few verdicts and for shares near 0 and 1.

Recall is what was confirmed among the flagged against what audits say was missed. Each miss counts one over the
probability with which it was drawn and answered (Horvitz and Thompson, JASA 47, 1952). Misses and confirmed cases are
taken as compound Poisson counts, whose variance is the sum of the squared weights: the chance of the draw and that of
another week. The interval is the usual one for a ratio of two counts, on the logarithm (the delta method; A. Agresti,
"Categorical Data Analysis", 3rd edition, 2013, section 3.1), and so never leaves 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bot.core.cases import Answer

Z = 1.959964
"""The normal distribution's quantile for 95 %."""

LEAST_MISSES = 10
"""Before so many misses were found, recall would be a guess."""

LEAST_VERDICTS = 10
"""With fewer verdicts a label's precision is a count and no share: its interval would span half of all there is."""

TOO_FEW = "too few to say more"
"""What stands where the interval of a share would stand."""

LEAST_WAITS = 10
"""With fewer answered cases nine of ten of them would be all."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends, 0 to 1."""

    low: float
    high: float

    def __str__(self) -> str:
        low, high = round(self.low * 100), round(self.high * 100)
        return f"{low} %" if low == high else f"{low} to {high} %"


def wilson(successes: int, trials: int) -> Interval:
    """The 95 % interval of a share; 0 to 1 without trials."""
    if trials == 0:
        return Interval(0.0, 1.0)
    share, square = successes / trials, Z * Z
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `total` flags that moderators judged, `right` were right."""

    right: int
    total: int

    @property
    def interval(self) -> Interval:
        """95 %, by Wilson."""
        return wilson(self.right, self.total)

    @property
    def enough(self) -> bool:
        """Whether there are verdicts enough to speak of a share."""
        return self.total >= LEAST_VERDICTS

    @property
    def sentence(self) -> str:
        """What a moderator reads: "31 of 36 right, 71 to 94 %", "2 of 3 right, too few to say more"."""
        if not self.total:
            return "no verdict yet"
        return f"{self.right} of {self.total} right, {self.interval if self.enough else TOO_FEW}"


def precision_by_label(verdicts: Mapping[str, Mapping[Answer, int]]) -> dict[str, Precision]:
    """Precision by label from how often moderators said right and wrong; what was missing or unknown says nothing."""
    found: dict[str, Precision] = {}
    for name, counts in verdicts.items():
        right, wrong = counts.get("right", 0), counts.get("wrong", 0)
        if right + wrong:
            found[name] = Precision(right, right + wrong)
    return found


@dataclass(frozen=True, slots=True)
class Audits:
    """What audits and verdicts of one period say, as counts.

    `misses`: the inclusion probability of each audited message that breaks the rules. `answered` of `drawn` messages
    were judged. Of `flagged` cases `judged` have a verdict and `confirmed` were right.
    """

    misses: tuple[float, ...] = ()
    answered: int = 0
    drawn: int = 0
    confirmed: int = 0
    judged: int = 0
    flagged: int = 0


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of rule-breaking messages that were flagged; `value` is None where that cannot be said yet."""

    found: int
    answered: int
    value: float | None = None
    interval: Interval | None = None

    @property
    def sentence(self) -> str:
        """What a moderator reads."""
        if not self.answered:
            return "no audit was answered yet"
        checked = f"{self.found} missed among {self.answered} checked"
        if self.value is None or self.interval is None:
            lacking = f"it takes {LEAST_MISSES}" if self.found < LEAST_MISSES else "no flag was confirmed yet"
            return f"too few to say what is missed: {checked}, and {lacking}"
        return f"about {round(self.value * 100)} % of what breaks the rules is flagged, {self.interval} ({checked})"


def recall(audits: Audits) -> Recall:
    """Recall with its interval, or without either before `LEAST_MISSES` were found or anything was confirmed.

    Draws that nobody answered and flagged cases that nobody judged are taken to be like those that were.
    """
    found = len(audits.misses)
    if found < LEAST_MISSES or not audits.confirmed:
        return Recall(found, audits.answered)
    answered = audits.answered / max(audits.drawn, audits.answered)
    weights = [1 / (probability * answered) for probability in audits.misses]
    missed = sum(weights)
    caught = audits.confirmed * max(audits.flagged, audits.judged) / audits.judged
    spread = math.sqrt(1 / audits.confirmed + sum(weight**2 for weight in weights) / missed**2)
    odds = math.log(caught / missed)
    low, value, high = (1 / (1 + math.exp(-(odds + step))) for step in (-Z * spread, 0.0, Z * spread))
    return Recall(found, audits.answered, value, Interval(low, high))


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """How long `cases` waited for their first verdict. `median` is None without one; within `ninetieth` nine of ten
    were answered, None before `LEAST_WAITS` were.
    """

    cases: int
    median: timedelta | None
    ninetieth: timedelta | None = None

    @property
    def sentence(self) -> str:
        """What a moderator reads."""
        if self.median is None:
            return "no case was answered yet"
        most = f", 9 of 10 within {spoken(self.ninetieth)}" if self.ninetieth is not None else ""
        cases = "1 case" if self.cases == 1 else f"{self.cases} cases"
        return f"half of them answered within {spoken(self.median)}{most} ({cases})"


def response_time(waits: Sequence[timedelta]) -> ResponseTime:
    """The median and the 90th percentile (the nearest rank: a wait that happened) of how long cases waited."""
    seconds = sorted(wait.total_seconds() for wait in waits)
    if not seconds:
        return ResponseTime(0, None)
    rank = math.ceil(0.9 * len(seconds)) - 1
    ninetieth = timedelta(seconds=seconds[rank]) if len(seconds) >= LEAST_WAITS else None
    return ResponseTime(len(seconds), timedelta(seconds=median(seconds)), ninetieth)


def spoken(span: timedelta) -> str:
    """A span in the unit that fits it: "40 s", "14 min", "3.5 h", "2 days"."""
    seconds = span.total_seconds()
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (size < 86400 and seconds >= size):
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
