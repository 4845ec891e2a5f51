"""The bot's own trouble, told once when it lasts and once when it is over: model or database away, cards that fail.

It is noted message by message in memory and told by the clock, so that a thousand messages are one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.core.alerts import About, Alert
from bot.errors import BotError
from bot.flow.pings import Pings
from bot.flow.ports import Clock

log = structlog.get_logger(__name__)

PATIENCE = timedelta(minutes=1)
"""Trouble is told after so long without a success, and its end after so long without a failure: a server that is
started anew is not worth a call, and one that comes and goes is one trouble."""


@dataclass(slots=True)
class _Spell:
    """One guild's trouble of one kind. `failing_since` is None while it works."""

    began_at: datetime
    failing_since: datetime | None
    working_since: datetime | None = None
    told: bool = False


class _Watch:
    """The spells of one kind of trouble by guild."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.spells: dict[int, _Spell] = {}

    def failed(self, guild_id: int) -> None:
        now = self._clock.now()
        spell = self.spells.setdefault(guild_id, _Spell(now, now))
        spell.failing_since = spell.failing_since or now
        spell.working_since = None

    def worked(self, guild_id: int) -> None:
        spell = self.spells.get(guild_id)
        if spell is None:
            return
        if not spell.told:
            del self.spells[guild_id]
            return
        spell.failing_since = None
        spell.working_since = spell.working_since or self._clock.now()


class Trouble:
    """Notes failures and successes, and tells of them. Only `check` reaches outward."""

    def __init__(self, *, pings: Pings, clock: Clock) -> None:
        self._pings = pings
        self._clock = clock
        self._model, self._cards, self._database = _Watch(clock), _Watch(clock), _Watch(clock)

    def model_failed(self, guild_id: int) -> None:
        """A message of the guild was left unscored."""
        self._model.failed(guild_id)

    def model_answered(self) -> None:
        """The model scored something, so it is there for every guild."""
        for guild_id in list(self._model.spells):
            self._model.worked(guild_id)

    def cards_failed(self, guild_id: int) -> None:
        """A card of the guild could not be posted."""
        self._cards.failed(guild_id)

    def cards_posted(self, guild_id: int) -> None:
        """A card of the guild was posted."""
        self._cards.worked(guild_id)

    def database_failed(self, guild_id: int) -> None:
        """Nothing of the guild could be written down."""
        self._database.failed(guild_id)

    def database_answered(self) -> None:
        """The database is there, for every guild."""
        for guild_id in list(self._database.spells):
            self._database.worked(guild_id)

    async def check(self) -> int:
        """Tell what has lasted or is over; how much was told. What cannot be told now is tried again the next time."""
        told = await self._check(self._model, "model_away", "model_back")
        told += await self._check(self._database, "database_away", "database_back")
        return told + await self._check(self._cards, "cards_failing", "cards_back")

    async def _check(self, watch: _Watch, began: About, ended: About) -> int:
        now, told = self._clock.now(), 0
        for guild_id, spell in list(watch.spells.items()):
            if spell.failing_since is not None and not spell.told and now - spell.failing_since >= PATIENCE:
                spell.told = await self._tell(Alert(guild_id, began, since=spell.began_at))
                told += spell.told
            over = spell.working_since is not None and now - spell.working_since >= PATIENCE
            if over and await self._tell(Alert(guild_id, ended, since=spell.began_at)):
                watch.spells.pop(guild_id, None)
                told += 1
        return told

    async def _tell(self, alert: Alert) -> bool:
        try:
            return await self._pings.send(alert)
        except BotError as error:
            log.warning("trouble_untold", guild_id=alert.guild_id, about=alert.about, why=type(error).__name__)
            return False
