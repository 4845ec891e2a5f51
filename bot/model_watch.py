"""How the model server is, asked at regular intervals: whether it answers, and which versions it took out of service.

A server of our own that is alive and answers nothing is started anew. One that is only busy answers: its routes run on
another thread than the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot.child import ModelChild
from moderation_model.errors import ModelError

log = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds between two questions. Each waits for its answer as long as the client lets it, by default 10 s."""
SILENCES = 3
"""Questions without an answer in a row after which a server of our own counts as hung: over half a minute."""


class ModelWatch:
    """`look` asks once, `run` for ever. `unhealthy`: version and reason of what the server serves no more;
    `version`: what serves as far as is known.
    """

    def __init__(self, ask: Callable[[], Awaitable[Mapping[str, Any]]], *, child: ModelChild | None) -> None:
        """`ask` gives the server's own account of its health, or raises ModelError."""
        self._ask = ask
        self._child = child
        self._silences = 0
        self.unhealthy: dict[str, str] = {}
        self.version: str | None = None

    @property
    def state(self) -> str:
        """The model in a word: `ready` or `remote` while it answers, else `away` or what the child says."""
        if self._child is not None and self._child.state != "ready":
            return self._child.state
        if self._silences:
            return "away"
        return "remote" if self._child is None else "ready"

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Ask once, and start a hung server of our own anew."""
        child = self._child
        if child is not None and child.state != "ready":
            self._silences = 0
            return
        pid = child.pid if child is not None else None
        try:
            found = await self._ask()
        except ModelError:
            self._silences += 1
            if child is not None and self._silences >= SILENCES and child.pid == pid:
                self._silences = 0
                child.end_hung()
            return
        self._silences = 0
        version, unhealthy = found.get("version"), found.get("unhealthy")
        self.version = version if isinstance(version, str) else None
        self.unhealthy = dict(unhealthy) if isinstance(unhealthy, dict) else {}
