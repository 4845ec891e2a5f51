"""What every part of the fuzzer shares: what it is, and the watch that sees faults nobody raised."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol

from discord import app_commands
from hypothesis.strategies import SearchStrategy

PATIENCE = 30.0
"""Seconds after which an input that is still worked on counts as one that hangs."""


class Fault(Exception):
    """An input did what no input may do; the sentence says what."""


class Part(Protocol):
    """One way in. `make` makes an input by chance, `strategy` is Hypothesis' way to make the same kind of input, and
    `feed` gives some to the program, `together` of them at a time.
    """

    together: int

    def make(self, chance: random.Random) -> Any:
        """An input, the same for the same chance."""
        ...

    def strategy(self) -> SearchStrategy[Any]:
        """Inputs of the same kind."""
        ...

    async def feed(self, given: Sequence[Any]) -> None:
        """Returns once the program is done with the inputs. Raises Fault, or whatever the program let through."""
        ...


Opened = AbstractAsyncContextManager[Part]


_MISTYPED = (app_commands.CommandSignatureMismatch, KeyError)
"""What discord.py says of an option that no command has, while it is being typed. Nobody waits for an answer."""


class Watch(logging.Handler):
    """Sees what never reaches a caller: errors in the log, and exceptions of tasks that nobody waits for."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """An error in anybody's log."""
        error = record.exc_info[1] if record.exc_info else None
        if str(record.msg).startswith("Ignoring exception in autocomplete") and isinstance(error, _MISTYPED):
            return
        self.seen.append(f"{record.name}: {record.getMessage()}" + (f" ({error!r})" if error is not None else ""))

    def loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's own last resort."""
        self.seen.append(f"event loop: {context.get('message')} ({context.get('exception')!r})")

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """Watch meanwhile. Belongs to a running event loop."""
        loop, root = asyncio.get_running_loop(), logging.getLogger()
        loop.set_exception_handler(self.loop_failed)
        root.addHandler(self)
        try:
            yield self
        finally:
            root.removeHandler(self)
            loop.set_exception_handler(None)

    def check(self) -> None:
        """Raises Fault for what was seen since the last time."""
        seen, self.seen = self.seen, []
        if seen:
            raise Fault("; ".join(seen))


async def quiet(standing: set[asyncio.Task[Any]]) -> None:
    """Wait until every task but the `standing` ones has ended. Raises Fault if one takes too long, or failed."""
    me = asyncio.current_task()
    ended: set[asyncio.Task[Any]] = set()
    while waiting := {task for task in asyncio.all_tasks() - standing - {me} if not _is_alarm(task)}:
        done, hanging = await asyncio.wait(waiting, timeout=PATIENCE)
        if hanging:
            names = ", ".join(task.get_name() for task in hanging)
            for task in hanging:
                task.cancel()
            raise Fault(f"still at work after {PATIENCE:g} s: {names}")
        ended |= done
    for task in ended:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            raise Fault(f"task {task.get_name()} ended in {error!r}") from error


def _is_alarm(task: asyncio.Task[Any]) -> bool:
    """Whether it only waits for a form to be forgotten; then it is ended."""
    coroutine = task.get_coro()
    alarm = getattr(coroutine, "__name__", "") == "__timeout_task_impl"
    return alarm and task.cancel()
