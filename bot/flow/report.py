"""Statistics of a guild or a channel: numbers and the pictures of them, never by member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.core.numbers import precision_by_label
from bot.errors import BotError
from bot.flow.figures import Figures, by_channel
from bot.flow.ports import Clock, ModelService
from bot.store.guilds import GuildStore
from bot.store.stats import Span, StatsStore
from moderation_model.errors import ModelError
from moderation_model.labels import LABEL_NAMES
from moderation_model.pictures import alt

log = structlog.get_logger(__name__)

MOST_DAYS = 60
"""A picture has room for so many bars of a day each."""
NOTHING_YET = "Nothing was read or flagged here in that time, so there is nothing to show yet. It fills by itself!"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as a file; `words`: what it shows."""

    filename: str
    png: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer: text, and the pictures, none where there was nothing to draw or the model server could not."""

    text: str
    pictures: tuple[Drawn, ...] = ()


@dataclass(frozen=True, slots=True)
class Statistics:
    """Reads what was recorded; changes nothing."""

    model: ModelService
    stats: StatsStore
    guilds: GuildStore
    clock: Clock

    async def of(
        self, *, guild_id: int, days: int, channels: Mapping[int, str], channel: tuple[int, str] | None = None
    ) -> Reported:
        """The last `days`, today included, of the guild or of one `channel` (its id and name).

        `channels`: the names that may be shown, by id; every other channel counts among "other channels". Where the
        model server does not draw, everything is in the text, with the reason. Raises BotError, StoreUnavailable.
        """
        if not 1 <= days <= MOST_DAYS:
            raise BotError(f"Statistics look back 1 to {MOST_DAYS} days.")
        figures = await self._figures(guild_id, days, channels, channel)
        if figures.empty:
            return Reported(NOTHING_YET)
        pictures = {"statistics.png": figures.summary, "weeks.png": figures.by_week}
        try:
            drawn = [
                Drawn(name, await self.model.picture(picture), alt(picture))
                for name, picture in pictures.items()
                if picture is not None
            ]
        except ModelError as error:
            log.warning("no_picture", guild_id=guild_id, why=type(error).__name__)
            return Reported(f"{figures.heading}\n{figures.lines}\nThere is no picture. {error}")
        return Reported(figures.heading, tuple(drawn))

    async def _figures(
        self, guild_id: int, days: int, channels: Mapping[int, str], channel: tuple[int, str] | None
    ) -> Figures:
        now = self.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        # A second more, so that what happened just now counts, but never a day more.
        until = min(now + timedelta(seconds=1), midnight + timedelta(days=1))
        span = Span(guild_id, midnight - timedelta(days=days - 1), until, channel[0] if channel else None)
        rules = await self.guilds.get(guild_id)
        precision = precision_by_label(await self.stats.verdicts(span))
        names = dict(channels) | ({channel[0]: channel[1]} if channel else {})
        return Figures(
            days=days,
            first=span.since.date(),
            flags=await self.stats.flags_a_day(span),
            precision={rules.title(name): precision[name] for name in LABEL_NAMES if name in precision},
            ends=await self.stats.ends(span),
            deeds=await self.stats.deeds(span),
            waits=await self.stats.waits(span),
            audits=await self.stats.audits(span),
            weeks=by_channel(await self.stats.weeks(span), names),
            channel=f"#{channel[1]}" if channel else None,
        )
