"""Figures of one server for Prometheus. Each server has its own registry; nothing is global."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from moderation_model.batching import BatchReport, Spared
from moderation_model.contract import Timings

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Queue depth, batch sizes, latency by stage, requests by outcome."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "candor_requests_total", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "candor_stage_seconds",
            "Seconds by stage: queue and model of a classification, total of a classification or an explanation.",
            ["stage"],
            buckets=SECONDS,
            registry=self._registry,
        )
        # Looked up once: a label costs as much as the observation itself.
        self._queue, self._model, self._classify, self._explain = (
            self._seconds.labels(stage) for stage in ("queue", "model", "classify", "explain")
        )
        self._rows = Histogram(
            "candor_batch_rows", "Windows in one batch.", ["priority"], buckets=ROWS, registry=self._registry
        )
        self._failed = Counter("candor_batches_failed_total", "Batches that the model failed.", registry=self._registry)
        self._spared = Counter(
            "candor_rows_spared_total",
            "Windows that the model need not score: remembered, or joined to the same window under way.",
            ["how"],
            registry=self._registry,
        )
        self._spoiled = Counter(
            "candor_rows_not_numbers_total", "Windows whose scores were no numbers.", registry=self._registry
        )
        self._unhealthy = Gauge(
            "candor_unhealthy_versions",
            "Model versions taken out of service since the start, because their scores were no numbers.",
            registry=self._registry,
        )
        self._tokens = Gauge("candor_queue_tokens", "Tokens that wait in the queue.", registry=self._registry)

    def watch(self, waiting_tokens: Callable[[], int], unhealthy_versions: Callable[[], int]) -> None:
        """Reads the queue's depth and the number of unhealthy versions at every scrape."""
        self._tokens.set_function(waiting_tokens)
        self._unhealthy.set_function(unhealthy_versions)

    def count_batch(self, report: BatchReport) -> None:
        """One batch has ended."""
        self._rows.labels(report.priority.name.lower()).observe(report.rows)
        if report.failed:
            self._failed.inc()
        if report.spoiled:
            self._spoiled.inc(report.spoiled)

    def count_spared(self, how: Spared, rows: int) -> None:
        """Rows that cost the model nothing."""
        self._spared.labels(how).inc(rows)

    def count_request(self, route: str, status: int) -> None:
        """One request was answered with `status`."""
        self._requests.labels(route, str(status)).inc()

    def classified(self, timings: Timings) -> None:
        """One classification has ended well."""
        self._queue.observe(timings.queue_ms / 1000)
        self._model.observe(timings.model_ms / 1000)
        self._classify.observe(timings.total_ms / 1000)

    def explained(self, milliseconds: float) -> None:
        """One explanation has ended well."""
        self._explain.observe(milliseconds / 1000)

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return generate_latest(self._registry)
