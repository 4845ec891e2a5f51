"""The queue in front of the classifier: bounded, by priority, one batch at a time.

A batch holds rows of one priority and of one classifier. Urgent rows always go first, so under steady urgent load the
others wait; their batches are small, so that an urgent row never waits long for a batch that has already begun.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from time import perf_counter
from typing import Self

import numpy as np

from moderation_model.backends import Classifier, Logits, Window
from moderation_model.errors import ModelError, ModelFailed, ModelOverloaded, ModelUnavailable
from moderation_model.priority import Priority, QueueLimits

LOOK_AHEAD = 256
"""Waiting rows among which a batch looks for rows of like length."""
FIRST_GUESS = 10_000.0
"""Tokens a second, until the first batch has shown the real speed."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One finished batch, for the metrics: how many rows and the seconds inside the model."""

    priority: Priority
    rows: int
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """`logits`: rows in the order of the windows. Milliseconds: until the first row ran, and inside the model."""

    logits: Logits
    queue_ms: float
    model_ms: float


class _Job:
    """One caller's windows: which rows still wait, which answers are in."""

    def __init__(self, windows: Sequence[Window], classifier: Classifier, future: asyncio.Future[None]) -> None:
        self.windows = windows
        self.classifier = classifier
        self.future = future
        self.waiting: dict[int, None] = dict.fromkeys(range(len(windows)))
        self.missing = len(windows)
        self.toxicity = np.zeros((len(windows), len(classifier.info.labels)), dtype=np.float32)
        self.sentiment = np.zeros((len(windows), 5), dtype=np.float32)
        self.entered = perf_counter()
        self.started: float | None = None
        self.model_seconds = 0.0


@dataclass(frozen=True, slots=True)
class _Batch:
    """What runs next: rows as (job, row number) and the classifier that their tokens were made for."""

    priority: Priority
    classifier: Classifier
    rows: list[tuple[_Job, int]]

    @property
    def windows(self) -> list[Window]:
        return [job.windows[row] for job, row in self.rows]

    @property
    def jobs(self) -> list[_Job]:
        return list(dict.fromkeys(job for job, _ in self.rows))


