"""What a model cannot do: what holds for every model of this kind, and what its own figures say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moderation_model.goals import HEADLINES

ALWAYS: tuple[str, ...] = (
    "It reads one message at a time: an insult that needs the message before it is invisible, and so is friendship.",
    "Contempt without a rude word (patronising questions, sarcasm, jokes among insiders) is often missed.",
    "Slang that is younger than its training data, and every language but English, mean little or nothing to it.",
    "False alarms are counted on Ubuntu IRC, a polite place: a rowdier server sees more of them.",
)
FEW_POSITIVES = 50
LOW_RECALL = 0.5
LOW_KEPT = 0.75
LOW_PASSED = 0.8
LOW_AREA = 0.93


def weak_spots(parts: Mapping[str, Any]) -> list[str]:
    """One sentence a weakness that the figures show, from the parts of a manifest (`evaluate.headline`); absent parts
    say nothing.
    """
    found = [*_missed_goals(parts.get("metrics", {})), *_weak_labels(parts.get("by_label", {}))]
    evaded = _below(parts.get("evasion", {}), LOW_KEPT)
    if evaded:
        found.append(f"Abuse that is hidden in these ways gets past it most often (share still caught): {evaded}.")
    failing = _below(parts.get("checks", {}), LOW_PASSED)
    if failing:
        found.append(f"Our own checks of these kinds come out right least often: {failing}.")
    terms = {
        term: areas["bpsn"] for term, areas in parts.get("identity", {}).items() if areas["bpsn"]["value"] < LOW_AREA
    }
    if terms:
        told = ", ".join(f"{term} ({at['value']:.2f})" for term, at in terms.items())
        found.append(f"Harmless sentences that name these people come too close to abuse (BPSN AUC): {told}.")
    return found


def _missed_goals(metrics: Mapping[str, Mapping[str, float]]) -> Sequence[str]:
    return [
        f"Goal not reached: {headline.title}, {headline.show(metrics[name]['value'])} ({headline.wanted})."
        for name, headline in HEADLINES.items()
        if name in metrics and headline.met(metrics[name]["value"]) is False
    ]


def _weak_labels(labels: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    found: list[str] = []
    for name, at in labels.items():
        positives = at["caught"] + at["missed"]
        if "recall" in at and at["recall"]["value"] < LOW_RECALL:
            found.append(f"At its limit `{name}` catches {100 * at['recall']['value']:.0f} % of what people call so.")
        if positives < FEW_POSITIVES:
            found.append(f"`{name}` was measured on {positives} positive texts only: its figures are rough.")
    return found


def _below(figures: Mapping[str, Mapping[str, float]], limit: float) -> str:
    low = sorted((at["value"], name) for name, at in figures.items() if at["value"] < limit)
    return ", ".join(f"{name.replace('_', ' ')} {100 * value:.0f} %" for value, name in low)
