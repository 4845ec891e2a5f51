"""Votes become labels: what a moderator's answer says about each label of the prediction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.core.cases import Answer, VerdictKind
from bot.core.policy import Reason
from moderation_model.labels import LABEL_NAMES


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
