"""Texts that are asked for at the same time go to the model server in one request.

A request costs about a millisecond on either side however many texts it holds, and in a raid hundreds are asked for at
once. Nothing waits when few requests are under way; what comes while enough of them are goes along with the next one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from moderation_model.client import ModelClient
from moderation_model.contract import Prediction
from moderation_model.errors import BadRequest, ModelFailed, ModelUnavailable

MOST_REQUESTS = 4
"""Under way at a time and priority: enough that the server prepares one batch while it scores another."""
MOST_TEXTS, MOST_CHARACTERS = 64, 100_000
"""In one request of several callers, well under what the server takes (512 texts, 1 MiB)."""
CLOSED = "The model client was closed. Start the bot again."

Send = Callable[[Sequence[str], int | None, str], Awaitable[list[Prediction]]]


@dataclass(frozen=True, slots=True)
class _Asked:
    texts: Sequence[str]
    guild_id: int | None
    answer: asyncio.Future[list[Prediction]]

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


class CoalescingClient(ModelClient):
    """A `ModelClient` whose `classify` sends the texts of many callers together; every other method is the same.

    Callers of one priority share requests; a request names the guild that all of its texts are of, if there is one. An
    error reaches every caller of its request, but for texts that the server refuses or fails on: those are found by
    halves, with about 2 log2(n) requests for one among n callers, and their neighbours are scored. A caller who is
    cancelled takes its texts along if they were not sent yet.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        plain_http: bool = False,
        ca: Path | None = None,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """As `ModelClient`; `timeout` counts from the call, the wait for a request included."""
        super().__init__(url, token=token, plain_http=plain_http, ca=ca, timeout=timeout, transport=transport)
        self._lanes: dict[str, _Lane] = {}

    async def classify(
        self, texts: Sequence[str], *, guild_id: int | None = None, priority: str = "live", version: str | None = None
    ) -> list[Prediction]:
        """One prediction a text, same order. What asks for a `version` goes alone: few do, in batches of their own."""
        if version is not None:
            return await super().classify(texts, guild_id=guild_id, priority=priority, version=version)
        lane = self._lanes.setdefault(priority, _Lane(self._send, priority))
        try:
            async with asyncio.timeout(self._timeout):
                return await lane.ask(texts, guild_id)
        except TimeoutError:
            raise ModelUnavailable(f"The model server gave no answer within {self._timeout:g} s.") from None

    async def _send(self, texts: Sequence[str], guild_id: int | None, priority: str) -> list[Prediction]:
        return await super().classify(texts, guild_id=guild_id, priority=priority)

    async def aclose(self) -> None:
        """Ends what is under way and closes the pool; who waits, and calls after this, get ModelUnavailable."""
        for lane in self._lanes.values():
            await lane.close()
        await super().aclose()


class _Lane:
    """The callers of one priority, first come, first served."""

    def __init__(self, send: Send, priority: str) -> None:
        self._send = send
        self._priority = priority
        self._waiting: deque[_Asked] = deque()
        self._requests: set[asyncio.Task[None]] = set()

    async def ask(self, texts: Sequence[str], guild_id: int | None) -> list[Prediction]:
        """The predictions of `texts`, once a request brought them."""
        asked = _Asked(texts, guild_id, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if sum(not request.done() for request in self._requests) < MOST_REQUESTS:
            request = asyncio.create_task(self._work_off(), name="model-request")
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)
        return await asked.answer

    async def close(self) -> None:
        """End every request, and say so to those who wait."""
        requests = list(self._requests)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        _fail(self._waiting, ModelUnavailable(CLOSED))
        self._waiting.clear()

    async def _work_off(self) -> None:
        """One request after the other, until nobody waits."""
        while together := self._take():
            try:
                await self._request(together)
            except Exception as error:
                _fail(together, error)
            except asyncio.CancelledError:
                _fail(together, ModelUnavailable(CLOSED))
                raise

    def _take(self) -> list[_Asked]:
        """What goes into the next request, of those who still wait for it."""
        taken: list[_Asked] = []
        texts = characters = 0
        while self._waiting:
            asked = self._waiting[0]
            texts, characters = texts + len(asked.texts), characters + asked.characters
            if taken and (texts > MOST_TEXTS or characters > MOST_CHARACTERS):
                break
            self._waiting.popleft()
            if asked.answer.done():
                texts, characters = texts - len(asked.texts), characters - asked.characters
            else:
                taken.append(asked)
        return taken

    async def _request(self, together: Sequence[_Asked]) -> None:
        guilds = {asked.guild_id for asked in together}
        texts = [text for asked in together for text in asked.texts]
        try:
            found = await self._send(texts, guilds.pop() if len(guilds) == 1 else None, self._priority)
        except (BadRequest, ModelFailed):
            if len(together) == 1:
                raise
            half = len(together) // 2
            for part in (together[:half], together[half:]):
                await self._part([asked for asked in part if not asked.answer.done()])
            return
        for asked in together:
            own, found = found[: len(asked.texts)], found[len(asked.texts) :]
            if not asked.answer.done():
                asked.answer.set_result(own)

    async def _part(self, part: Sequence[_Asked]) -> None:
        """Those who still wait of one half of a request that failed; its error is that half's alone."""
        try:
            if part:
                await self._request(part)
        except Exception as error:
            _fail(part, error)


def _fail(everybody: Iterable[_Asked], error: Exception) -> None:
    for asked in everybody:
        if not asked.answer.done():
            asked.answer.set_exception(error)
