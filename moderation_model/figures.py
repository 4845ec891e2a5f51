"""What a page of figures for Prometheus is made of: a table of figures, those counted on the way and those read."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Values = Mapping[tuple[str, ...], float]
"""By the values of the labels; `()` for a figure without labels."""
Reading = Mapping[str, Values]
"""Values by the name of their figure. A figure that is not there, or is no finite number, is not known now."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `name` as on the page, a counter's with `_total`. `bounds`: upper ones, of a histogram."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    means: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Counts:
    """A counter. Its values stand at 0 from the start for `known` labels, so that the first event is an increase."""

    def __init__(self, figure: Figure, known: Iterable[tuple[str, ...]] = ((),)) -> None:
        self.figure = figure
        self._values = dict.fromkeys(known, 0.0)

    def add(self, *labels: str, by: float = 1.0) -> None:
        """Count `by` more. For the event loop's thread alone."""
        self._values[labels] = self._values.get(labels, 0.0) + by

    def families(self) -> Iterator[Metric]:
        """The figure as Prometheus' client knows it."""
        yield _plain(self.figure, self._values)


class Times:
    """A histogram, observed without a lock in about a quarter of a microsecond: for the event loop's thread alone."""

    def __init__(self, figure: Figure, known: Iterable[tuple[str, ...]] = ((),)) -> None:
        self.figure = figure
        self._counts = {labels: [0] * (len(figure.bounds) + 1) for labels in known}
        self._sums = dict.fromkeys(self._counts, 0.0)

    def observe(self, value: float, *labels: str) -> None:
        """Count one value. Raises KeyError for labels that are not known."""
        self._counts[labels][bisect_left(self.figure.bounds, value)] += 1
        self._sums[labels] += value

    def families(self) -> Iterator[Metric]:
        """The figure as Prometheus' client knows it."""
        family = HistogramMetricFamily(self.figure.name, self.figure.means, labels=self.figure.labels)
        names = [*map(floatToGoString, self.figure.bounds), "+Inf"]
        for labels, counts in self._counts.items():
            buckets = [(name, float(count)) for name, count in zip(names, accumulate(counts), strict=True)]
            family.add_metric(labels, buckets, self._sums[labels])
        yield family


class Read:
    """Figures that are looked up whenever somebody asks for the page."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self.figures = tuple(figures)
        self.source: Callable[[], Reading] = dict

    def families(self) -> Iterator[Metric]:
        """The figures that are known now."""
        reading = self.source()
        for figure in self.figures:
            values = {labels: value for labels, value in reading.get(figure.name, {}).items() if math.isfinite(value)}
            if values:
                yield _plain(figure, values)


class Page(Collector):
    """All figures of one process, with those that Prometheus' client tells of any process. Nothing is global."""

    def __init__(self, *parts: Counts | Times | Read) -> None:
        self._parts = parts
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def collect(self) -> Iterator[Metric]:
        """What the client's registry asks for."""
        for part in self._parts:
            yield from part.families()

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return generate_latest(self.registry)


def one_of(word: str, words: Iterable[str]) -> dict[tuple[str, ...], float]:
    """1 for `word` and 0 for the others of `words`."""
    return {(each,): float(each == word) for each in words}


def _plain(figure: Figure, values: Values) -> Metric:
    family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    found = family(figure.name, figure.means, labels=figure.labels)
    for labels, value in values.items():
        found.add_metric(labels, value)
    return found