class BatchQueue:
    """Use it as an async context manager. All methods belong to the event loop; only the model runs in a thread."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        limits: QueueLimits | None = None,
        on_batch: Callable[[BatchReport], None] | None = None,
    ) -> None:
        self._classifier = classifier
        self._limits = limits or QueueLimits()
        self._on_batch = on_batch
        self._jobs: dict[Priority, dict[int, _Job]] = {priority: {} for priority in Priority}
        self._numbers = count()
        self._waiting_tokens = 0
        self._speed = FIRST_GUESS
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="classifier")
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._worker = asyncio.create_task(self._work(), name="batch-queue")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def classifier(self) -> Classifier:
        """The one that new work is encoded for and given to."""
        return self._classifier

    @property
    def limits(self) -> QueueLimits:
        """The bounds in force."""
        return self._limits

    @property
    def waiting_tokens(self) -> int:
        """Tokens that wait now, without the batch that runs."""
        return self._waiting_tokens

    def swap(self, classifier: Classifier) -> None:
        """From now on new work goes to `classifier`; what was encoded for the old one still runs on the old one."""
        self._classifier = classifier

    def check_room(self, tokens: int = 1) -> None:
        """Raises ModelOverloaded if `tokens` more do not fit. Into an empty queue any amount fits.

        Raises ModelUnavailable once the queue is closed.
        """
        if self._closing or self._worker is None:
            raise ModelUnavailable("The model server is shutting down. Try again when it is back.")
        if self._waiting_tokens and self._waiting_tokens + tokens > self._limits.waiting_tokens:
            seconds = min(30.0, max(1.0, self._waiting_tokens / self._speed))
            raise ModelOverloaded(f"The model is busy. Try again in {seconds:.0f} s.", retry_after=seconds)

    async def score(
        self,
        windows: Sequence[Window],
        *,
        priority: Priority = Priority.LIVE,
        classifier: Classifier | None = None,
    ) -> Scored:
        """The logits of `windows`, which `classifier` (by default the current one) has encoded.

        Raises ModelOverloaded at once when there is no room, ModelFailed when the model raises or answers nonsense,
        ModelUnavailable when the queue closes first. A caller that is cancelled takes its waiting rows with it.
        """
        self.check_room(sum(map(len, windows)))
        job = _Job(windows, classifier or self._classifier, asyncio.get_running_loop().create_future())
        if not windows:
            return Scored(Logits(job.toxicity, job.sentiment), 0.0, 0.0)
        number = next(self._numbers)
        self._jobs[priority][number] = job
        self._waiting_tokens += sum(map(len, windows))
        self._wake.set()
        try:
            await job.future
        finally:
            self._jobs[priority].pop(number, None)
            self._drop_waiting(job)
        queue_ms = ((job.started or job.entered) - job.entered) * 1000
        return Scored(Logits(job.toxicity, job.sentiment), queue_ms, job.model_seconds * 1000)

    async def close(self) -> None:
        """Lets the running batch end, fails what still waits with ModelUnavailable, and stops the thread."""
        self._closing = True
        for jobs in self._jobs.values():
            for job in jobs.values():
                if len(job.waiting) == job.missing:
                    _fail(job, ModelUnavailable("The model server shut down before this was scored."))
                self._drop_waiting(job)
        self._wake.set()
        if self._worker is not None:
            await self._worker
        self._thread.shutdown(wait=False)

    async def _work(self) -> None:
        while not self._closing:
            batch = self._next_batch()
            if batch is None:
                self._wake.clear()
                await self._wake.wait()
            else:
                await self._run(batch)
        for job in [job for jobs in self._jobs.values() for job in jobs.values()]:
            _fail(job, ModelUnavailable("The model server shut down before this was scored."))

    def _next_batch(self) -> _Batch | None:
        """The oldest row of the most urgent priority and the rows nearest to it in length; None when none waits."""
        for priority in Priority:
            rows = list(islice(self._waiting_rows(priority), LOOK_AHEAD))
            if not rows:
                continue
            first, *others = rows
            longest = len(first[0].windows[first[1]])
            others.sort(key=lambda row: abs(len(row[0].windows[row[1]]) - longest))
            chosen = [first]
            for job, row in others:
                longest = max(longest, len(job.windows[row]))
                too_long = longest * (len(chosen) + 1) > self._limits.batch_tokens
                if too_long or len(chosen) == self._limits.rows(priority):
                    break
                chosen.append((job, row))
            for job, row in chosen:
                del job.waiting[row]
                self._waiting_tokens -= len(job.windows[row])
            return _Batch(priority, first[0].classifier, chosen)
        return None

    def _waiting_rows(self, priority: Priority) -> Iterator[tuple[_Job, int]]:
        """Rows that wait, oldest first, all for the classifier of the oldest."""
        classifier: Classifier | None = None
        for job in self._jobs[priority].values():
            if not job.waiting or job.future.done():
                continue
            classifier = classifier or job.classifier
            if job.classifier is classifier:
                yield from ((job, row) for row in job.waiting)

    async def _run(self, batch: _Batch) -> None:
        started = perf_counter()
        for job in batch.jobs:
            job.started = job.started or started
        windows, failed = batch.windows, False
        try:
            logits = await asyncio.get_running_loop().run_in_executor(self._thread, batch.classifier.logits, windows)
            seconds = perf_counter() - started
            for job in batch.jobs:
                job.model_seconds += seconds
            self._deliver(batch, logits)
            self._speed += 0.2 * (sum(map(len, windows)) / max(seconds, 1e-6) - self._speed)
        except Exception as error:  # whatever the model raises must reach those who wait for it
            seconds, failed = perf_counter() - started, True
            logger.error("a batch of %d rows failed", len(windows), exc_info=error)
            for job in batch.jobs:
                self._drop_waiting(job)
                _fail(job, _as_model_error(error))
        if self._on_batch is not None:
            self._on_batch(BatchReport(batch.priority, len(windows), seconds, failed))

    def _deliver(self, batch: _Batch, logits: Logits) -> None:
        """Hands each row to its job. Raises ModelFailed on a wrong shape; a row that is no number fails its own job."""
        shape = (len(batch.rows), len(batch.classifier.info.labels))
        if logits.toxicity.shape != shape or logits.sentiment.shape != (shape[0], 5):
            raise ModelFailed("The model answered with the wrong number of scores. Check the model folder.")
        usable: list[bool] = np.all(np.isfinite(np.hstack(logits)), axis=1).tolist()
        for index, (job, row) in enumerate(batch.rows):
            if not usable[index]:
                self._drop_waiting(job)
                _fail(job, ModelFailed("The model's scores for this text are not numbers. Check the model folder."))
                continue
            job.toxicity[row] = logits.toxicity[index]
            job.sentiment[row] = logits.sentiment[index]
            job.missing -= 1
            if not job.missing and not job.future.done():
                job.future.set_result(None)

    def _drop_waiting(self, job: _Job) -> None:
        self._waiting_tokens -= sum(len(job.windows[row]) for row in job.waiting)
        job.waiting.clear()


def _fail(job: _Job, error: ModelError) -> None:
    if not job.future.done():
        job.future.set_exception(error)


def _as_model_error(error: Exception) -> ModelError:
    """`error` for one waiter. Each gets its own object, because raising one object twice mixes up its tracebacks."""
    if isinstance(error, ModelError):
        return type(error)(str(error))
    failed = ModelFailed(f"The model could not score this ({type(error).__name__}). See the model server's log.")
    failed.__cause__ = error
    return failed
