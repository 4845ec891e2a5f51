"""The queue scores a window once: for all who want it at the same time, and for those who want it soon after."""

from __future__ import annotations

import asyncio

import pytest

from moderation_model.batching import BatchQueue
from moderation_model.errors import ModelFailed, ModelOverloaded
from moderation_model.priority import Priority, QueueLimits
from tests.model.serving_fakes import Gate
from tests.model.test_batching import Echo, in_thread, marks, settle, start, under_way, window


async def test_the_same_window_under_way_is_scored_once_for_all_who_want_it() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        running = await under_way(queue, gate, window(1))
        twins = [start(queue.score([window(1), window(mark)])) for mark in (2, 2, 3)]
        await settle()
        gate.open()
        assert [marks(answer) for answer in await asyncio.gather(running, *twins)] == [[1], [1, 2], [1, 2], [1, 3]]
    assert classifier.batches == [[window(1)], [window(2), window(3)]]


async def test_a_twin_is_scored_though_the_first_who_asked_has_given_up() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        running = await under_way(queue, gate, window(0))
        first, twin = start(queue.score([window(1)])), start(queue.score([window(1)]))
        await settle()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gate.open()
        assert marks(await twin) == [1]
        await running


async def test_a_live_twin_hurries_what_backfill_waits_for() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier, limits=QueueLimits(small_batch_rows=1)) as queue:
        running = await under_way(queue, gate, window(0))
        backfill = [start(queue.score([window(mark)], priority=Priority.BACKFILL)) for mark in (1, 2)]
        await settle()
        live = start(queue.score([window(2)]))
        await settle()
        gate.open()
        await asyncio.gather(running, live, *backfill)
    assert [row[1] for batch in classifier.batches for row in batch] == [0, 2, 1]


async def test_the_error_of_a_shared_row_reaches_everybody_who_shares_it() -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    async with BatchQueue(Echo(before=fail)) as queue:
        answers = await asyncio.gather(*(queue.score([window(1)]) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ModelFailed] * 3


async def test_what_came_before_is_answered_from_memory_until_another_model_serves() -> None:
    classifier, spared = Echo(), list[tuple[str, int]]()
    async with BatchQueue(classifier, on_spared=lambda how, rows: spared.append((how, rows))) as queue:
        assert marks(await queue.score([window(1)])) == [1]
        again = await queue.score([window(2), window(1)])
        assert marks(again) == [2, 1]
        assert marks(await queue.score([window(1)])) == [1]
        assert spared == [("remembered", 1), ("remembered", 1)]
        fresh = Echo(classifier.info.version)  # even where it bears the same name
        queue.swap(fresh)
        assert marks(await queue.score([window(1)])) == [1]
    assert classifier.batches == [[window(1)], [window(2)]]
    assert fresh.batches == [[window(1)]]


async def test_what_ran_while_another_model_took_over_is_not_its_answer_even_under_the_same_name() -> None:
    class Louder(Echo):
        def logits(self, windows):  # type: ignore[no-untyped-def]
            found = super().logits(windows)
            found.toxicity[:, 0] += 100
            return found

    gate = Gate()
    old = Echo(before=gate)
    fresh = Louder(old.info.version)
    async with BatchQueue(old) as queue:
        running = await under_way(queue, gate, window(1))
        queue.swap(fresh)
        during = start(queue.score([window(1)]))
        await settle()
        gate.open()
        assert marks(await running) == [1]
        assert marks(await during) == [101]
        assert marks(await queue.score([window(1)])) == [101]


async def test_what_an_old_model_ends_after_the_swap_is_not_remembered() -> None:
    gate = Gate()
    old = Echo(before=gate)
    fresh = Echo(old.info.version)
    async with BatchQueue(old) as queue:
        running = await under_way(queue, gate, window(1))
        queue.swap(fresh)
        gate.open()
        await running
        await queue.score([window(1)])
    assert fresh.batches == [[window(1)]]


async def test_a_window_is_scored_for_the_next_who_asks_though_the_only_one_who_waited_gave_up() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    async with BatchQueue(classifier) as queue:
        running = await under_way(queue, gate, window(0))
        gives_up = start(queue.score([window(1)]))
        await settle()
        gives_up.cancel()
        await asyncio.gather(gives_up, return_exceptions=True)
        assert queue.waiting_tokens == 0
        next_one = start(queue.score([window(1)]))
        gate.open()
        async with asyncio.timeout(30):
            assert marks(await next_one) == [1]
        await running
    assert classifier.batches == [[window(0)], [window(1)]]


async def test_who_is_refused_does_not_hurry_what_others_wait_for() -> None:
    gate = Gate()
    classifier = Echo(before=gate)
    limits = QueueLimits(waiting_tokens=5, batch_rows=1, small_batch_rows=1)
    async with BatchQueue(classifier, limits=limits) as queue:
        running = await under_way(queue, gate, window(0))
        backfill = start(queue.score([window(1)], priority=Priority.BACKFILL))
        live = start(queue.score([window(2, 5)]))
        await settle()
        with pytest.raises(ModelOverloaded):
            await queue.score([window(1), window(3)])
        live.cancel()
        await settle()
        later = start(queue.score([window(4)], priority=Priority.EDIT))
        await settle()
        gate.open()
        await asyncio.gather(running, backfill, later)
    assert [row[1] for batch in classifier.batches for row in batch] == [0, 4, 1]


async def test_the_memory_is_bounded_and_can_be_switched_off() -> None:
    for kept, runs in ((2, 4), (0, 5)):
        classifier = Echo()
        async with BatchQueue(classifier, limits=QueueLimits(answers_kept=kept)) as queue:
            for mark in (1, 2, 3, 3, 1):
                assert marks(await queue.score([window(mark)])) == [mark]
        assert len(classifier.batches) == runs


async def test_an_answer_from_memory_takes_no_room_in_a_full_queue() -> None:
    held = Gate()

    def hold_all_but_the_first() -> None:
        if len(classifier.batches) > 1:
            held()

    classifier = Echo(before=hold_all_but_the_first)
    async with BatchQueue(classifier, limits=QueueLimits(waiting_tokens=5)) as queue:
        await queue.score([window(1)])
        running = start(queue.score([window(2)]))
        await in_thread(held)
        waiting = start(queue.score([window(3, 5)]))
        await settle()
        assert marks(await queue.score([window(1)])) == [1]
        with pytest.raises(ModelOverloaded):
            await queue.score([window(4)])
        held.open()
        await asyncio.gather(running, waiting)


async def test_what_shall_run_afresh_is_neither_remembered_nor_joined() -> None:
    classifier = Echo()
    async with BatchQueue(classifier) as queue:
        for afresh in (False, True, True, False):
            assert marks(await queue.score([window(1)], afresh=afresh)) == [1]
    assert classifier.batches == [[window(1)]] * 3
