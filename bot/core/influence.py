"""Whose verdicts may teach: verdicts that contradict the others' are held. (The run itself caps each one's share.)

A flag of a label is judged right or wrong. Verdicts of one moderator are compared with the others' on flags of the same
label and the same band of scores (a stratified comparison of two shares; N. Mantel and W. Haenszel, "Statistical
Aspects of the Analysis of Data From Retrospective Studies", JNCI 22, 1959). Somebody who judges like the others stays
near 0; somebody who answers the opposite does not. It is no proof of bad will: an administrator looks and decides.
Two who stand alone against each other lie equally far apart, and nothing tells who is right: both are held.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

LEAST_VERDICTS = 10
"""Of fewer verdicts, somebody's or the others', nothing can be said."""
HELD_AT = 3.0
"""Standard deviations from the others: by chance about one moderator in 370, who waits for an administrator's word."""
BANDS = (0.5, 0.7, 0.8, 0.9, 0.95)
"""Between these scores flags are alike."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One moderator's answer about one flag: `right` or wrong. `score` 0 to 1, as it was at the time."""

    moderator_id: int
    label: str
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A moderator whose verdicts lie `deviations` standard deviations from the others' (below 0: says wrong more).

    `tied`: somebody else lies as far from the others, on the other side as a rule.
    """

    moderator_id: int
    verdicts: int
    deviations: float
    tied: bool = False

    @property
    def sentence(self) -> str:
        """For the administrator."""
        if self.tied:
            return (
                f"{self.verdicts} verdicts of <@{self.moderator_id}> and another moderator's contradict each other, "
                "and nobody else's tell who is right; both are held until you allow or drop them."
            )
        often = "wrong" if self.deviations < 0 else "right"
        return (
            f"{self.verdicts} verdicts of <@{self.moderator_id}> say “{often}” far more often than the others' on such "
            "flags; they are held until you allow or drop them."
        )


def contradictions(judgements: Sequence[Judgement], *, allowed: Collection[int] = ()) -> list[Contradiction]:
    """Moderators whose verdicts contradict the rest, the farthest first. `allowed`: whom an administrator trusts.

    The others are compared among themselves, and with the trusted only where nobody else is left: who differs from
    somebody that differs from everybody is no stranger. Those who are equally far, farther than everybody else, are
    `tied`. Empty with a single moderator: there is no rest to compare with.
    """
    people = {judgement.moderator_id for judgement in judgements} - set(allowed)
    strata: dict[tuple[str, int], list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        if judgement.moderator_id in people or len(people) == 1:
            strata[judgement.label, sum(judgement.score >= band for band in BANDS)].append(judgement)
    found = [_compared(person, list(strata.values())) for person in people]
    held = [each for each in found if abs(each.deviations) >= HELD_AT]
    # Two who contradict each other both look strange; the one who is farther from everybody is held first.
    held.sort(key=lambda each: (-round(abs(each.deviations), 6), each.moderator_id))
    equal = [each for each in held if math.isclose(abs(each.deviations), abs(held[0].deviations), rel_tol=1e-6)]
    return [replace(each, tied=True) for each in equal] + held[len(equal) :] if len(equal) > 1 else held


def _compared(person: int, strata: Sequence[Sequence[Judgement]]) -> Contradiction:
    """Right answers of the person against those expected from the others, stratum by stratum."""
    verdicts, rest, surplus, variance = 0, 0, 0.0, 0.0
    for stratum in strata:
        mine = [judgement.right for judgement in stratum if judgement.moderator_id == person]
        others = [judgement.right for judgement in stratum if judgement.moderator_id != person]
        if not mine or not others:
            continue
        everybody, right = len(stratum), sum(mine) + sum(others)
        verdicts += len(mine)
        rest += len(others)
        surplus += sum(mine) - len(mine) * right / everybody
        if everybody > 1:
            variance += len(mine) * len(others) * right * (everybody - right) / (everybody**2 * (everybody - 1))
    told = variance > 0 and min(verdicts, rest) >= LEAST_VERDICTS
    return Contradiction(person, verdicts, surplus / math.sqrt(variance) if told else 0.0)
