"""The queue in front of the classifier: bounded, by priority; the same window is scored once.

One batch runs at a time, or one on each core where the classifier can compute on a core alone. A batch holds rows of
one priority and of one classifier. Urgent rows always go first, so under steady urgent load the others wait; their
batches are small, so that an urgent row never waits long for a batch that has already begun.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, Self

import numpy as np

from moderation_model.answers import Answers
from moderation_model.backends import Classifier, Logits, Window
from moderation_model.errors import ModelError, ModelFailed, ModelOverloaded, ModelUnavailable, NotNumbersError
from moderation_model.model_threads import ModelThreads, cores_of
from moderation_model.priority import Priority, QueueLimits
from moderation_model.waiting import Batch, Call, Row, Waiting

CLOSED = "The model server shut down before this was scored."
FIRST_GUESS = 10_000.0
"""Tokens a second, until the first batch has shown the real speed."""

Spared = Literal["remembered", "joined"]
"""How a row was answered without the model: from memory, or by another caller's row under way."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One finished batch, for the metrics: how many rows, the seconds inside the model, and how many of the rows have
    scores that are no numbers.
    """

    priority: Priority
    rows: int
    seconds: float
    failed: bool
    spoiled: int = 0


@dataclass(frozen=True, slots=True)
class Scored:
    """`logits`: rows in the order of the windows. Milliseconds: until the first row ran, and inside the model."""

    logits: Logits
    queue_ms: float
    model_ms: float


class BatchQueue:
    """Use it as an async context manager. All methods belong to the event loop; only the model runs in threads."""

    def __init__(
        self,
        classifier: Classifier,
        *,
        limits: QueueLimits | None = None,
        on_batch: Callable[[BatchReport], None] | None = None,
        on_spared: Callable[[Spared, int], None] | None = None,
    ) -> None:
        self._classifier = classifier
        self._limits = limits or QueueLimits()
        self._on_batch = on_batch
        self._on_spared = on_spared
        self._cores = cores_of(classifier)
        self._waiting = Waiting(self._limits, cores=self._cores)
        self._calls: dict[Call, None] = {}
        self._shared: dict[bytes, Row] = {}
        self._answers = Answers(self._limits.answers_kept)
        self._speed = FIRST_GUESS
        self._threads: ModelThreads | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        self._threads = ModelThreads(self._waiting, self._finish, cores=self._cores)
        self._threads.start()
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
        return self._waiting.tokens(urgent=True) + self._waiting.tokens(urgent=False)

    def waiting_rows(self, priority: Priority) -> int:
        """Windows of that priority that wait now."""
        return self._waiting.rows(priority)

    @property
    def closing(self) -> bool:
        """Whether it takes nothing any more."""
        return self._closing

    def swap(self, classifier: Classifier) -> None:
        """From now on new work goes to `classifier`; what was encoded for the old one still runs on the old one."""
        self._classifier = classifier
        self._answers.clear()

    def check_room(self, tokens: int = 1, *, priority: Priority = Priority.LIVE) -> None:
        """Raises ModelOverloaded if `tokens` more do not fit. Where nothing waits any amount fits.

        Raises ModelUnavailable once the queue is closed.
        """
        if self._closing or self._threads is None:
            raise ModelUnavailable("The model server is shutting down. Try again when it is back.")
        waiting = self._waiting.tokens(urgent=priority.urgent)
        if waiting and waiting + tokens > self._limits.waiting_tokens:
            seconds = min(30.0, max(1.0, waiting / self._speed))
            raise ModelOverloaded(f"The model is busy. Try again in {seconds:.0f} s.", retry_after=seconds)

    async def score(
        self,
        windows: Sequence[Window],
        *,
        priority: Priority = Priority.LIVE,
        classifier: Classifier | None = None,
        afresh: bool = False,
    ) -> Scored:
        """The logits of `windows`, which `classifier` (by default the current one) has encoded.

        A window whose scores are remembered, or that is under way for somebody else, costs nothing; explanations, whose
        windows nobody else has, are left out of that, and so is what shall run `afresh`. Raises ModelOverloaded at once
        when there is no room, ModelFailed when the model raises or answers nonsense (`NotNumbersError` where no number
        comes out), ModelUnavailable when the queue closes first. A caller that is cancelled takes those of its waiting
        rows along that nobody else wants.
        """
        classifier = classifier or self._classifier
        self.check_room(0, priority=priority)
        call = Call(len(windows), len(classifier.info.labels), asyncio.get_running_loop().create_future())
        fresh = self._enter(call, windows, classifier, priority, shared=not afresh)
        if call.missing:
            try:
                self.check_room(sum(len(row.window) for row in fresh), priority=priority)
                for row in call.rows:  # not before: who is refused must not hurry what others wait for
                    self._waiting.hurry(row, priority)
                self._calls[call] = None
                self._waiting.add(fresh)
                await call.future
            finally:
                self._leave(call)
        else:
            await asyncio.sleep(0)  # whoever asks again and again for what is remembered must let others run
        logits = Logits(call.toxicity, call.sentiment)
        return Scored(logits, call.queue_seconds * 1000, call.model_seconds * 1000)

    async def close(self) -> None:
        """Fails what still waits with ModelUnavailable, lets the running batch end, and ends the thread."""
        self._closing = True
        # First, for the running batch may take long: a model that hangs keeps nobody waiting who is not in it.
        for row in self._waiting.close():
            self._give_up(row, ModelUnavailable(CLOSED))
        if self._threads is not None:
            await self._threads.ended()
        for call in self._calls:  # whose rows were to run once more
            _fail(call, ModelUnavailable(CLOSED))

    def _enter(
        self, call: Call, windows: Sequence[Window], classifier: Classifier, priority: Priority, *, shared: bool
    ) -> list[Row]:
        """Answers what is known, joins what is under way; the rows that must run."""
        fresh: list[Row] = []
        spared: dict[Spared, int] = {"remembered": 0, "joined": 0}
        shared = shared and priority is not Priority.EXPLAIN and self._limits.answers_kept > 0
        for number, window in enumerate(windows):
            key = _key(classifier, window) if shared else None
            if known := self._answers.get(key):
                call.take(number, *known)
                spared["remembered"] += 1
                continue
            row = self._shared.get(key) if key is not None else None
            if row is None or row.classifier is not classifier:
                row = Row(window, classifier, priority, key)
                fresh.append(row)
                if key is not None:
                    self._shared[key] = row
            else:
                spared["joined"] += 1
            row.takers.append((call, number))
            call.rows.append(row)
        if self._on_spared is not None:
            for how, rows in spared.items():
                if rows:
                    self._on_spared(how, rows)
        return fresh

    def _leave(self, call: Call) -> None:
        """`call` waits no longer; what nobody else wants is dropped."""
        self._calls.pop(call, None)
        if not call.missing:
            return
        unwanted: list[Row] = []
        for row in call.rows:
            row.takers = [taker for taker in row.takers if taker[0] is not call]
            if not row.takers:
                unwanted.append(row)
                self._forget(row)
        self._waiting.remove(unwanted)

    def _forget(self, row: Row) -> None:
        """Nobody may join `row` any more."""
        if row.key is not None and self._shared.get(row.key) is row:
            del self._shared[row.key]

    def _finish(self, batch: Batch, outcome: Logits | Exception, seconds: float) -> None:
        rows, spoiled = list(batch.rows), 0
        for call in {call for row in rows for call, _ in row.takers}:
            call.ran(batch.started, batch.started + seconds)
        try:
            if isinstance(outcome, Exception):
                raise outcome
            spoiled = self._deliver(rows, batch.classifier, outcome)
            speed = min(self._cores, cores_of(batch.classifier)) * sum(map(len, batch.windows)) / max(seconds, 1e-6)
            self._speed += 0.2 * (speed - self._speed)
        except Exception as error:
            logger.error("a batch of %d rows failed", len(rows), exc_info=error)
            for row in rows:
                self._give_up(row, error)
        if self._on_batch is not None:
            failed = isinstance(outcome, Exception)
            self._on_batch(BatchReport(batch.priority, len(rows), seconds, failed, spoiled))

    def _deliver(self, rows: Sequence[Row], classifier: Classifier, logits: Logits) -> int:
        """Hands each row to those who wait for it; how many are no numbers. Raises ModelFailed on a wrong shape.

        One text must not spoil those beside it, so a row without numbers runs once more, alone, before it fails.
        """
        shape = (len(rows), len(classifier.info.labels))
        if logits.toxicity.shape != shape or logits.sentiment.shape != (shape[0], 5):
            raise ModelFailed("The model answered with the wrong number of scores. Check the model folder.")
        usable: list[bool] = np.all(np.isfinite(np.hstack(logits)), axis=1).tolist()
        for row, good, toxicity, sentiment in zip(rows, usable, *logits, strict=True):
            if good:
                self._forget(row)
                if row.key is not None and classifier is self._classifier:
                    self._answers.keep(row.key, toxicity, sentiment)
                for call, number in row.takers:
                    call.take(number, toxicity, sentiment)
            elif row.again:
                self._give_up(row, NotNumbersError())
            elif row.takers:
                row.again = True
                self._waiting.add([row])
        return usable.count(False)

    def _give_up(self, row: Row, error: Exception) -> None:
        self._forget(row)
        for call, _ in row.takers:
            _fail(call, _as_model_error(error))


def _key(classifier: Classifier, window: Window) -> bytes:
    """What one window of one model version is known by; nobody can read the text from it."""
    return blake2b(classifier.info.version.encode() + array("i", window).tobytes(), digest_size=16).digest()


def _fail(call: Call, error: ModelError) -> None:
    if not call.future.done():
        call.future.set_exception(error)


def _as_model_error(error: Exception) -> ModelError:
    """`error` for one waiter. Each gets its own object, because raising one object twice mixes up its tracebacks."""
    if isinstance(error, ModelError):
        return type(error)(str(error))
    failed = ModelFailed(f"The model could not score this ({type(error).__name__}). See the model server's log.")
    failed.__cause__ = error
    return failed
