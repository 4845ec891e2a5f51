"""From texts to predictions, in two pure halves around the forward pass: `plan` before it, `combine` after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderation_model.backends import Classifier, KnowsWords, Logits, Window
from moderation_model.contract import AS_WRITTEN, EMPTY, ModelInfo, Prediction, Sentiment
from moderation_model.errors import NotNumbersError
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
    unknown_share = _unknown_share(classifier)
    return [
        TextPlan(
            readings=tuple(reading.name for reading in group),
            windows=found,
            readable=legible and _reads(classifier.info, language),
            language=language,
            unknown_words=unknown_share(found[0]) if found and unknown_share else None,
        )
        for (_, legible, language), group, found in zip(told, forms, windows, strict=True)
    ]


def _unknown_share(classifier: Classifier) -> Callable[[Sequence[Window]], float | None] | None:
    """`KnowsWords.unknown_share`, if the classifier has it. Asking by `isinstance` would take 5 us."""
    return getattr(classifier, KnowsWords.unknown_share.__name__, None)


def _reads(info: ModelInfo, language: str | None) -> bool:
    """False if the text is surely in a language that the model does not name. A model that names none reads all."""
    return language is None or not info.languages or language in info.languages


def combine(text_plan: TextPlan, logits: Logits, info: ModelInfo) -> Prediction:
    """The prediction of one text from the logits of `text_plan.flat`, row by row, all of them finite numbers; `Timings`
    are left at 0.
    """
    if not text_plan.readings:
        return _prediction(dict.fromkeys(info.labels, 0.0), FLAT, EMPTY, info, text_plan)
    # Plain Python: for a text's one to three windows it costs a third of what numpy's calls do.
    rows, by_reading, start = logits.toxicity.tolist(), list[list[float]](), 0
    for windows in text_plan.windows:
        own = rows[start : start + len(windows)]
        by_reading.append([_sigmoid(max(column)) for column in zip(*own, strict=True)])
        start += len(windows)
    scores = dict(zip(info.labels, map(max, zip(*by_reading, strict=True)), strict=True))
    limits = [info.thresholds[name] for name in info.labels]
    reading = text_plan.readings[_strongest(by_reading, limits)]
    sentiment = FLAT
    if info.has_sentiment and text_plan.readings[0] == AS_WRITTEN:
        sentiment = _sentiment(logits.sentiment[: len(text_plan.windows[0])].tolist())
    return _prediction(scores, sentiment, reading, info, text_plan)


def combine_all(plans: Sequence[TextPlan], logits: Logits, info: ModelInfo) -> list[Prediction]:
    """One prediction a plan from the logits of all their windows, row by row.

    Raises NotNumbersError where one logit is none: it must be taken neither for abuse nor for its absence.
    """
    if not all(np.isfinite(part).all() for part in logits):
        raise NotNumbersError
    found: list[Prediction] = []
    start = 0
    for text_plan in plans:
        end = start + len(text_plan.flat)
        found.append(combine(text_plan, Logits(logits.toxicity[start:end], logits.sentiment[start:end]), info))
        start = end
    return found


def predict(texts: Sequence[str], classifier: Classifier) -> list[Prediction]:
    """Plans, runs and combines at once, in the caller's thread; raises what `combine_all` does."""
    plans = plan(texts, classifier)
    logits = classifier.logits([window for text_plan in plans for window in text_plan.flat])
    return combine_all(plans, logits, classifier.info)


def _strongest(by_reading: Sequence[Sequence[float]], limits: Sequence[float]) -> int:
    """The reading that goes furthest over a flagged label's limit, else that scores highest; the first of equals."""
    numbers = range(len(by_reading))
    if any(score >= limit for scores in by_reading for score, limit in zip(scores, limits, strict=True)):
        over = [max(score - limit for score, limit in zip(scores, limits, strict=True)) for scores in by_reading]
        return max(numbers, key=over.__getitem__)
    return max(numbers, key=lambda number: max(by_reading[number]))


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


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))


def _sentiment(rows: Sequence[Sequence[float]]) -> Sentiment:
    """The mean distribution over the windows."""
    shares = [0.0] * len(FLAT.stars)
    for row in rows:
        highest = max(row)
        weights = [math.exp(logit - highest) for logit in row]
        whole = sum(weights) * len(rows)
        shares = [share + weight / whole for share, weight in zip(shares, weights, strict=True)]
    one, two, three, four, five = shares
    return Sentiment((one, two, three, four, five))
