"""The queue's course: what is ready while a batch runs, and what becomes of those who wait when it closes."""

from __future__ import annotations

import asyncio

import pytest

from moderation_model.batching import BatchQueue, Scored
from moderation_model.errors import ModelUnavailable
from moderation_model.priority import QueueLimits
from tests.model.serving_fakes import Gate
from tests.model.test_batching import Echo, marks, settle, start, under_way, window


async def test_closing_lets_the_running_batch_end_and_tells_the_others() -> None:
    gate = Gate()
    queue = BatchQueue(Echo(before=gate), limits=QueueLimits(batch_rows=1))
    async with queue:
        running = await under_way(queue, gate, window(0))
        half_done, waiting = start(queue.score([window(1), window(2)])), start(queue.score([window(3)]))
        await settle()
        closing = asyncio.ensure_future(queue.close())
        await settle()
        gate.open()
        await closing
        answers = await asyncio.gather(running, half_done, waiting, return_exceptions=True)
    assert isinstance(answers[0], Scored)
    assert [type(answer) for answer in answers[1:]] == [ModelUnavailable, ModelUnavailable]
    with pytest.raises(ModelUnavailable):
        await queue.score([window(4)])


async def test_closing_tells_those_who_wait_at_once_though_the_model_hangs() -> None:
    gate = Gate()
    async with BatchQueue(Echo(before=gate)) as queue:
        running = await under_way(queue, gate, window(0))
        waiting = [start(queue.score([window(mark)])) for mark in (1, 1, 2)]
        await settle()
        closing = asyncio.ensure_future(queue.close())
        async with asyncio.timeout(30):
            told = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(answer) for answer in told] == [ModelUnavailable] * 3
        assert not closing.done()
        gate.open()
        await closing
        assert marks(await running) == [0]


async def test_the_next_batch_is_chosen_while_one_runs() -> None:
    gate = Gate()
    async with BatchQueue(Echo(before=gate), limits=QueueLimits(batch_rows=1)) as queue:
        both = await under_way(queue, gate, window(1), window(2))
        await settle()
        chosen = queue._waiting._next
        assert chosen is not None
        assert chosen.windows == [window(2)]
        gate.open()
        assert marks(await both) == [1, 2]
