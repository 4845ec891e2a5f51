"""The model server's figures for Prometheus. docs/metrics.md is written from these tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from moderation_model.batching import BatchReport, Spared
from moderation_model.contract import Timings
from moderation_model.explainer_process import State
from moderation_model.figures import Counts, Figure, Page, Read, Reading, Times, one_of
from moderation_model.priority import Priority
from moderation_model.readiness import Readiness
from moderation_model.service import Service, Step

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PRIORITIES = tuple(priority.name.lower() for priority in Priority)
Stage = Literal["queue", "model", "classify", "explain"] | Step

REQUESTS = Figure(
    "candor_requests_total", "counter", "Requests answered, by route and HTTP status.", ("route", "status")
)
ERRORS = Figure(
    "candor_errors_total",
    "counter",
    "Requests that were refused or failed, by the error of ours: ModelOverloaded (the queue is full), BadRequest, "
    "Unauthorised, ModelFailed and so on; `unforeseen` for any other.",
    ("error",),
)
STAGES = Figure(
    "candor_stage_seconds",
    "histogram",
    "Seconds by stage: tokenise, queue, model and combine of a classification; classify, explain, picture: all of one.",
    ("stage",),
    SECONDS,
)
BATCH_ROWS = Figure("candor_batch_rows", "histogram", "Windows in one batch.", ("priority",), ROWS)
BATCH_SECONDS = Figure(
    "candor_batch_seconds", "histogram", "Seconds of one batch in the model.", ("priority",), SECONDS
)
FAILED = Figure("candor_batches_failed_total", "counter", "Batches that the model failed.")
SPARED = Figure(
    "candor_rows_spared_total",
    "counter",
    "Windows that the model need not score: remembered (cache hits), or joined to the same window under way.",
    ("how",),
)
SPOILED = Figure("candor_rows_not_numbers_total", "counter", "Windows whose scores were no numbers.")
COUNTED = (REQUESTS, ERRORS, STAGES, BATCH_ROWS, BATCH_SECONDS, FAILED, SPARED, SPOILED)

STANDING = (
    Figure("candor_ready", "gauge", "1 while texts are scored, as /readyz says."),
    Figure(
        "candor_model_info",
        "gauge",
        "Always 1: the model version of each role, champion (it decides) or shadow (it is only compared).",
        ("role", "version"),
    ),
    Figure(
        "candor_unhealthy_versions",
        "gauge",
        "Model versions taken out of service since the start, because their scores were no numbers.",
    ),
    Figure("candor_queue_tokens", "gauge", "Tokens that wait in the queue."),
    Figure("candor_queue_rows", "gauge", "Windows that wait in the queue.", ("priority",)),
    Figure(
        "candor_explainer_state", "gauge", "1 for the state of the explainer process, 0 for the others.", ("state",)
    ),
    Figure(
        "candor_explainer_restarts_total", "counter", "How often the explainer process ended and was started again."
    ),
)
"""Read at each scrape."""

FIGURES = (*COUNTED, *STANDING)


class Metrics:
    """The figures of one server. All of it belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._requests = Counts(REQUESTS, ())
        self._errors = Counts(ERRORS, ())
        self._stages = Times(STAGES, [(stage,) for kind in get_args(Stage) for stage in get_args(kind) or (kind,)])
        self._rows, self._seconds = (
            Times(figure, [(name,) for name in PRIORITIES]) for figure in (BATCH_ROWS, BATCH_SECONDS)
        )
        self._failed, self._spoiled = Counts(FAILED), Counts(SPOILED)
        self._spared = Counts(SPARED, [(how,) for how in get_args(Spared)])
        self._standing = Read(STANDING)
        counted = (self._requests, self._errors, self._failed, self._spared, self._spoiled)
        self._page = Page(*counted, self._stages, self._rows, self._seconds, self._standing)

    def watch(self, standing: Callable[[], Reading]) -> None:
        """Ask for the figures of `STANDING` there at every scrape."""
        self._standing.source = standing

    def count_batch(self, report: BatchReport) -> None:
        """One batch has ended."""
        priority = report.priority.name.lower()
        self._rows.observe(report.rows, priority)
        self._seconds.observe(report.seconds, priority)
        if report.failed:
            self._failed.add()
        if report.spoiled:
            self._spoiled.add(by=report.spoiled)

    def count_spared(self, how: Spared, rows: int) -> None:
        """Rows that cost the model nothing."""
        self._spared.add(how, by=rows)

    def count_request(self, route: str, status: int) -> None:
        """One request was answered with `status`."""
        self._requests.add(route, str(status))

    def count_error(self, name: str) -> None:
        """One request ended in that error."""
        self._errors.add(name)

    def took(self, step: Step, seconds: float) -> None:
        """One step of a request has ended well."""
        self._stages.observe(seconds, step)

    def classified(self, timings: Timings) -> None:
        """One classification has ended well."""
        self._stages.observe(timings.queue_ms / 1000, "queue")
        self._stages.observe(timings.model_ms / 1000, "model")
        self._stages.observe(timings.total_ms / 1000, "classify")

    def explained(self, milliseconds: float) -> None:
        """One explanation has ended well."""
        self._stages.observe(milliseconds / 1000, "explain")

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return self._page.text()


def standing(service: Service, *, shadow: str | None, unhealthy: int, readiness: Readiness) -> Reading:
    """Values of `STANDING`."""
    roles = {("champion", service.info.version): 1.0} | ({("shadow", shadow): 1.0} if shadow is not None else {})
    rows = {(priority.name.lower(),): float(service.queue.waiting_rows(priority)) for priority in Priority}
    return {
        "candor_ready": {(): float(readiness == "ready")},
        "candor_model_info": roles,
        "candor_unhealthy_versions": {(): unhealthy},
        "candor_queue_tokens": {(): service.queue.waiting_tokens},
        "candor_queue_rows": rows,
        "candor_explainer_state": one_of(service.explainer.state, get_args(State)),
        "candor_explainer_restarts_total": {(): service.explainer.restarts},
    }
