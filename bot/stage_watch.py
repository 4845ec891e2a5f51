"""What the bot does in the demo, as it happens, and waiting for it without sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.cases import Case
from bot.errors import BotError
from bot.flow.moderate import Passed

PASS_SECONDS = 60.0
"""How long a line may take before it counts as lost: a restart of the model server lies within it."""


class DemoFailed(BotError):
    """The demo could not be played; the sentence says where it stopped."""


@dataclass
class Watch:
    """What the bot did, by message and by case. Every wait raises TimeoutError when it does not come."""

    passes: dict[tuple[int, bool], Passed] = field(default_factory=dict)
    cards: dict[int, Case] = field(default_factory=dict)
    unscored: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def passed(self, passed: Passed) -> None:
        """Called after each pass. What was left unscored comes again once it is scored."""
        if passed.outcome == "unscored":
            self.unscored += 1
            return
        self.passes.setdefault((passed.message.message_id, passed.message.revision > 0), passed)
        self._changed.set()

    def presented(self, case: Case) -> None:
        """Called after each card."""
        self.cards[case.case_id] = case
        self._changed.set()

    async def of(self, message_id: int, *, edited: bool = False) -> Passed:
        """The pass over that message."""
        await self._until(lambda: (message_id, edited) in self.passes)
        return self.passes[message_id, edited]

    async def card(self, case_id: int, *, shows: Callable[[Case], bool] = lambda case: True) -> Case:
        """The case once its card is posted and shows what `shows` asks for."""
        await self._until(lambda: case_id in self.cards and shows(self.cards[case_id]))
        return self.cards[case_id]

    async def _until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(PASS_SECONDS):
            while not there():
                self._changed.clear()
                await self._changed.wait()
