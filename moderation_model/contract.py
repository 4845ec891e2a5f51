"""The frozen values that cross between the model and everybody else. Plain Python, so that the bot needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

AS_WRITTEN = "as_written"
NORMALISED = "normalised"
SPOILERS_OPENED = "spoilers_opened"
EMPTY = "empty"
"""Names of readings. `EMPTY`: nothing was left to score (empty, only white space); all scores are then 0."""

PUNCTUATION = ".,;:!?\"'()[]…“”‘’"


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Five-star distribution: `stars[0]` is the probability of one star (very negative); the five sum to 1."""

    stars: tuple[float, float, float, float, float]

    @property
    def mean(self) -> float:
        """Expected stars, 1.0 to 5.0."""
        return sum((index + 1) * share for index, share in enumerate(self.stars))

    @property
    def most_likely(self) -> int:
        """The likeliest number of stars, 1 to 5."""
        return max(range(5), key=lambda index: self.stars[index]) + 1


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds inside the model server: waiting in the queue, in the model, and altogether."""

    queue_ms: float = 0.0
    model_ms: float = 0.0
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one text.

    `scores`: calibrated probability by label, only of labels that the model has. `flagged`: labels whose score reaches
    `thresholds`, the limits that the model ships with, highest score first. `reading`: the text form that gave the
    highest flagged score (else the highest score). `readable` is False for a script or language that the model does
    not read: then the scores mean nothing and nobody may be accused on them (`flagged` is empty). `language`: ISO 639-1
    code where it is sure, else None. `unknown_words`: share of them, None where that is not told (`unknown_words.py`).
    """

    scores: Mapping[str, float]
    flagged: tuple[str, ...]
    sentiment: Sentiment
    reading: str
    model_version: str
    thresholds: Mapping[str, float]
    readable: bool = True
    language: str | None = None
    timings: Timings = field(default_factory=Timings)
    unknown_words: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `POST /v1/classify` and of `candor-model score` (sentiment as a list of five)."""
        return {**_fields(self), "sentiment": list(self.sentiment.stars), "timings": asdict(self.timings)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prediction:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError on data of another shape."""
        one, two, three, four, five = (float(share) for share in data["sentiment"])
        return cls(
            scores={str(name): float(score) for name, score in data["scores"].items()},
            flagged=tuple(data["flagged"]),
            sentiment=Sentiment((one, two, three, four, five)),
            reading=str(data["reading"]),
            model_version=str(data["model_version"]),
            thresholds={str(name): float(limit) for name, limit in data["thresholds"].items()},
            readable=bool(data["readable"]),
            language=data.get("language"),
            timings=Timings(**data["timings"]),
            unknown_words=data.get("unknown_words"),
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """SHAP values of one label's logit over the words of the reading that fired.

    `values[i]` belongs to `words[i]`; `sum(values) + base_value` is the label's logit; `base_value` is the logit with
    every word masked; `score` is the calibrated probability (0 to 1). `evaluations`: model evaluations spent.
    """

    label: str
    words: tuple[str, ...]
    values: tuple[float, ...]
    base_value: float
    score: float
    reading: str
    model_version: str
    evaluations: int = 0
    milliseconds: float = 0.0

    def top(self, count: int = 3) -> tuple[str, ...]:
        """The words that raised the score most, strongest first, without the punctuation around them; none that
        lowered it.
        """
        ranked = sorted(range(len(self.words)), key=lambda index: -self.values[index])
        words = [self.words[index] for index in ranked[:count] if self.values[index] > 0]
        return tuple(word.strip(PUNCTUATION) or word for word in words)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `POST /v1/explain` and of `candor-model explain --json`."""
        return _fields(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Explanation:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError on data of another shape."""
        return cls(
            label=str(data["label"]),
            words=tuple(str(word) for word in data["words"]),
            values=tuple(float(value) for value in data["values"]),
            base_value=float(data["base_value"]),
            score=float(data["score"]),
            reading=str(data["reading"]),
            model_version=str(data["model_version"]),
            evaluations=int(data.get("evaluations", 0)),
            milliseconds=float(data.get("milliseconds", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What serves: `labels` in head order, `missing` those of ours that the model lacks, `max_tokens` of one window.

    `languages`: ISO 639-1 codes of what it reads; empty where that is not known, then nothing is left unjudged for it.
    """

    version: str
    labels: tuple[str, ...]
    missing: tuple[str, ...]
    thresholds: Mapping[str, float]
    has_sentiment: bool
    backend: str
    device: str
    dtype: str
    max_tokens: int
    languages: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `GET /v1/model`."""
        return _fields(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelInfo:
        """The inverse of `to_dict`. Raises KeyError or TypeError on data of another shape."""
        return cls(
            version=str(data["version"]),
            labels=tuple(data["labels"]),
            missing=tuple(data["missing"]),
            thresholds={str(name): float(limit) for name, limit in data["thresholds"].items()},
            has_sentiment=bool(data["has_sentiment"]),
            backend=str(data["backend"]),
            device=str(data["device"]),
            dtype=str(data["dtype"]),
            max_tokens=int(data["max_tokens"]),
            languages=tuple(data.get("languages", ())),
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its 95 % interval and the number of texts behind it."""

    value: float
    low: float
    high: float
    count: int

    def to_dict(self) -> dict[str, float]:
        """Rounded to four places, for manifests and JSON."""
        return {**{name: round(getattr(self, name), 4) for name in ("value", "low", "high")}, "count": self.count}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Figure:
        """The inverse of `to_dict`, as far as it was rounded. Raises KeyError, TypeError or ValueError."""
        return cls(float(data["value"]), float(data["low"]), float(data["high"]), int(data["count"]))


Figures = Mapping[str, Figure]
"""Figures by name."""


@dataclass(frozen=True, slots=True)
class LabelReport:
    """One label on the texts whose truth is known. Curves are thinned to about a hundred points.

    `caught`, `missed`, `alarms`, `passed`: true positives, false negatives, false positives, true negatives at
    `threshold`. `reliability`: (mean score, share of positives, texts) of each bin of scores that holds any. `roc`:
    (false positive rate, recall). `precision_recall`: (recall, precision). `limits`: (limit, precision, recall).
    """

    name: str
    threshold: float
    caught: int
    missed: int
    alarms: int
    passed: int
    figures: Figures
    reliability: tuple[tuple[float, ...], ...] = ()
    roc: tuple[tuple[float, ...], ...] = ()
    precision_recall: tuple[tuple[float, ...], ...] = ()
    limits: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the texts: `by` is "length", "reading" or "source", `name` which part, `count` its texts."""

    by: str
    name: str
    count: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class EvalReport:
    """What was measured of one model; holds numbers and names, never a message.

    `figures`: the headlines by name. `mean`: each figure of the labels, averaged over the labels that have it. `stars`:
    texts by (true stars, given stars), five by five, empty without rated texts. `identity`: by term the areas
    `subgroup`, `bpsn` and `bnsp` of our own templates, `named` the same of the data's own column. `evasion`: share
    still caught by kind. `checks`: share passed by category. `notes`: what a reader of the numbers must know.
    """

    model_version: str
    data: str
    texts: int
    figures: Figures
    labels: tuple[LabelReport, ...] = ()
    mean: Figures = field(default_factory=dict)
    sentiment: Figures = field(default_factory=dict)
    stars: tuple[tuple[int, ...], ...] = ()
    slices: tuple[Slice, ...] = ()
    identity: Mapping[str, Figures] = field(default_factory=dict)
    named: Mapping[str, Figures] = field(default_factory=dict)
    evasion: Figures = field(default_factory=dict)
    checks: Figures = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `candor-model evaluate --json`."""
        return _fields(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EvalReport:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError on data of another shape."""
        curves = ("reliability", "roc", "precision_recall", "limits")
        labels = [{**each, "figures": _figures(each["figures"])} for each in data["labels"]]
        found: dict[str, Any] = {}
        for name in ("figures", "mean", "sentiment", "evasion", "checks"):
            found[name] = _figures(data[name])
        for name in ("identity", "named"):
            found[name] = {term: _figures(areas) for term, areas in data[name].items()}
        return cls(
            model_version=str(data["model_version"]),
            data=str(data["data"]),
            texts=int(data["texts"]),
            labels=tuple(LabelReport(**{**each, **{name: _rows(each[name]) for name in curves}}) for each in labels),
            stars=_rows(data["stars"]),
            slices=tuple(Slice(**{**each, "figures": _figures(each["figures"])}) for each in data["slices"]),
            notes=tuple(data["notes"]),
            **found,
        )


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value: Any) -> Any:
    """Figures as rounded objects, other parts as objects by field, tuples as lists."""
    if isinstance(value, Figure):
        return value.to_dict()
    if isinstance(value, LabelReport | Slice):
        return _fields(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _figures(data: Mapping[str, Any]) -> Figures:
    return {name: Figure.from_dict(each) for name, each in data.items()}


def _rows(data: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in data)
