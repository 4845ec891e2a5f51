"""What was left unscored is passed again: soon after the model answers again, and by the clock.

Live messages come first: the backlog asks at the lowest priority, and only so many of it are under way at a time.
Within the backlog the newest come first: what is over an hour old is never acted on, so the newest are where a decision
still helps.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.core.cases import MessageKey
from bot.core.events import IncomingMessage
from bot.errors import BotError, GuildAway, NotAllowed, StoreUnavailable
from bot.flow.failing import Failing
from bot.flow.moderate import Moderate
from bot.flow.ports import PAGE, Clock, Messages, ModelService
from bot.store.database import is_away
from bot.store.predictions import PredictionStore
from moderation_model.errors import BadRequest, ModelError, ModelFailed

log = structlog.get_logger(__name__)

RESCORE_WINDOW = timedelta(hours=24)
"""Unscored messages older than this are left as they are."""
PAUSE = 1.0
"""Seconds between two questions whether the model is back, and between two rounds of the backlog."""
LONGEST_PAUSE = 30.0
"""The same after errors, and while nothing of the backlog can be moved."""
ROUND = 1000
AT_ONCE = 16
"""Of the backlog in the pass at a time; live messages have room for several times as many."""
CHANNELS_AT_ONCE = 4
CLOSED_FOR = timedelta(minutes=5)
"""A channel that the bot may not read is not asked for again so soon."""
PROBE = "Is anybody there? {number}"


@dataclass(slots=True)
class _Round:
    """How one round of the backlog went. `unanswered`: the model gave no answer to these; `absent`: the servers of
    which Discord says nothing; `closed`: the channels that the bot may not read; `tried`: each is passed once.
    """

    closed: set[int]
    done: int = 0
    given_up: int = 0
    failed: list[MessageKey] = field(default_factory=list)
    unanswered: list[MessageKey] = field(default_factory=list)
    tried: set[tuple[int, int]] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    away: bool = False

    @property
    def left_out(self) -> int:
        """Servers and channels of which nothing is read now."""
        return len(self.absent) + len(self.closed)

    @property
    def stuck(self) -> bool:
        """Nothing was moved though the model is there."""
        return not (self.done or self.given_up or self.away)


class Rescoring:
    """Passes again what the model could not score when it came."""

    def __init__(
        self,
        *,
        moderate: Moderate,
        model: ModelService,
        messages: Messages,
        predictions: PredictionStore,
        clock: Clock,
    ) -> None:
        self._moderate = moderate
        self._model = model
        self._messages = messages
        self._predictions = predictions
        self._clock = clock
        self._failing = Failing(predictions, moderate.model_answered)
        self._one_round = asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._channels = asyncio.Semaphore(CHANNELS_AT_ONCE)
        self._probes = 0
        self._closed: dict[int, datetime] = {}

    def came_back(self) -> None:
        """A server is there again of which something may wait."""
        self._moderate.left_unscored.set()

    async def rescore(self, *, limit: int = ROUND) -> int:
        """Pass again what was left unscored, the newest first; how many were decided now.

        A message that the model fails on, failed by itself. A page without one answer means that the model is away: the
        rest waits. One without an answer among successes is that message's own failure too. What fails by itself time
        and again is given up, so that it holds up no other. Raises BotError where database or Discord is away.

        What waits of a server that is away, or of a channel that the bot may not read, does not count to `limit`.
        """
        return (await self._round(limit)).done

    async def _round(self, limit: int) -> _Round:
        async with self._one_round:
            this, left_out = _Round(self._closed_now()), -1
            while this.left_out > left_out and not this.away:
                left_out = this.left_out
                await self._newest(limit, this)
            alone = this.done and not this.away
            await self._failing.count(this.failed + this.unanswered if alone else this.failed)
            return this

    async def _newest(self, limit: int, this: _Round) -> None:
        """Pass the newest of the servers that are not known to be away, and of the channels that may be read."""
        since = self._clock.now() - RESCORE_WINDOW
        found = await self._predictions.unscored(since=since, limit=limit, without=this.absent, closed=this.closed)
        keys = [key for key in found if (key.message_id, key.revision) not in this.tried]
        for page in _pages(keys):
            this.tried |= {(key.message_id, key.revision) for key in page}
            await self._page(page, this)
            if this.away:
                break

    async def _page(self, page: Sequence[MessageKey], this: _Round) -> None:
        by_channel: dict[tuple[int, int], list[MessageKey]] = defaultdict(list)
        for key in page:
            if key.channel_id not in this.closed:
                by_channel[key.guild_id, key.channel_id].append(key)
        before, unanswered = this.done, len(this.unanswered)
        await _together(self._channel(keys, this) for keys in by_channel.values())
        silent = this.done == before and len(this.unanswered) > unanswered
        this.away = silent and len(this.unanswered) > 1

    async def _channel(self, keys: Sequence[MessageKey], this: _Round) -> None:
        ids = [key.message_id for key in keys]
        try:
            async with self._channels:
                found = await self._messages.fetch_many(
                    guild_id=keys[0].guild_id, channel_id=keys[0].channel_id, message_ids=ids
                )
        except GuildAway:
            this.absent.add(keys[0].guild_id)  # they stay unscored until it is there again
            return
        except NotAllowed:
            # They stay unscored, too: permissions are given back.
            this.closed.add(keys[0].channel_id)
            self._closed[keys[0].channel_id] = self._clock.now()
            log.info("rescore_not_allowed", channel_id=keys[0].channel_id, guild_id=keys[0].guild_id)
            return
        except BotError:
            raise
        except Exception:
            log.exception("rescore_crashed", channel_id=keys[0].channel_id, guild_id=keys[0].guild_id)
            return
        await _together(self._pass(key, found.get(key.message_id), this) for key in keys)

    async def _pass(self, key: MessageKey, message: IncomingMessage | None, this: _Round) -> None:
        async with self._room:
            if message is None or message.revision != key.revision:
                await self._give_up(key, this, why="gone" if message is None else "edited")
            if message is None:
                return
            try:
                passed = await self._moderate.handle(message, priority="backfill")
            except StoreUnavailable as error:
                if is_away(error):
                    raise
                this.failed.append(key)  # the database refuses this row alone
                return
            except BotError:
                raise
            except Exception:
                log.exception("rescore_crashed", message_id=key.message_id, guild_id=key.guild_id)
                this.failed.append(key)
                return
            if passed.outcome in ("exempt", "empty"):
                await self._give_up(key, this, why=passed.outcome)
        if isinstance(passed.failure, ModelFailed):
            this.failed.append(key)
        elif passed.failure is not None and not isinstance(passed.failure, BadRequest):
            this.unanswered.append(key)
        this.done += passed.outcome == "decided" and passed.failure is None

    async def _give_up(self, key: MessageKey, this: _Round, *, why: str) -> None:
        await self._predictions.give_up(message_id=key.message_id, revision=key.revision, why=why)
        this.given_up += 1

    async def run(self) -> None:
        """Rescore as soon as the model answers after messages were left unscored, until none is left; at first what an
        earlier process left. Until cancelled.
        """
        pause = PAUSE
        while True:
            try:
                self._moderate.left_unscored.clear()
                if not await self._has_backlog():
                    await self._moderate.left_unscored.wait()
                    continue
                stuck = await self._model_is_back() and (await self._round(ROUND)).stuck
                pause = min(pause * 2, LONGEST_PAUSE) if stuck else PAUSE
            except BotError as error:
                # The database or Discord is away; the messages stay unscored until both answer.
                log.warning("rescore_failed", why=type(error).__name__)
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception:
                log.exception("rescore_crashed")
                pause = min(pause * 2, LONGEST_PAUSE)
            await self._rest(pause)

    async def _rest(self, pause: float) -> None:
        """A longer pause ends early for what is left unscored meanwhile, and for servers that come back."""
        await asyncio.sleep(PAUSE)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause - PAUSE):
                await self._moderate.left_unscored.wait()

    async def _has_backlog(self) -> bool:
        since = self._clock.now() - RESCORE_WINDOW
        return bool(await self._predictions.unscored(since=since, limit=1, closed=self._closed_now()))

    def _closed_now(self) -> set[int]:
        """The channels that the bot was not allowed to read a moment ago."""
        now = self._clock.now()
        self._closed = {each: at for each, at in self._closed.items() if abs(now - at) < CLOSED_FOR}
        return set(self._closed)

    async def _model_is_back(self) -> bool:
        """Whether it scores. Asked with a text of our own: a question costs no message and no call to Discord.

        Never the same text twice, which the server would answer from memory.
        """
        self._probes += 1
        try:
            await self._model.classify([PROBE.format(number=self._probes)], priority="backfill")
        except ModelError:
            return False
        return True


def _pages(keys: Sequence[MessageKey]) -> Iterator[Sequence[MessageKey]]:
    """One message first, which shows whether the model scores members' messages; then so many as go together."""
    yield keys[:1]
    for start in range(1, len(keys), PAGE):
        yield keys[start : start + PAGE]


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it at the same time, whatever becomes of each; raises the first error of all."""
    for error in await asyncio.gather(*work, return_exceptions=True):
        if error is not None:
            raise error
