"""Measures a classifier on the rows of a recipe that it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from moderation_model.backends import Classifier
from moderation_model.contract import ModelInfo
from moderation_model.labels import LABEL_NAMES
from moderation_model.scoring import predict
from moderation_model.training.dataset import REPLAY, REPORT, TUNE, Row

BATCH = 256
ACCUSING = tuple(name for name in LABEL_NAMES if name != "obscene")
"""Labels that open a case by default."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its 95 % interval and the number of texts behind it."""

    value: float
    low: float
    high: float
    count: int

    def to_dict(self) -> dict[str, float]:
        """Rounded for the manifest and for `candor-model evaluate --json`."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of many rows: `scores` (rows, labels of the model), `stars` (rows, 5)."""

    scores: np.ndarray
    stars: np.ndarray


def score_rows(
    rows: Sequence[Row], classifier: Classifier, *, tick: Callable[[int, int], None] | None = None
) -> Scored:
    """Scores every row as it is served, all readings; `tick(done, all)` is called after each batch."""
    scores = np.zeros((len(rows), len(classifier.info.labels)))
    stars = np.zeros((len(rows), 5))
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        for row, prediction in enumerate(predict([each.text for each in part], classifier), start):
            scores[row] = [prediction.scores[name] for name in classifier.info.labels]
            stars[row] = prediction.sentiment.stars
        if tick:
            tick(start + len(part), len(rows))
    return Scored(scores, stars)


def report_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows to measure on: the part `report`, and our own sentences whose templates were not trained on."""
    return [row for row in rows if row.part == REPORT or (row.part == TUNE and row.source == REPLAY)]


def truth_of(rows: Sequence[Row], labels: Sequence[str]) -> np.ndarray:
    """Known labels as 0 and 1, NaN where unknown: (rows, labels)."""
    return np.array([[row.labels.get(name, math.nan) for name in labels] for row in rows]).reshape(-1, len(labels))


def figures(rows: Sequence[Row], scored: Scored, info: ModelInfo) -> dict[str, Figure]:
    """Every figure whose rows are there, by name."""
    found: dict[str, Figure] = {}
    truth = truth_of(rows, info.labels)
    for name in info.labels:
        column = info.labels.index(name)
        chosen = _from(rows, "jigsaw")
        _add(found, f"jigsaw_{name}_roc_auc", truth[chosen, column], scored.scores[chosen, column])
    areas = [figure for name, figure in found.items() if name.startswith("jigsaw_")]
    if len(areas) == len(LABEL_NAMES):
        found["jigsaw_mean_roc_auc"] = _mean(areas)
    if "toxic" in info.labels:
        toxic = info.labels.index("toxic")
        people = _from(rows, "toxichat_validation", where=lambda row: row.extra.get("speaker") == "reddit")
        for name, chosen in (("toxichat_people", people), ("paradetox", _from(rows, "paradetox"))):
            _add(found, f"{name}_roc_auc", truth[chosen, toxic], scored.scores[chosen, toxic])
        _add_hatemoji(found, rows, scored, info)
        chat = [*people, *_from(rows, "paradetox")]
        if chat:
            found["chat_toxic_ece"] = _ece(scored.scores[chat, toxic], truth[chat, toxic])
    _add_shares(found, rows, scored, info)
    return found


def calibration_error(scores: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error over equally wide bins; rows of unknown truth are left out."""
    scores, truth = scores[~np.isnan(truth)], truth[~np.isnan(truth)]
    bin_of = np.minimum((scores * bins).astype(int), bins - 1)
    gaps = [
        abs(scores[bin_of == each].mean() - truth[bin_of == each].mean()) * (bin_of == each).sum()
        for each in np.unique(bin_of)
    ]
    return float(sum(gaps) / max(1, len(scores)))


def _ece(scores: np.ndarray, truth: np.ndarray, draws: int = 300) -> Figure:
    """The calibration error with a bootstrap interval (seeded, so that the same scores give the same figure)."""
    chance = np.random.default_rng(0)
    picked = (chance.integers(0, len(scores), len(scores)) for _ in range(draws))
    low, high = np.quantile([calibration_error(scores[rows], truth[rows]) for rows in picked], [0.025, 0.975])
    value = calibration_error(scores, truth)
    # Resampling adds noise to every bin, so the draws lie above the estimate: the interval is widened to hold it.
    return Figure(value, min(value, float(low)), max(value, float(high)), len(scores))


