"""The six toxicity labels. This is the only list: heads, thresholds, rules, cards and documents follow from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """One independent label. `severity` orders labels on a card, 1 (mildest) to 5; it never enters a score."""

    name: str
    title: str
    description: str
    severity: int


LABELS: tuple[LabelSpec, ...] = (
    LabelSpec("toxic", "Toxic", "Rude or hateful enough that people would leave the conversation.", 2),
    LabelSpec("severe_toxic", "Severely toxic", "Very hateful or aggressive.", 4),
    LabelSpec("obscene", "Obscene", "Swearing or sexual vulgarity, aimed at nobody in particular.", 1),
    LabelSpec("threat", "Threat", "An intention to hurt a person.", 5),
    LabelSpec("insult", "Insult", "Belittles a person or a group.", 3),
    LabelSpec("identity_hate", "Identity hate", "Attacks people for what they are: origin, faith, gender, ...", 4),
)

LABEL_NAMES: tuple[str, ...] = tuple(label.name for label in LABELS)


def label(name: str) -> LabelSpec:
    """The label called `name`; KeyError if there is none."""
    for spec in LABELS:
        if spec.name == name:
            return spec
    raise KeyError(name)
