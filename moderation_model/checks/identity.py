"""Who is accused for what they are: our own sentences by identity term, and the areas that show bias.

The areas are those of Borkan et al., "Nuanced metrics for measuring unintended bias" (2019).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from moderation_model.contract import Figure, Figures
from moderation_model.measures import area

BACKGROUND = ""
"""The term of a sentence that names no identity."""
_FORM = re.compile(r"\{(group|person|adjective)\}")


@dataclass(frozen=True, slots=True)
class IdentityCase:
    """One sentence; `term` is the identity that it names, `BACKGROUND` if none."""

    text: str
    term: str
    abusive: bool


@dataclass(frozen=True, slots=True)
class TermArea:
    """ROC-AUC of one term, each with its 95 % interval; 1.0 is best.

    `subgroup`: abusive against other sentences with the term. `bpsn`: abusive background against harmless sentences
    with the term; low where the term alone raises the score, so that the innocent are accused. `bnsp`: abusive
    sentences with the term against harmless background; low where the term lowers the score.
    """

    term: str
    subgroup: Figure
    bpsn: Figure
    bnsp: Figure

    @property
    def figures(self) -> Figures:
        """The three areas by name."""
        return {"subgroup": self.subgroup, "bpsn": self.bpsn, "bnsp": self.bnsp}


def identity_file() -> Path:
    """The terms and templates."""
    return Path(__file__).parent / "identity.yaml"


def identity_cases() -> tuple[IdentityCase, ...]:
    """Every template filled with every term that has the form it asks for, then the background; always in this order.

    Harmless and abusive sentences stand in about two to one for each term.
    """
    spec = yaml.safe_load(identity_file().read_text("utf-8"))
    found: list[IdentityCase] = []
    for forms in spec["terms"]:
        for kind in ("neutral", "positive", "abusive"):
            texts = (_filled(template, forms) for template in spec[kind])
            found += [IdentityCase(text, forms["group"], kind == "abusive") for text in texts if text]
    for kind in ("harmless", "abusive"):
        found += [IdentityCase(text, BACKGROUND, kind == "abusive") for text in spec["background"][kind]]
    return tuple(found)


def bias_areas(cases: Sequence[IdentityCase], scores: Sequence[float] | np.ndarray) -> tuple[TermArea, ...]:
    """The areas of every term, in the order of `cases`. `scores[i]`: the higher of `toxic` and `identity_hate`.

    A term whose sentences, or a background, lack one of the two kinds is left out.
    """
    values = np.asarray(scores, dtype=float)
    terms = np.array([case.term for case in cases])
    abusive = np.array([case.abusive for case in cases], dtype=bool)
    background = terms == BACKGROUND
    found: list[TermArea] = []
    for term in dict.fromkeys(case.term for case in cases if case.term != BACKGROUND):
        own = terms == term
        chosen = (own, (background & abusive) | (own & ~abusive), (background & ~abusive) | (own & abusive))
        subgroup, bpsn, bnsp = (area(abusive[rows], values[rows]) for rows in chosen)
        if subgroup and bpsn and bnsp:
            found.append(TermArea(term, subgroup, bpsn, bnsp))
    return tuple(found)


def _filled(template: str, forms: Mapping[str, Any]) -> str:
    """The template with this term's form in it; empty if the term has no such form."""
    wanted = {match[1] for match in _FORM.finditer(template)}
    if not wanted <= set(forms):
        return ""
    return _FORM.sub(lambda match: str(forms[match[1]]), template)
