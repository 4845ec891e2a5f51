"""The headline figures: what each says, and which value the model that ships must reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moderation_model.contract import Figures


@dataclass(frozen=True, slots=True)
class Headline:
    """`title` says what is measured. `goal`, where there is one, is reached from above if `at_least`, else from below.

    `percent`: the value reads best as a percentage.
    """

    title: str
    goal: float | None = None
    at_least: bool = True
    percent: bool = False

    def met(self, value: float) -> bool | None:
        """True if the estimate reaches the goal; None where there is no goal."""
        if self.goal is None:
            return None
        return value >= self.goal if self.at_least else value <= self.goal

    def show(self, value: float) -> str:
        """The value as people read it: an area with three places, a share in per cent."""
        return f"{self.number(value)} %" if self.percent else self.number(value)

    def number(self, value: float) -> str:
        """The same without the sign of per cent; small shares get a place more."""
        if not self.percent:
            return f"{value:.3f}"
        return f"{100 * value:.{2 if value < 0.02 else 1}f}"

    @property
    def wanted(self) -> str:
        """The goal as people read it; empty where there is none."""
        if self.goal is None:
            return ""
        number = f"{100 * self.goal:g} %" if self.percent else f"{self.goal:g}"
        return f"{'at least' if self.at_least else 'at most'} {number}"


_JIGSAW = "Jigsaw validation, `{}`, ROC-AUC"
HEADLINES: Mapping[str, Headline] = {
    "jigsaw_mean_roc_auc": Headline("Jigsaw validation, mean ROC-AUC of the six labels", 0.965),
    "toxichat_people_roc_auc": Headline("ToxiChat validation, turns by people, `toxic`, ROC-AUC", 0.87),
    "paradetox_roc_auc": Headline("ParaDetox validation, `toxic`, ROC-AUC", 0.99),
    "hatemoji_roc_auc": Headline("HatemojiBuild validation, the higher of `toxic` and `identity_hate`, ROC-AUC", 0.85),
    "irc_flagged_share": Headline(
        "Ubuntu IRC lines flagged at the limits, without `obscene`", 0.003, at_least=False, percent=True
    ),
    "evasion_kept_mean": Headline(
        "Messages still caught when written evasively, mean of all kinds", 0.92, percent=True
    ),
    "evasion_kept_worst": Headline("Messages still caught, worst kind of evasion", 0.75, percent=True),
    "sst5_exact": Headline("SST-5 validation, stars exactly right", 0.52, percent=True),
    "sst5_off_by_one": Headline("SST-5 validation, at most one star away", 0.92, percent=True),
    "chat_toxic_ece": Headline(
        "ToxiChat and ParaDetox validation, `toxic`, expected calibration error", 0.03, at_least=False
    ),
    "identity_worst_bpsn_auc": Headline("Own identity templates, worst BPSN AUC of a term", 0.93),
    "checks_passed": Headline("Own behavioural checks, cases passed", 0.90, percent=True),
    "checks_worst_category": Headline(
        "Own behavioural checks, worst of the categories where harmless lines look like abuse", 0.80, percent=True
    ),
    "jigsaw_toxic_roc_auc": Headline(_JIGSAW.format("toxic")),
    "jigsaw_severe_toxic_roc_auc": Headline(_JIGSAW.format("severe_toxic")),
    "jigsaw_obscene_roc_auc": Headline(_JIGSAW.format("obscene")),
    "jigsaw_threat_roc_auc": Headline(_JIGSAW.format("threat")),
    "jigsaw_insult_roc_auc": Headline(_JIGSAW.format("insult")),
    "jigsaw_identity_hate_roc_auc": Headline(_JIGSAW.format("identity_hate")),
    "own_abuse_flagged_share": Headline(
        "Own held-out abusive sentences flagged (templates never trained on)", percent=True
    ),
    "own_harmless_flagged_share": Headline(
        "Own held-out harmless sentences flagged (templates never trained on)", percent=True
    ),
    "sst5_macro_mae": Headline("SST-5 validation, mean absolute error in stars, mean of the five classes"),
}
"""Name -> headline, in the order in which they are shown: goals first."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal and what was measured; `value`, `low`, `high` and `met` are None where nothing could be measured."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    goal: float
    at_least: bool
    met: bool | None


def goals(figures: Figures) -> list[Goal]:
    """Every goal with what `figures` say of it, in the order of `HEADLINES`."""
    found: list[Goal] = []
    for name, headline in HEADLINES.items():
        if headline.goal is None:
            continue
        at = figures.get(name)
        measured = (at.value, at.low, at.high) if at else (None, None, None)
        met = headline.met(at.value) if at else None
        found.append(Goal(name, *measured, goal=headline.goal, at_least=headline.at_least, met=met))
    return found
