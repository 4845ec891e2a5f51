"""The rows that wait for the model, by priority, and which of them run next.

The event loop adds and removes rows, the model's thread takes batches; one lock is between them. While a batch runs,
the next one is chosen and filled up with what comes; it is thrown over for anything more urgent.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from time import perf_counter

import numpy as np

from moderation_model.backends import Classifier, Window
from moderation_model.pace import Pace
from moderation_model.priority import Priority, QueueLimits

LOOK_AHEAD = 256
"""Waiting rows among which a batch looks for rows of like length."""
ONE_CORE_TOKENS = 512
"""Most of a batch that one core computes: with more it gets no faster a row, and everybody in it waits longer."""
SHARED_FROM = 128
"""Tokens that one core computes alone, though another has nothing to do: half of them would take nearly as long."""


class Call:
    """One caller: the answers that are in, and how many are missing."""

    def __init__(self, rows: int, labels: int, future: asyncio.Future[None]) -> None:
        self.future = future
        self.missing = rows
        self.toxicity = np.zeros((rows, labels), dtype=np.float32)
        self.sentiment = np.zeros((rows, 5), dtype=np.float32)
        self.rows: list[Row] = []
        self.entered = perf_counter()
        self._ran: list[tuple[float, float]] = []

    def ran(self, started: float, ended: float) -> None:
        """A batch with some of its rows has run."""
        self._ran.append((max(started, self.entered), ended))

    @property
    def queue_seconds(self) -> float:
        """Until the first of its rows ran; 0 where none had to."""
        return min(self._ran)[0] - self.entered if self._ran else 0.0

    @property
    def model_seconds(self) -> float:
        """While rows of it ran, on however many cores at once."""
        seconds = until = 0.0
        for started, ended in sorted(self._ran):
            seconds += max(0.0, ended - max(started, until))
            until = max(until, ended)
        return seconds

    def take(self, number: int, toxicity: np.ndarray, sentiment: np.ndarray) -> None:
        """The answer to row `number`; with the last one the caller goes on."""
        self.toxicity[number] = toxicity
        self.sentiment[number] = sentiment
        self.missing -= 1
        if not self.missing and not self.future.done():
            self.future.set_result(None)


class Row:
    """One window that is scored once, and all who want its scores: (call, number of the row in it).

    `key` names it among all windows; None where it is not shared. `again`: its scores were no numbers once, so now it
    runs alone.
    """

    __slots__ = ("again", "classifier", "key", "priority", "takers", "window")

    def __init__(self, window: Window, classifier: Classifier, priority: Priority, key: bytes | None) -> None:
        self.window = window
        self.classifier = classifier
        self.priority = priority
        self.key = key
        self.takers: list[tuple[Call, int]] = []
        self.again = False


class Batch:
    """What runs next: rows of one priority and of the classifier that their tokens were made for.

    `open`: no row of its priority was left behind, so that newcomers may still join.
    """

    def __init__(self, first: Row, *, most_rows: int, most_tokens: int, packed: bool = False) -> None:
        """`packed`: `most_tokens` are those of the rows; else each row counts as much as the longest."""
        self.priority = first.priority
        self.classifier = first.classifier
        self.rows: dict[Row, None] = {first: None}
        self.started = 0.0
        self.open = not first.again
        self._longest = self.tokens = len(first.window)
        self._packed = packed
        self._most_rows = 1 if first.again else most_rows
        self._most_tokens = most_tokens

    @property
    def windows(self) -> list[Window]:
        return [row.window for row in self.rows]

    @property
    def full(self) -> bool:
        return not self.open or len(self.rows) == self._most_rows

    def add(self, row: Row) -> bool:
        """Whether `row` found room."""
        longest, tokens = max(self._longest, len(row.window)), self.tokens + len(row.window)
        rows = len(self.rows) + 1
        if rows > self._most_rows or (tokens if self._packed else longest * rows) > self._most_tokens:
            return False
        self._longest, self.tokens = longest, tokens
        self.rows[row] = None
        return True


class Waiting:
    """All methods but `take` belong to the event loop."""

    def __init__(self, limits: QueueLimits, *, cores: int = 1) -> None:
        """`cores`: threads that take batches, each of which computes its own on a core of its own."""
        self._limits = limits
        self._cores = cores
        self._rows: dict[Priority, dict[Row, None]] = {priority: {} for priority in Priority}
        self._tokens = dict.fromkeys(Priority, 0)
        self._pace = Pace(limits.wait_ms / 1000)
        self._next: Batch | None = None
        self._changed = threading.Condition()
        self._idle, self._idle_since = 0, 0.0
        self._closed = False

    def tokens(self, *, urgent: bool) -> int:
        """Tokens that wait, of the urgent rows or of the others."""
        return sum(tokens for priority, tokens in self._tokens.items() if priority.urgent is urgent)

    def rows(self, priority: Priority) -> int:
        """Rows of that priority that wait."""
        return len(self._rows[priority])

    def add(self, rows: Sequence[Row]) -> None:
        """`rows`, all of one call, wait from now on."""
        with self._changed:
            now = perf_counter()
            self._pace.arrived(now, idle=now - self._idle_since if self._idle == self._cores else 0.0)
            for row in rows:
                self._put(row)
            self._ready()

    def remove(self, rows: Iterable[Row]) -> None:
        """Nobody wants these any more; those that have run are passed over."""
        with self._changed:
            for row in rows:
                self._drop(row)

    def hurry(self, row: Row, priority: Priority) -> None:
        """Somebody wants `row`, too, who may be more urgent; nothing changes where it runs already."""
        if priority >= row.priority:
            return
        with self._changed:
            if row in self._rows[row.priority]:
                self._drop(row)
                row.priority = priority
                self._put(row)
                self._ready()

    def prepare(self) -> None:
        """Chooses the next batch while another one runs."""
        with self._changed:
            if self._next is None:
                self._next = self._choose()

    def close(self) -> list[Row]:
        """Empties it and ends the model's threads once they ask for more; what waited."""
        with self._changed:
            left = [row for rows in self._rows.values() for row in rows]
            self._closed = True
            self._next = None
            for rows in self._rows.values():
                rows.clear()
            self._tokens = dict.fromkeys(Priority, 0)
            self._changed.notify_all()
            return left

    def take(self) -> Batch | None:
        """The next batch, taken out; waits until there is one. None once it is closed. For the model's threads."""
        with self._changed:
            idle = False
            while not self._closed:
                if not any(self._rows.values()):
                    idle = True
                    self._rest()
                elif idle:
                    self._gather()
                    idle = False
                elif batch := self._shared() if self._idle else self._next or self._choose():
                    self._next = None
                    for row in batch.rows:
                        self._drop(row)
                    batch.started = perf_counter()
                    if self._idle and any(self._rows.values()):
                        self._changed.notify()
                    return batch
            return None

    def _rest(self) -> None:
        """One thread more has nothing to do, until something comes."""
        self._idle += 1
        self._idle_since = perf_counter()
        self._changed.wait()
        self._idle -= 1

    def _gather(self) -> None:
        """The last idle core waits a moment for more while rows come fast; where others are idle, nobody need share."""
        first = perf_counter()
        self._idle += 1
        while not self._closed:
            self._next = self._next or self._choose()
            left = self._pace.until(first) - perf_counter()
            if left <= 0 or self._idle > 1 or self._next is None or self._next.full:
                break
            self._changed.wait(left)
        self._idle -= 1

    def _shared(self) -> Batch | None:
        """A batch that leaves a part of what waits to the threads that have nothing to do."""
        tokens = next((self._tokens[priority] for priority, rows in self._rows.items() if rows), 0)
        return self._choose(max(SHARED_FROM, -(-tokens // (self._idle + 1))))

    def _ready(self) -> None:
        """What is new is chosen beside batches that run, and wakes a model that need not wait for more."""
        if not self._idle:
            self._next = self._next or self._choose()
        elif self._next is None or self._next.full:
            self._changed.notify()

    def _put(self, row: Row) -> None:
        self._rows[row.priority][row] = None
        self._tokens[row.priority] += len(row.window)
        chosen = self._next
        if chosen is None:
            return
        if row.priority < chosen.priority:
            self._next = None
        elif chosen.open and row.priority is chosen.priority:
            fits = row.classifier is chosen.classifier and not row.again and chosen.add(row)
            self._next = chosen if fits else self._choose()

    def _drop(self, row: Row) -> None:
        rows = self._rows[row.priority]
        if row not in rows:
            return
        del rows[row]
        self._tokens[row.priority] -= len(row.window)
        if self._next is not None:
            self._next.rows.pop(row, None)
            if not self._next.rows:
                self._next = None

    def _choose(self, most_tokens: int | None = None) -> Batch | None:
        """The oldest row of the most urgent priority and the rows nearest to it in length; None when none waits."""
        packed = self._cores > 1
        room = min(most_tokens or self._limits.batch_tokens, ONE_CORE_TOKENS if packed else self._limits.batch_tokens)
        for priority, waiting in self._rows.items():
            if not waiting:
                continue
            most = self._limits.rows(priority)
            first, *others = islice(waiting, max(LOOK_AHEAD, most))
            batch = Batch(first, most_rows=most, most_tokens=room, packed=packed)
            for row in _nearest(first, others):
                if not batch.add(row):
                    break
            batch.open = batch.open and len(batch.rows) == len(waiting)
            return batch
        return None


def _nearest(first: Row, others: Sequence[Row]) -> Iterator[Row]:
    """Those of `others` that may run with `first`, the nearest in length first, then the oldest."""
    longest = len(first.window)
    usable = [row for row in others if row.classifier is first.classifier and not row.again]
    usable.sort(key=lambda row: abs(len(row.window) - longest))
    return iter(usable)
