"""The queue: nothing lost, urgent first, bounded, errors to everybody, swap under load."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation_model.backends import Window
from moderation_model.batching import BatchQueue, BatchReport, Scored
from moderation_model.errors import ModelFailed, ModelOverloaded, NotNumbersError
from moderation_model.priority import Priority, QueueLimits
from tests.model.serving_fakes import FakeClassifier, Gate, Sick

PRIORITIES = st.sampled_from(Priority)
JOBS = st.lists(st.tuples(st.lists(st.integers(2, 40), min_size=1, max_size=30), PRIORITIES), max_size=25)
"""Callers: the lengths of their windows, and how urgent they are."""


class Echo(FakeClassifier):
    """Its first logit is the window's second token, so that a row can be told from every other."""

    def logits(self, windows):  # type: ignore[no-untyped-def]
        found = super().logits(windows)
        found.toxicity[:, 0] = [window[1] for window in windows]
        return found


def window(mark: int, length: int = 3) -> Window:
    return (0, mark, *([5] * (length - 2)))


def marks(scored: Scored) -> list[int]:
    return [int(mark) for mark in scored.logits.toxicity[:, 0]]


async def in_thread(event: Gate) -> None:
    assert await asyncio.to_thread(event.entered.wait, 30)


def start(work: Coroutine[Any, Any, Scored]) -> asyncio.Task[Scored]:
    return asyncio.ensure_future(work)


async def under_way(queue: BatchQueue, gate: Gate, *windows: Window) -> asyncio.Task[Scored]:
    """Windows that the model works on until `gate` opens."""
    running = start(queue.score(windows))
    await in_thread(gate)
    return running


