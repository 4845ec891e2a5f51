"""Measures a classifier on rows that it was not trained on, and on our own probes; each text is scored once, as served.

`evaluate` gives everything, `headline` what a manifest keeps of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from moderation_model.backends import Classifier
from moderation_model.bulk import Scored, accused, score_texts
from moderation_model.checks.identity import IdentityCase
from moderation_model.contract import EvalReport, Figure, Figures, LabelReport, ModelInfo, Slice
from moderation_model.labelled_file import IDENTITY
from moderation_model.labels import LABEL_NAMES
from moderation_model.measures import (
    area,
    calibration,
    macro,
    mean_figure,
    measure_label,
    measure_stars,
    share,
)
from moderation_model.probes import HATEFUL, Probed, Tick, areas_by_term, evadable, probe
from moderation_model.training.dataset import REPLAY, REPORT, TRAIN, TUNE, Row, read_rows
from moderation_model.training.recipe import Recipe

HARMLESS = "irc_held_out"
"""The set of real chat in which nobody is accused."""
EVADED_SOURCES = ("paradetox", "toxichat_validation", "jigsaw")
"""The recipe's sets whose messages are hidden to see whether they are still caught."""
SHOWN_TERMS = 5
LENGTHS = ((1, 5), (6, 15), (16, 40), (41, math.inf))
"""Words of the slices by length, both ends included."""


def score_rows(
    rows: Sequence[Row], classifier: Classifier, *, tick: Callable[[int, int], None] | None = None
) -> Scored:
    """Scores every row; `tick(done, all)` is called after each batch."""
    return score_texts([row.text for row in rows], classifier, tick=tick)


