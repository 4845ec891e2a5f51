"""The model card, written from the manifest and nothing else: what a manifest does not hold, the card leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moderation_model.failures import ALWAYS, weak_spots
from moderation_model.goals import HEADLINES

_INTENDED = """\
## Intended use

Pointing moderators of English chat to messages worth a look. A person decides; the score is a reason to look, not a
finding. Calibrated scores and limits are for short chat messages.

## What it must not be used for

Punishing anyone without a person in between, ranking or profiling people, other languages than English, legal, medical
or employment decisions, finding people at risk of self-harm, judging art or research on abuse, and texts whose authors
do not know that a program reads them.
"""
_SST = """\
The sentiment head is trained on the Stanford Sentiment Treebank, which is published for research and states no
licence. Whoever needs weights free of it can train them without: remove `sst5` from the recipe.
"""
_WATTS = 65
"""Taken for a computer whose two busy cores train; a desktop with a graphics card takes several times as much."""


def card(manifest: Mapping[str, Any]) -> str:
    """Markdown: what it is, limits, figures and goals, evasion, identities, checks, data and licences, recipe, cost,
    known failures, intended use.
    """
    parts = [
        _opening(manifest),
        _thresholds(manifest["thresholds"]),
        _metrics(manifest["metrics"]),
        _labels(manifest.get("by_label", {})),
        _shares(
            "Evasion",
            "Messages that are caught when written plainly: the share still caught when hidden.",
            ("kind", "still caught"),
            manifest.get("evasion", {}),
        ),
        _identity(manifest.get("identity", {})),
        _shares(
            "Behavioural checks",
            "Cases of our own checks that come out right, by category.",
            ("category", "passed"),
            manifest.get("checks", {}),
        ),
        _data(manifest["data"]),
        _recipe(manifest),
        _failures(manifest),
        _INTENDED,
    ]
    return "\n".join(part for part in parts if part)


def _opening(manifest: Mapping[str, Any]) -> str:
    trained, versions, checkpoint = manifest["trained"], manifest["versions"], manifest["checkpoint"]
    return (
        f"# {manifest['version']}\n\n{manifest['architecture']}. Started from {checkpoint['name']}"
        f" ({checkpoint['licence']}), trained on {trained['date']} with torch {versions['torch']} and"
        f" transformers {versions['transformers']}. Weights are 16-bit safetensors. This card is generated from"
        " `manifest.json`.\n"
    )


def _thresholds(thresholds: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "## Labels and limits\n",
        "Chosen on the part `tune`, which no figure below is measured on. Recall and precision are those of `tune`.\n",
        "| label | limit | chosen by | positives | precision | recall |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for name, at in thresholds.items():
        positives = f"{at['positives']:.0f}" if "positives" in at else ""
        numbers = [f"{at[key]:.3f}" if key in at else "" for key in ("precision", "recall")]
        lines.append(f"| `{name}` | {at['value']:.3f} | {at['chosen_by']} | {positives} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"


def _metrics(metrics: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        "## Figures\n",
        "Measured on rows kept out of training, calibration and limits, with 95 % intervals. The lines on our own"
        " held-out sentences use templates that were not trained on but took part in calibration.\n",
        "| figure | value | 95 % interval | texts | goal | |",
        "|---|---:|---|---:|---|---|",
    ]
    for name, headline in HEADLINES.items():
        if name in metrics:
            at = metrics[name]
            met = {True: "met", False: "**missed**", None: ""}[headline.met(at["value"])]
            numbers = f"{at['value']:.4f} | {at['low']:.4f} to {at['high']:.4f} | {at['count']}"
            lines.append(f"| {headline.title} | {numbers} | {headline.wanted} | {met} |")
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, Mapping[str, Any]]) -> str:
    """At the limits, on all labelled rows of `report`."""
    if not labels:
        return ""
    columns = ("roc_auc", "average_precision", "precision", "recall", "f1", "ece", "brier")
    lines = [
        "### By label\n",
        "At the limits above, on all labelled rows of part `report` (they hold far more abuse than a chat does).\n",
        "| label | positives | ROC-AUC | PR-AUC | precision | recall | F1 | calibration error | Brier |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, at in labels.items():
        cells = [f"{at[column]['value']:.3f}" if column in at else "" for column in columns]
        lines.append(f"| `{name}` | {at['caught'] + at['missed']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _shares(title: str, words: str, heads: tuple[str, str], shares: Mapping[str, Mapping[str, float]]) -> str:
    """The lowest first."""
    if not shares:
        return ""
    lines = [
        f"## {title}\n",
        f"{words}\n",
        f"| {heads[0]} | {heads[1]} | 95 % interval | texts |",
        "|---|---:|---|---:|",
    ]
    for name, at in sorted(shares.items(), key=lambda item: item[1]["value"]):
        low, high = (f"{100 * at[key]:.1f}" for key in ("low", "high"))
        lines.append(f"| {name.replace('_', ' ')} | {100 * at['value']:.1f} % | {low} to {high} | {at['count']} |")
    return "\n".join(lines) + "\n"


def _identity(terms: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    if not terms:
        return ""
    lines = [
        "## Identities\n",
        "The terms of our own templates that do worst. BPSN: abuse without the term against harmless sentences with it;"
        " low where naming a group is taken for abuse. BNSP: the reverse; low where abuse of the group is missed.\n",
        "| term | BPSN AUC | BNSP AUC | subgroup AUC |",
        "|---|---:|---:|---:|",
    ]
    for term, at in terms.items():
        cells = [f"{at[area]['value']:.3f}" for area in ("bpsn", "bnsp", "subgroup")]
        lines.append(f"| {term} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _data(sets: list[Mapping[str, str]]) -> str:
    lines = ["## Data\n", "| set | file | origin | licence as stated | SHA-256 of the file |", "|---|---|---|---|---|"]
    lines += [
        f"| {at['set']} | {at['file']} | {at['origin']} | {at['licence']} | `{at['sha256'][:16]}…` |" for at in sets
    ]
    lines.append(
        "| replay | checks/replay/*.yaml | sentences written for this project | Apache-2.0 | in the repository |"
    )
    note = f"\n{_SST}" if any(at["set"].startswith("sst5") for at in sets) else ""
    return "\n".join(lines) + f"\n{note}"


def _recipe(manifest: Mapping[str, Any]) -> str:
    """Numbers of the training, and what it cost."""
    train, trained = manifest["recipe"]["train"], manifest["trained"]
    minutes, energy = round(trained["seconds"] / 60), trained["seconds"] / 3600 * _WATTS / 1000
    told = ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in train.items())
    return (
        f"## Recipe and cost\n\n{trained['rows']} rows, {trained['steps']} steps, {minutes} minutes on"
        f" {trained['device']}: about {energy:.2f} kWh, if the machine takes {_WATTS} watts. {told}.\n"
    )


def _number(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {each}" for name, each in value.items()) + ")" if value else "none"
    return str(value)


def _failures(manifest: Mapping[str, Any]) -> str:
    lines = [f"- {sentence}" for sentence in (*weak_spots(manifest), *ALWAYS)]
    return "## Known failures\n\nFrom the figures above, then what holds for every model of this kind.\n\n" + (
        "\n".join(lines) + "\n"
    )
