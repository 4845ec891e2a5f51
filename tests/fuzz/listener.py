"""Events of the gateway, parsed by discord.py's own state, through listener, pass and store onto cards."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.fuzz import payloads
from tests.fuzz.house import House, house
from tests.fuzz.inputs import spoiled_bytes, spoiled_value

Event = tuple[str, Any]


class Listener:
    """A third of the events is as Discord sends them with hostile texts, the others are damaged."""

    together = 32

    def __init__(self, inside: House) -> None:
        self._house = inside

    def make(self, chance: random.Random) -> Event:
        """An event: its name and its data."""
        name, data = payloads.event(chance, chance.randrange(1 << 22))
        kind = chance.random()
        if kind < 0.3:
            return name, data
        if kind < 0.85:
            return name, spoiled_value(chance, data)
        return name, _damaged(chance, data)

    def strategy(self) -> SearchStrategy[Event]:
        """The same, in the order of Hypothesis' own chance."""
        return st.randoms(use_true_random=False).map(self.make)

    async def feed(self, given: Sequence[Event]) -> None:
        """Raises Fault if one is more than refused."""
        await self._house.receive(*given)


def _damaged(chance: random.Random, data: Any) -> Any:
    """What still is JSON after bytes of it were changed; what is none does not get past the connection's checksum."""
    raw = json.dumps(data).encode()
    for _ in range(10):
        try:
            return json.loads(spoiled_bytes(chance, raw))
        except (ValueError, RecursionError):
            continue
    return data


@asynccontextmanager
async def opened(seed: int = 0) -> AsyncIterator[Listener]:
    """A bot of its own."""
    async with house(seed) as inside:
        yield Listener(inside)