def report_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows to measure on: the part `report`, and our own sentences whose templates were not trained on."""
    return [row for row in rows if row.part == REPORT or (row.part == TUNE and row.source == REPLAY)]


def recipe_rows(recipe: Recipe, folder: Path) -> list[Row]:
    """The rows of the recipe to measure on, with their texts as they were written. Files that are only trained on are
    not read.
    """
    measured = tuple(spec for spec in recipe.sets if spec.part != TRAIN)
    return report_rows(read_rows(replace(recipe, sets=measured), folder, prepared=False))


def truth_of(rows: Sequence[Row], labels: Sequence[str]) -> np.ndarray:
    """Known labels as 0 and 1, NaN where unknown: (rows, labels)."""
    return np.array([[row.labels.get(name, math.nan) for name in labels] for row in rows]).reshape(-1, len(labels))


def evaluate(
    classifier: Classifier,
    rows: Sequence[Row],
    *,
    data: str,
    notes: Sequence[str] = (),
    probes: bool = True,
    tick: Tick,
) -> EvalReport:
    """Everything that can be said of the model from these rows and, with `probes`, from our own.

    Labels are measured on the rows of part `report` alone. `data` names the rows in the report.
    """
    info = classifier.info
    scored = score_rows(rows, classifier, tick=lambda done, every: tick("texts", done, every))
    labels = _labels(rows, scored, info)
    rated = [number for number, row in enumerate(rows) if row.stars and info.has_sentiment]
    sentiment, stars = measure_stars(_true_stars(rows, rated), scored.rating[rated])
    found = Probed()
    if probes:
        found = probe(classifier, _caught(rows, scored, info), tick)
    return EvalReport(
        model_version=info.version,
        data=data,
        texts=len(rows),
        figures={**figures(rows, scored, info), **found.headlines},
        labels=labels,
        mean=macro(labels),
        sentiment=sentiment,
        stars=stars,
        slices=slices(rows, scored, info),
        identity=found.identity,
        named=_named(rows, scored, info),
        evasion=found.evasion,
        checks=found.checks,
        notes=tuple(notes),
    )


def headline(classifier: Classifier, recipe: Recipe, data: Path, *, tick: Tick) -> dict[str, Any]:
    """What the manifest of `classifier` keeps, measured on the recipe's files in `data`. Raises BadRequest.

    `metrics`: the headline figures; `by_label`: each label's figures and counts; `identity`: the areas of the five
    terms with the lowest BPSN AUC; `evasion` by kind and `checks` by category: figures. An empty part is left out.
    """
    report = evaluate(classifier, recipe_rows(recipe, data), data=data.name, tick=tick)
    return manifest_parts(report)


def manifest_parts(report: EvalReport) -> dict[str, Any]:
    """`headline` of a report that is there already."""
    told = report.to_dict()
    worst = sorted(told["identity"].items(), key=lambda at: at[1]["bpsn"]["value"])[:SHOWN_TERMS]
    labels = {
        each["name"]: {
            **each["figures"],
            **{name: each[name] for name in ("caught", "missed", "alarms", "passed")},
        }
        for each in told["labels"]
    }
    parts = {
        "metrics": told["figures"],
        "by_label": labels,
        "identity": dict(worst),
        "evasion": told["evasion"],
        "checks": told["checks"],
    }
    return {name: part for name, part in parts.items() if part or name == "metrics"}


def figures(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> dict[str, Figure]:
    """Every headline figure whose rows are there, by its name in `goals.HEADLINES`; those of the probes are not."""
    truth = truth_of(rows, info.labels)
    found: dict[str, Figure | None] = {}
    jigsaw = _from(rows, "jigsaw")
    for column, name in enumerate(info.labels):
        found[f"jigsaw_{name}_roc_auc"] = area(truth[jigsaw, column], scored.scores[jigsaw, column])
    areas = [figure for figure in found.values() if figure]
    if len(areas) == len(LABEL_NAMES):
        found["jigsaw_mean_roc_auc"] = mean_figure(areas)
    if "toxic" in info.labels:
        toxic = info.labels.index("toxic")
        people = _from(rows, "toxichat_validation", where=lambda row: row.extra.get("speaker") == "reddit")
        pairs = _from(rows, "paradetox")
        found["toxichat_people_roc_auc"] = area(truth[people, toxic], scored.scores[people, toxic])
        found["paradetox_roc_auc"] = area(truth[pairs, toxic], scored.scores[pairs, toxic])
        found["chat_toxic_ece"] = calibration(scored.scores[people + pairs, toxic], truth[people + pairs, toxic])
    if "toxic" in info.labels and "identity_hate" in info.labels:
        columns = [info.labels.index(name) for name in ("toxic", "identity_hate")]
        chosen = _from(rows, "hatemoji_validation")
        found["hatemoji_roc_auc"] = area(truth[chosen, columns[1]], scored.scores[np.ix_(chosen, columns)].max(axis=1))
    alarms = accused(scored, info.labels)
    found["irc_flagged_share"] = share(alarms[_from(rows, HARMLESS)])
    for name, wanted in (("own_abuse_flagged_share", 1.0), ("own_harmless_flagged_share", 0.0)):
        own = _from(rows, REPLAY, where=lambda row, wanted=wanted: row.labels.get("toxic") == wanted)
        found[name] = share(alarms[own])
    rated = _from(rows, "sst5_validation", where=lambda row: row.stars is not None and info.has_sentiment)
    sentiment, _ = measure_stars(_true_stars(rows, rated), scored.rating[rated])
    found.update({f"sst5_{name}": figure for name, figure in sentiment.items()})
    return {name: figure for name, figure in found.items() if figure}


def slices(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> tuple[Slice, ...]:
    """Parts by length in words, by the reading that fired and by source, each with what can be said of it.

    `flagged`: share accused of anything; `roc_auc`, `recall` and `false_alarms` are of `toxic`, where its truth is
    known: the last two are shares flagged of the toxic texts and of the others.
    """
    words = np.array([len(row.text.split()) for row in rows])
    parts: list[tuple[str, str, np.ndarray]] = []
    for low, high in LENGTHS:
        name = f"{low} to {high:.0f} words" if high < math.inf else f"{low} words or more"
        parts.append(("length", name, (words >= low) & (words <= high)))
    readings = np.array(scored.readings)
    parts += [("reading", name, readings == name) for name in dict.fromkeys(sorted(scored.readings))]
    sources = np.array([row.source for row in rows])
    parts += [("source", str(name), sources == name) for name in dict.fromkeys(sources)]
    alarms = accused(scored, info.labels)
    truth = truth_of(rows, info.labels)
    return tuple(
        Slice(by, name, int(chosen.sum()), _slice_figures(chosen, alarms, truth, scored, info))
        for by, name, chosen in parts
        if chosen.any()
    )


def _slice_figures(
    chosen: np.ndarray, alarms: np.ndarray, truth: np.ndarray, scored: Scored, info: ModelInfo
) -> dict[str, Figure]:
    found: dict[str, Figure | None] = {"flagged": share(alarms[chosen])}
    if "toxic" in info.labels:
        column = info.labels.index("toxic")
        answers, fired = truth[chosen, column], scored.flagged[chosen, column]
        found["roc_auc"] = area(answers, scored.scores[chosen, column])
        found["recall"] = share(fired[answers == 1.0])
        found["false_alarms"] = share(fired[answers == 0.0])
    return {name: figure for name, figure in found.items() if figure}


def _labels(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> tuple[LabelReport, ...]:
    """Each label that any row of part `report` knows."""
    chosen = [number for number, row in enumerate(rows) if row.part == REPORT]
    truth, harmless = truth_of([rows[number] for number in chosen], info.labels), _from(rows, HARMLESS)
    return tuple(
        measure_label(
            name,
            truth[:, column],
            scored.scores[chosen, column],
            scored.flagged[chosen, column],
            threshold=info.thresholds[name],
            harmless=scored.scores[harmless, column],
        )
        for column, name in enumerate(info.labels)
        if not np.isnan(truth[:, column]).all()
    )


def _caught(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> list[str]:
    """Toxic messages that are flagged when written plainly and can be hidden; of chat-like sets, if these are there."""
    alarms = accused(scored, info.labels)
    named = any(row.source in EVADED_SOURCES for row in rows)
    return [
        row.text
        for row, fired in zip(rows, alarms, strict=True)
        if fired and row.part == REPORT and row.labels.get("toxic") == 1.0 and evadable(row.text)
        if row.source in EVADED_SOURCES or not named
    ]


def _named(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> dict[str, Figures]:
    """The areas of the terms that the data's own column names; rows that name none are the background."""
    chosen = [number for number, row in enumerate(rows) if any(name in row.labels for name in HATEFUL)]
    if not any(IDENTITY in rows[number].extra for number in chosen):
        return {}
    cases = [
        IdentityCase(row.text, row.extra.get(IDENTITY, ""), any(row.labels.get(name) == 1.0 for name in HATEFUL))
        for row in (rows[number] for number in chosen)
    ]
    return areas_by_term(cases, scored.scores[chosen], info.labels)


def _true_stars(rows: Sequence[Row], chosen: Sequence[int]) -> np.ndarray:
    return np.array([int(np.argmax(rows[number].stars or ())) + 1 for number in chosen], dtype=int)


def _from(rows: Sequence[Row], source: str, *, where: Callable[[Row], bool] = lambda row: True) -> list[int]:
    return [number for number, row in enumerate(rows) if row.source == source and where(row)]
