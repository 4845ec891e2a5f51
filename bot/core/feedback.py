"""Votes become labels: what a moderator's answer says about each label of the prediction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.core.cases import Answer, VerdictKind, Vote
from bot.core.policy import Reason
from moderation_model.labels import LABEL_NAMES

HOLDS: tuple[Answer, ...] = ("right", "missing")
"""Answers that say that a label holds."""


def answers(
    verdict: VerdictKind, reasons: Sequence[Reason], *, chosen: Collection[str] | None = None
) -> Mapping[str, Answer]:
    """The answer by label, over all labels.

    `breaks_rules`: labels that were flagged are right, the others unknown; with `chosen` (More...) the chosen ones are
    right where flagged and missing where not, and flagged ones that were not chosen are wrong. `fine`: flagged labels
    are wrong, the others unknown. `skip` and `other_reason` say nothing about the model.
    """
    flagged = {reason.label for reason in reasons}
    result: dict[str, Answer] = {}
    for name in LABEL_NAMES:
        answer: Answer = "unknown"
        if verdict == "fine" and name in flagged:
            answer = "wrong"
        elif verdict == "breaks_rules" and chosen is None and name in flagged:
            answer = "right"
        elif verdict == "breaks_rules" and chosen is not None:
            if name in chosen:
                answer = "right" if name in flagged else "missing"
            elif name in flagged:
                answer = "wrong"
        result[name] = answer
    return result


@dataclass(frozen=True, slots=True)
class Resolved:
    """What several moderators' answers on one case come to.

    `labels`: 1 where the label holds and 0 where it does not, only where the answers tell. `disputed`: labels on which
    as many said yes as no; a second opinion settles them.
    """

    labels: Mapping[str, float]
    disputed: tuple[str, ...] = ()


def resolve_votes(votes: Sequence[Vote]) -> Resolved:
    """The votes of one case, one a moderator, as known labels: the majority counts, a tie counts for neither side.

    "Skip" and "removed for another reason" answer unknown everywhere, and so say nothing here.
    """
    labels: dict[str, float] = {}
    disputed: list[str] = []
    for name in LABEL_NAMES:
        said = [vote.labels.get(name, "unknown") for vote in votes]
        holds, holds_not = sum(answer in HOLDS for answer in said), said.count("wrong")
        if holds != holds_not:
            labels[name] = float(holds > holds_not)
        elif holds:
            disputed.append(name)
    return Resolved(labels, tuple(disputed))
