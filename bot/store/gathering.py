"""Group commit: what many callers ask of the database at the same time is done in one go.

Nothing waits when nothing goes on. What comes while a round is on its way waits for the next one, so that rounds grow
with the load by themselves and no time has to be chosen.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.store.database import Database, is_away

Item = TypeVar("Item")
Found = TypeVar("Found")

MOST = 256
"""Items of one round. More would not be quicker, and others wait for the database meanwhile."""


class Gathering(Generic[Item, Found]):
    """Calls that are worked off together; awaiting one gives the result of its own item.

    `work` does one round: one result an item, same order. It does all of it or nothing: where it raises, the items are
    tried one by one, so that what is wrong with one is no other's trouble, unless the database is away, which everybody
    is told. A caller who is cancelled takes its item along if its round has not begun, and no other's.
    """

    def __init__(self, db: Database, work: Callable[[Sequence[Item]], Awaitable[Sequence[Found]]]) -> None:
        self._work = work
        self._waiting: deque[tuple[Item, asyncio.Future[Found]]] = deque()
        self._rounds: asyncio.Task[None] | None = None
        db.before_close(self.drain)

    async def __call__(self, item: Item) -> Found:
        """The result of `item`, once its round is done for good. Raises what `work` raises for it."""
        waiter: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, waiter))
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._work_off(), name="gathering")
        return await waiter

    @property
    def waiting(self) -> int:
        """Items whose round has not begun."""
        return len(self._waiting)

    async def drain(self) -> None:
        """Wait until nothing is on its way."""
        if self._rounds is not None:
            await asyncio.wait([self._rounds])

    async def _work_off(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            batch = [(item, waiter) for item, waiter in taken if not waiter.done()]
            try:
                await self._together(batch)
            finally:  # somebody ended this task: this round waits no longer, the next call takes up the others
                for _, waiter in batch:
                    waiter.cancel()

    async def _together(self, batch: Sequence[tuple[Item, asyncio.Future[Found]]]) -> None:
        try:
            found = await self._work([item for item, _ in batch]) if batch else ()
        except Exception as error:
            if len(batch) == 1 or is_away(error):
                _fail(batch, error)
                return
        else:
            for (_, waiter), result in zip(batch, found, strict=True):
                if not waiter.done():
                    waiter.set_result(result)
            return
        for place, single in enumerate(batch):
            try:
                (result,) = await self._work([single[0]])
            except Exception as error:
                if is_away(error):
                    _fail(batch[place:], error)
                    return
                _fail([single], error)
            else:
                if not single[1].done():
                    single[1].set_result(result)


def _fail(batch: Sequence[tuple[Item, asyncio.Future[Found]]], error: Exception) -> None:
    for _, waiter in batch:
        if not waiter.done():
            waiter.set_exception(error)
