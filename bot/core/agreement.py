"""How far moderators agree beyond chance, over cases that several of them judged.

Cohen's kappa for two people (J. Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
Measurement 20, 1960); Fleiss' kappa where more judged (J. L. Fleiss, "Measuring Nominal Scale Agreement Among Many
Raters", Psychological Bulletin 76, 1971), with the number of judges differing from case to case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

Judged = Mapping[int, bool]
"""One case: by moderator, whether it breaks the rules."""


def agreement(cases: Sequence[Judged]) -> float | None:
    """Kappa over the cases that at least two judged: 1 is full agreement, 0 what chance would give.

    Cohen's where only two people ever judged together, else Fleiss'. None without such a case.
    """
    shared = [case for case in cases if len(case) > 1]
    people = {person for case in shared for person in case}
    if not shared:
        return None
    return _cohen(shared) if len(people) == 2 else _fleiss(shared)


def pairs(cases: Sequence[Judged]) -> dict[tuple[int, int], tuple[int, float]]:
    """By pair of moderators: how many cases both judged, and Cohen's kappa over them."""
    found: dict[tuple[int, int], tuple[int, float]] = {}
    people = sorted({person for case in cases for person in case})
    for one, other in combinations(people, 2):
        both = [{one: case[one], other: case[other]} for case in cases if one in case and other in case]
        if both:
            found[one, other] = (len(both), _cohen(both))
    return found


def _cohen(cases: Sequence[Judged]) -> float:
    one, other = sorted(cases[0])
    observed = sum(case[one] == case[other] for case in cases) / len(cases)
    first = sum(case[one] for case in cases) / len(cases)
    second = sum(case[other] for case in cases) / len(cases)
    return _beyond(observed, first * second + (1 - first) * (1 - second))


def _fleiss(cases: Sequence[Judged]) -> float:
    """Agreement within a case is the share of its pairs of judges that agree; cases weigh alike."""
    observed, votes = 0.0, Counter[bool]()
    for case in cases:
        judges = len(case)
        counted = Counter(case.values())
        votes.update(counted)
        observed += sum(number * (number - 1) for number in counted.values()) / (judges * (judges - 1))
    everybody = sum(votes.values())
    by_chance = sum((number / everybody) ** 2 for number in votes.values())
    return _beyond(observed / len(cases), by_chance)


def _beyond(observed: float, by_chance: float) -> float:
    """Where everybody always says the same, chance alone would agree: that counts as full agreement."""
    return 1.0 if by_chance >= 1.0 else (observed - by_chance) / (1.0 - by_chance)