def share(hits: Iterable[bool]) -> Figure:
    """A share with its Wilson interval."""
    answers = list(hits)
    count, z = len(answers), 1.96
    part = sum(answers) / count
    middle = (part + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(part * (1 - part) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return Figure(part, max(0.0, middle - half), min(1.0, middle + half), count)


def area(truth: np.ndarray, scores: np.ndarray) -> Figure | None:
    """ROC-AUC with Hanley and McNeil's interval; None where one class is absent. NaN truth is left out."""
    known = ~np.isnan(truth)
    truth, scores = truth[known] > 0.5, scores[known]
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return None
    value = float(roc_auc_score(truth, scores))
    first, second = value / (2 - value), 2 * value * value / (1 + value)
    spread = value * (1 - value) + (positives - 1) * (first - value**2) + (negatives - 1) * (second - value**2)
    half = 1.96 * math.sqrt(max(0.0, spread) / (positives * negatives))
    return Figure(value, max(0.0, value - half), min(1.0, value + half), positives + negatives)


def _add(found: dict[str, Figure], name: str, truth: np.ndarray, scores: np.ndarray) -> None:
    figure = area(truth, scores)
    if figure:
        found[name] = figure


def _add_hatemoji(found: dict[str, Figure], rows: Sequence[Row], scored: Scored, info: ModelInfo) -> None:
    chosen = _from(rows, "hatemoji_validation")
    if chosen and "identity_hate" in info.labels:
        columns = [info.labels.index(name) for name in ("toxic", "identity_hate")]
        truth = truth_of([rows[row] for row in chosen], ("identity_hate",))[:, 0]
        _add(found, "hatemoji_roc_auc", truth, scored.scores[np.ix_(chosen, columns)].max(axis=1))


def _add_shares(found: dict[str, Figure], rows: Sequence[Row], scored: Scored, info: ModelInfo) -> None:
    """Shares at the model's thresholds: harmless chat flagged, our own held-out sentences answered right; stars."""
    accusing = [column for column, name in enumerate(info.labels) if name in ACCUSING]
    limits = np.array([info.thresholds[info.labels[column]] for column in accusing])
    flagged = np.asarray((scored.scores[:, accusing] >= limits).any(axis=1), dtype=bool)
    harmless = _from(rows, "irc_held_out")
    if harmless:
        found["irc_flagged_share"] = share(bool(flagged[row]) for row in harmless)
    for name, wanted in (("own_abuse_flagged_share", 1.0), ("own_harmless_flagged_share", 0.0)):
        own = _from(rows, REPLAY, where=lambda row, wanted=wanted: row.labels.get("toxic") == wanted)
        if own:
            found[name] = share(bool(flagged[row]) for row in own)
    rated = _from(rows, "sst5_validation")
    if rated and info.has_sentiment:
        wanted_stars = np.array([np.argmax(rows[row].stars or ()) for row in rated])
        away = np.abs(scored.stars[rated].argmax(axis=1) - wanted_stars)
        found["sst5_exact"] = share(bool(step == 0) for step in away)
        found["sst5_off_by_one"] = share(bool(step <= 1) for step in away)


def _from(rows: Sequence[Row], source: str, *, where: Callable[[Row], bool] = lambda row: True) -> list[int]:
    return [number for number, row in enumerate(rows) if row.source == source and where(row)]


def _mean(parts: Sequence[Figure]) -> Figure:
    """The mean of figures; its interval takes them as independent."""
    value = sum(part.value for part in parts) / len(parts)
    half = math.sqrt(sum(((part.high - part.low) / 2) ** 2 for part in parts)) / len(parts)
    return Figure(value, max(0.0, value - half), min(1.0, value + half), max(part.count for part in parts))


def as_dict(found: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    """The figures as the manifest keeps them."""
    return {name: figure.to_dict() for name, figure in found.items()}
