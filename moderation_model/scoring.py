"""From texts to predictions, in two pure halves around the forward pass: `plan` before it, `combine` after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderation_model.backends import Classifier, KnowsWords, Logits, Window
from moderation_model.contract import AS_WRITTEN, EMPTY, ModelInfo, Prediction, Sentiment
from moderation_model.language import language_of
from moderation_model.normalise import readable, readings

FLAT = Sentiment((0.2, 0.2, 0.2, 0.2, 0.2))
"""The sentiment of nothing: no star is likelier than another."""


@dataclass(frozen=True, slots=True)
class TextPlan:
    """What one text needs from the model: `windows[i]` are the windows of `readings[i]`; no reading for empty text.

    `readable`, `language` and `unknown_words` are those of `Prediction`.
    """

    readings: tuple[str, ...]
    windows: tuple[tuple[Window, ...], ...]
    readable: bool
    language: str | None = None
    unknown_words: float | None = None

    @property
    def flat(self) -> tuple[Window, ...]:
        """All windows in the order in which `combine` wants their logits."""
        return tuple(window for group in self.windows for window in group)

    @property
    def tokens(self) -> int:
        """Token ids in all windows."""
        return sum(len(window) for group in self.windows for window in group)


def plan(texts: Sequence[str], classifier: Classifier) -> list[TextPlan]:
    """One plan per text, in order; any string is fine."""
    # One text after the other: what they need of a text in common is remembered for a moment.
    told = [(readings(text), readable(text), language_of(text)) for text in texts]
    forms = [[reading for reading in found if reading.text] for found, _, _ in told]
    encoded = iter(classifier.encode([reading.text for group in forms for reading in group]))
    windows = [tuple(next(encoded) for _ in group) for group in forms]
    knows = classifier if isinstance(classifier, KnowsWords) else None
    return [
        TextPlan(
            readings=tuple(reading.name for reading in group),
            windows=found,
            readable=legible and _reads(classifier.info, language),
            language=language,
            unknown_words=knows.unknown_share(found[0]) if found and knows else None,
        )
        for (_, legible, language), group, found in zip(told, forms, windows, strict=True)
    ]


def _reads(info: ModelInfo, language: str | None) -> bool:
    """False if the text is surely in a language that the model does not name. A model that names none reads all."""
    return language is None or not info.languages or language in info.languages


def combine(text_plan: TextPlan, logits: Logits, info: ModelInfo) -> Prediction:
    """The prediction of one text from the logits of `text_plan.flat`, row by row; `Timings` are left at 0."""
    if not text_plan.readings:
        return _prediction(dict.fromkeys(info.labels, 0.0), FLAT, EMPTY, info, text_plan)
    by_reading: list[np.ndarray] = []
    start = 0
    for windows in text_plan.windows:
        rows = logits.toxicity[start : start + len(windows)]
        by_reading.append(_sigmoid(rows).max(axis=0))
        start += len(windows)
    scores = np.max(by_reading, axis=0)
    named = {name: float(scores[column]) for column, name in enumerate(info.labels)}
    limits = np.array([info.thresholds[name] for name in info.labels])
    flagged = scores >= limits
    reading = text_plan.readings[_strongest(np.array(by_reading), limits, flagged)]
    sentiment = FLAT
    if info.has_sentiment and text_plan.readings[0] == AS_WRITTEN:
        sentiment = _sentiment(logits.sentiment[: len(text_plan.windows[0])])
    return _prediction(named, sentiment, reading, info, text_plan)


def predict(texts: Sequence[str], classifier: Classifier) -> list[Prediction]:
    """Plans, runs and combines at once, in the caller's thread; for the command line and for measuring."""
    plans = plan(texts, classifier)
    logits = classifier.logits([window for text_plan in plans for window in text_plan.flat])
    found: list[Prediction] = []
    start = 0
    for text_plan in plans:
        end = start + len(text_plan.flat)
        part = Logits(logits.toxicity[start:end], logits.sentiment[start:end])
        found.append(combine(text_plan, part, classifier.info))
        start = end
    return found


def _strongest(scores: np.ndarray, limits: np.ndarray, flagged: np.ndarray) -> int:
    """The reading that goes furthest over a flagged label's limit, else that scores highest; the first of equals."""
    if flagged.any():
        return int((scores - limits)[:, flagged].max(axis=1).argmax())
    return int(scores.max(axis=1).argmax())


def _prediction(
    scores: Mapping[str, float], sentiment: Sentiment, reading: str, info: ModelInfo, text_plan: TextPlan
) -> Prediction:
    judged = text_plan.readable and reading != EMPTY
    over = [name for name in info.labels if judged and scores[name] >= info.thresholds[name]]
    return Prediction(
        scores=scores,
        flagged=tuple(sorted(over, key=lambda name: -scores[name])),
        sentiment=sentiment,
        reading=reading,
        model_version=info.version,
        thresholds=dict(info.thresholds),
        readable=text_plan.readable,
        language=text_plan.language,
        unknown_words=text_plan.unknown_words,
    )


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -60.0, 60.0)))


def _sentiment(logits: np.ndarray) -> Sentiment:
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    shares = (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0)
    one, two, three, four, five = (float(share) for share in shares)
    return Sentiment((one, two, three, four, five))
