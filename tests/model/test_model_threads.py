"""A model that computes on each core alone: several batches at once, and all else as with one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model.backends import Logits
from moderation_model.batching import BatchQueue
from moderation_model.errors import ModelFailed, ModelUnavailable
from moderation_model.priority import Priority, QueueLimits
from moderation_model.waiting import ONE_CORE_TOKENS, Call
from tests.model.serving_fakes import Gate
from tests.model.test_batching import JOBS, Echo, marks, settle, start, under_way, window


class Cores(Echo):
    """Computes on so many cores, each alone. `held` keeps the passes that begin with such a mark until it is set."""

    def __init__(self, cores: int, *, held: dict[int, threading.Event] | None = None) -> None:
        super().__init__("cores-1")
        self.cores = cores
        self._held = held or {}
        self.began: dict[int, threading.Event] = {mark: threading.Event() for mark in self._held}
        self._counting = threading.Lock()
        self._running = self.most_at_once = 0

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._counting:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            yield
        finally:
            with self._counting:
                self._running -= 1

    def logits_on_one_core(self, windows):  # type: ignore[no-untyped-def]
        with self._counted():
            mark = windows[0][1]
            if mark in self._held:
                self.began[mark].set()
                assert self._held[mark].wait(30)
            return self._rows(windows)

    def logits(self, windows):  # type: ignore[no-untyped-def]
        raise AssertionError("all cores at once are for other callers")

    def _rows(self, windows) -> Logits:  # type: ignore[no-untyped-def]
        with self._counting:
            return Echo.logits(self, windows)


async def begun(classifier: Cores, mark: int) -> None:
    assert await asyncio.to_thread(classifier.began[mark].wait, 30)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4), JOBS)
def test_every_caller_gets_its_own_rows_in_its_own_order(cores: int, jobs: list[tuple[list[int], Priority]]) -> None:
    async def play() -> None:
        numbers = iter(range(10_000))
        work = [([window(next(numbers), length) for length in lengths], priority) for lengths, priority in jobs]
        classifier = Cores(cores)
        async with BatchQueue(classifier, limits=QueueLimits(waiting_tokens=1_000_000)) as queue:
            answers = await asyncio.gather(*(queue.score(windows, priority=priority) for windows, priority in work))
            assert queue.waiting_tokens == 0
        for (windows, _), scored in zip(work, answers, strict=True):
            assert marks(scored) == [item[1] for item in windows]
        assert classifier.most_at_once <= cores
        assert all(sum(map(len, batch)) <= ONE_CORE_TOKENS for batch in classifier.batches)

    asyncio.run(play())


async def test_a_batch_does_not_wait_for_one_that_another_core_computes() -> None:
    held = {1: threading.Event()}
    classifier = Cores(2, held=held)
    async with BatchQueue(classifier) as queue:
        slow = start(queue.score([window(1)]))
        await begun(classifier, 1)
        assert marks(await queue.score([window(2)])) == [2]
        assert not slow.done()
        held[1].set()
        assert marks(await slow) == [1]


async def test_one_large_request_is_computed_by_all_cores_that_have_nothing_to_do() -> None:
    held = {0: threading.Event(), 8: threading.Event()}
    classifier = Cores(2, held=held)
    async with BatchQueue(classifier) as queue:
        request = start(queue.score([window(mark, 30) for mark in range(16)]))
        for mark in held:
            await begun(classifier, mark)
        for each in held.values():
            each.set()
        assert marks(await request) == list(range(16))
    assert sorted(len(batch) for batch in classifier.batches) == [8, 8]


async def test_moments_in_which_several_cores_compute_for_a_caller_count_once() -> None:
    call = Call(4, 6, asyncio.get_running_loop().create_future())
    assert (call.queue_seconds, call.model_seconds) == (0.0, 0.0)
    for started, ended in ((1.0, 2.0), (0.5, 1.5), (0.75, 1.0), (5.0, 6.0)):
        call.ran(call.entered + started, call.entered + ended)
    assert call.queue_seconds == pytest.approx(0.5, abs=1e-6)
    assert call.model_seconds == pytest.approx(2.5, abs=1e-6)


async def test_a_live_row_goes_before_backfill_that_no_core_has_begun() -> None:
    held = {1: threading.Event(), 2: threading.Event()}
    classifier = Cores(2, held=held)
    async with BatchQueue(classifier, limits=QueueLimits(small_batch_rows=1)) as queue:
        backfill = [start(queue.score([window(mark)], priority=Priority.BACKFILL)) for mark in (1, 2)]
        for mark in (1, 2):
            await begun(classifier, mark)
        last = start(queue.score([window(3)], priority=Priority.BACKFILL))
        live = start(queue.score([window(4)]))
        await settle()
        held[1].set()  # the other core stays busy until both have run
        await asyncio.gather(live, last)
        held[2].set()
        await asyncio.gather(*backfill)
    assert [batch[0][1] for batch in classifier.batches] == [1, 4, 3, 2]


async def test_the_error_of_one_core_is_no_error_of_the_other() -> None:
    held = {1: threading.Event()}

    class Failing(Cores):
        def logits_on_one_core(self, windows):  # type: ignore[no-untyped-def]
            if windows[0][1] == 2:
                raise ValueError("no")
            return super().logits_on_one_core(windows)

    classifier = Failing(2, held=held)
    async with BatchQueue(classifier) as queue:
        slow = start(queue.score([window(1)]))
        await begun(classifier, 1)
        with pytest.raises(ModelFailed):
            await queue.score([window(2)])
        held[1].set()
        assert marks(await slow) == [1]
        assert marks(await queue.score([window(3)])) == [3]


async def test_closing_lets_what_runs_on_every_core_end_and_tells_the_others() -> None:
    held = {1: threading.Event(), 2: threading.Event()}
    classifier = Cores(2, held=held)
    queue = BatchQueue(classifier, limits=QueueLimits(batch_rows=1))
    async with queue:
        running = [start(queue.score([window(mark)])) for mark in (1, 2)]
        for mark in (1, 2):
            await begun(classifier, mark)
        waiting = start(queue.score([window(3)]))
        await settle()
        closing = asyncio.ensure_future(queue.close())
        with pytest.raises(ModelUnavailable):
            await waiting
        held[1].set()
        assert marks(await running[0]) == [1]
        await settle()
        assert not closing.done()
        held[2].set()
        await closing
        assert marks(await running[1]) == [2]


async def test_a_model_that_needs_all_cores_runs_one_batch_at_a_time_after_a_swap() -> None:
    gate = Gate()
    other = Echo("other-1", before=gate)
    async with BatchQueue(Cores(2), limits=QueueLimits(batch_rows=1)) as queue:
        assert marks(await queue.score([window(1)])) == [1]
        queue.swap(other)
        first = await under_way(queue, gate, window(2))
        second = start(queue.score([window(3)]))
        for _ in range(20):
            await asyncio.to_thread(np.zeros, 1)  # a thread that could run it has had its chance
        assert len(other.batches) == 1
        gate.open()
        assert [marks(await first), marks(await second)] == [[2], [3]]
