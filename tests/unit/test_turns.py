"""Requests for histories keep to Discord's limits, whoever makes them."""

from __future__ import annotations

import asyncio
from collections import Counter

from bot.chat.turns import Turns


class Time:
    """A clock that only goes on while everybody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            woken = asyncio.get_running_loop().create_future()
            self._sleepers.append((self.seconds + seconds, woken))
            await woken

    async def until_done(self, tasks: list[asyncio.Task[None]]) -> None:
        while not all(task.done() for task in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if self._sleepers:
                self._sleepers.sort(key=lambda each: each[0])
                self.seconds, woken = self._sleepers.pop(0)
                woken.set_result(None)


async def requests(channels: list[int]) -> list[tuple[int, float]]:
    time, sent = Time(), list[tuple[int, float]]()
    turns = Turns(now=lambda: time.seconds, sleep=time.sleep)

    async def ask(channel: int) -> None:
        await turns.take(channel)
        sent.append((channel, time.seconds))

    await time.until_done([asyncio.create_task(ask(channel)) for channel in channels])
    return sent


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= each < start + seconds for each in times) for start in times)


async def test_of_one_channel_five_go_at_once_and_the_others_wait() -> None:
    sent = [at for _, at in await requests([1] * 17)]
    assert len(sent) == 17
    assert most_within(sent, 5.0) == 5
    assert max(sent) < 4 * 5.5


async def test_of_all_channels_together_twenty_go_in_a_second_and_none_holds_up_another() -> None:
    sent = await requests([1] * 12 + list(range(100, 200)))
    assert Counter(channel for channel, _ in sent)[1] == 12
    assert most_within([at for _, at in sent], 1.0) <= 21
    assert max(at for channel, at in sent if channel >= 100) < 6.0
