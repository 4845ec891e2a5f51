"""Every night: how the model does on the newest verdicts, and whether its scores drift. Written down, told to nobody.

Drift compares the last week's scores, and its share of words that the model does not know, with those of the three
weeks before.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.core.drift import Drift, drift
from bot.core.numbers import precision_by_label, recall
from bot.flow.turns import Turn
from bot.store.stats import Span, StatsStore
from bot.store.weekly import WeeklyStore

log = structlog.get_logger(__name__)

LABELS_FROM, NOW, BEFORE = timedelta(days=30), timedelta(days=7), timedelta(days=28)


class Nightly:
    """Reads what was recorded. Every method raises StoreUnavailable."""

    def __init__(self, *, stats: StatsStore, weekly: WeeklyStore) -> None:
        self._stats = stats
        self._weekly = weekly

    async def run(self, turn: Turn) -> str:
        """The figures of one guild in one line: precision by label, recall, drift."""
        assert turn.guild_id is not None, "this job runs by guild"
        span = Span(turn.guild_id, turn.due - LABELS_FROM, turn.due)
        precision = precision_by_label(await self._stats.verdicts(span))
        found = await drift_until(self._weekly, guild_id=turn.guild_id, until=turn.due)
        figures = {name: f"{each.right}/{each.total}" for name, each in precision.items()}
        index = None if found is None else round(found.index, 3)
        unknown = None if found is None or found.words is None else round(found.words.now.mean, 4)
        log.info("nightly", guild_id=turn.guild_id, right=figures, drift=index, unknown_words=unknown)
        parts = [f"{name} {each.sentence}" for name, each in precision.items()] or ["no verdict yet"]
        parts.append(recall(await self._stats.audits(span)).sentence)
        parts.append(found.sentence if found is not None else "too few messages to speak of drift")
        return "; ".join(parts)


async def drift_until(weekly: WeeklyStore, *, guild_id: int, until: datetime) -> Drift | None:
    """The label whose scores moved most in the week up to then; None with too few messages or a new model."""
    now = Span(guild_id, until - NOW, until)
    before = Span(guild_id, until - BEFORE, now.since)
    return drift(await weekly.histograms(before, now), await weekly.unknown_words(before, now))