async def settle() -> None:
    """Lets every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@settings(max_examples=40, deadline=None)
@given(JOBS)
def test_every_caller_gets_its_own_rows_in_its_own_order(jobs: list[tuple[list[int], Priority]]) -> None:
    async def play() -> None:
        numbers = iter(range(10_000))
        work = [([window(next(numbers), length) for length in lengths], priority) for lengths, priority in jobs]
        limits = QueueLimits(waiting_tokens=1_000_000, batch_tokens=200)
        classifier = Echo()
        async with BatchQueue(classifier, limits=limits) as queue:
            answers = await asyncio.gather(*(queue.score(windows, priority=priority) for windows, priority in work))
            assert queue.waiting_tokens == 0
        for (windows, _), scored in zip(work, answers, strict=True):
            assert marks(scored) == [item[1] for item in windows]
        assert all(len(batch) == 1 or len(batch) * max(map(len, batch)) <= 200 for batch in classifier.batches)

    asyncio.run(play())


@settings(max_examples=30, deadline=None)
@given(st.lists(PRIORITIES, min_size=2, max_size=20))
def test_urgent_rows_run_before_all_others_and_equals_in_order(priorities: list[Priority]) -> None:
    async def play() -> None:
        gate = Gate()
        classifier = Echo(before=gate)
        async with BatchQueue(classifier, limits=QueueLimits(batch_rows=1, small_batch_rows=1)) as queue:
            first = await under_way(queue, gate, window(999))
            tasks = [start(queue.score([window(mark)], priority=level)) for mark, level in enumerate(priorities)]
            await settle()
            gate.open()
            await asyncio.gather(first, *tasks)
        ran = [batch[0][1] for batch in classifier.batches[1:]]
        assert ran == sorted(range(len(priorities)), key=lambda mark: (priorities[mark], mark))

    asyncio.run(play())


async def test_low_priority_batches_stay_small_so_that_a_live_row_is_soon_next() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        backfill = start(queue.score([window(mark) for mark in range(100)], priority=Priority.BACKFILL))
        await in_thread(gate)
        live = start(queue.score([window(500)]))
        await settle()
        gate.open()
        await asyncio.gather(backfill, live)
    assert len(classifier.batches[0]) == QueueLimits().small_batch_rows
    assert classifier.batches[1] == [window(500)]
    assert max(map(len, classifier.batches)) == QueueLimits().small_batch_rows


async def test_a_batch_gathers_rows_of_like_length_around_the_oldest() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier, limits=QueueLimits(batch_rows=2)) as queue:
        first = await under_way(queue, gate, window(999))
        tasks = [start(queue.score([window(mark, length)])) for mark, length in enumerate((10, 300, 11, 290))]
        await settle()
        gate.open()
        await asyncio.gather(first, *tasks)
    assert [[row[1] for row in batch] for batch in classifier.batches[1:]] == [[0, 2], [1, 3]]


async def test_an_idle_queue_runs_what_is_there_without_waiting_for_more() -> None:
    classifier = Echo()
    async with BatchQueue(classifier) as queue:
        assert marks(await queue.score([window(7)])) == [7]
    assert classifier.batches == [[window(7)]]


async def test_a_full_queue_refuses_at_once_and_takes_work_again_when_it_has_drained() -> None:
    gate = Gate()
    async with BatchQueue(Echo(before=gate), limits=QueueLimits(waiting_tokens=10)) as queue:
        running = await under_way(queue, gate, window(0))
        waiting = start(queue.score([window(1, 8)]))
        await settle()
        with pytest.raises(ModelOverloaded) as refused:
            await queue.score([window(2)])
        assert refused.value.retry_after > 0
        assert queue.waiting_tokens == 8
        gate.open()
        await asyncio.gather(running, waiting)
        assert marks(await queue.score([window(3)])) == [3]


async def test_one_request_larger_than_the_whole_bound_still_runs_when_nothing_waits() -> None:
    async with BatchQueue(Echo(), limits=QueueLimits(waiting_tokens=10)) as queue:
        assert marks(await queue.score([window(1, 50), window(2, 50)])) == [1, 2]


async def test_a_cancelled_caller_is_dropped_before_it_runs_and_frees_its_room() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        running = await under_way(queue, gate, window(0))
        given_up, patient = start(queue.score([window(1)])), start(queue.score([window(2)]))
        await settle()
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert queue.waiting_tokens == 3
        gate.open()
        assert marks(await patient) == [2]
        await running
    assert [row[1] for batch in classifier.batches for row in batch] == [0, 2]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=20), st.integers(1, 5))
def test_cancelling_some_callers_loses_nobody_else(stays: list[bool], rows: int) -> None:
    async def play() -> None:
        async with BatchQueue(Echo(), limits=QueueLimits(batch_rows=3)) as queue:
            tasks = [start(queue.score([window(mark)] * rows)) for mark in range(len(stays))]
            await asyncio.sleep(0)
            for task, stay in zip(tasks, stays, strict=True):
                if not stay:
                    task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            assert queue.waiting_tokens == 0
        for mark, (answer, stay) in enumerate(zip(answers, stays, strict=True)):
            assert marks(answer) == [mark] * rows if isinstance(answer, Scored) else not stay

    asyncio.run(play())


async def test_the_error_of_a_batch_reaches_every_waiter_of_it_and_the_next_batch_runs() -> None:
    failing = [True]

    def fail_once() -> None:
        if failing.pop() if failing else False:
            raise RuntimeError("out of memory")

    reports: list[BatchReport] = []
    async with BatchQueue(Echo(before=fail_once), on_batch=reports.append) as queue:
        answers = await asyncio.gather(*(queue.score([window(mark)]) for mark in range(5)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [ModelFailed] * 5
        assert "RuntimeError" in str(answers[0])
        assert marks(await queue.score([window(9)])) == [9]
    assert [(report.rows, report.failed) for report in reports] == [(5, True), (1, False)]


async def test_scores_that_are_no_numbers_fail_their_own_text_only() -> None:
    classifier = Sick()
    (poison,), (calm,), (rude,) = classifier.encode(["poison", "nice friend", "you clown"])
    async with BatchQueue(classifier) as queue:
        answers = await asyncio.gather(
            *(queue.score(each) for each in ([calm], [poison], [rude], [calm, poison])), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [Scored, NotNumbersError, Scored, NotNumbersError]


async def test_a_text_spoilt_by_those_beside_it_is_scored_again_alone() -> None:
    class Spilling(FakeClassifier):
        def logits(self, windows):  # type: ignore[no-untyped-def]
            found = super().logits(windows)
            if len(windows) > 1:
                found.toxicity[:] = np.nan
            return found

    reports: list[BatchReport] = []
    async with BatchQueue(Spilling(), on_batch=reports.append) as queue:
        answers = await asyncio.gather(*(queue.score([window(mark)]) for mark in range(3)))
    assert all(np.isfinite(answer.logits.toxicity).all() for answer in answers)
    assert [(report.rows, report.spoiled) for report in reports] == [(3, 3), (1, 0), (1, 0), (1, 0)]


async def test_a_wrong_number_of_rows_is_an_error_and_not_somebody_elses_scores() -> None:
    async with BatchQueue(FakeClassifier(spoil=lambda toxicity: toxicity[:-1])) as queue:
        with pytest.raises(ModelFailed):
            await queue.score([window(1), window(2)])


async def test_a_swap_under_load_loses_no_request_and_mixes_no_classifiers() -> None:
    gate = Gate()
    old, new = Echo("old", before=gate), Echo("new")
    async with BatchQueue(old, limits=QueueLimits(batch_rows=4)) as queue:
        before = [start(queue.score([window(mark)])) for mark in range(10)]
        await in_thread(gate)
        queue.swap(new)
        after = [start(queue.score([window(mark)])) for mark in range(10, 20)]
        await settle()
        gate.open()
        assert [marks(answer) for answer in await asyncio.gather(*before, *after)] == [[mark] for mark in range(20)]
        assert queue.classifier.info.version == "new"
    assert sorted(row[1] for batch in old.batches for row in batch) == list(range(10))
    assert sorted(row[1] for batch in new.batches for row in batch) == list(range(10, 20))


async def test_no_windows_are_no_work() -> None:
    classifier = Echo()
    async with BatchQueue(classifier) as queue:
        assert (await queue.score([])).logits.toxicity.shape == (0, 6)
    assert classifier.batches == []


async def test_backfill_never_takes_the_room_of_live_messages() -> None:
    gate = Gate()
    async with BatchQueue(Echo(before=gate), limits=QueueLimits(waiting_tokens=5)) as queue:
        running = await under_way(queue, gate, window(0))
        backfill = start(queue.score([window(1, 5)], priority=Priority.BACKFILL))
        await settle()
        with pytest.raises(ModelOverloaded):
            await queue.score([window(2)], priority=Priority.BACKFILL)
        live = start(queue.score([window(3)]))
        await settle()
        gate.open()
        await asyncio.gather(running, backfill, live)


async def test_a_live_row_that_comes_while_backfill_is_already_chosen_goes_first() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        running = await under_way(queue, gate, window(0))
        backfill = start(queue.score([window(1), window(2)], priority=Priority.BACKFILL))
        await settle()
        live = start(queue.score([window(3)]))
        await settle()
        gate.open()
        await asyncio.gather(running, backfill, live)
    assert [[row[1] for row in batch] for batch in classifier.batches] == [[0], [3], [1, 2]]
