"""The weekly moderation report: one card in the reports channel, silent, and nothing in a week with hardly a card."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.core.cron import WEEKDAYS
from bot.core.numbers import precision_by_label, response_time
from bot.core.weekly import DAYS, LEAST_CARDS, OVERDUE, WeekReport
from bot.core.wrong_words import WrongWord, wrong_words
from bot.flow.nightly import drift_until
from bot.flow.ports import Clock, ModelService, WeekBoard
from bot.flow.presence import away_between
from bot.flow.turns import Turn
from bot.store.guilds import GuildStore
from bot.store.leases import LeaseStore
from bot.store.queue import QueueStore
from bot.store.stats import Span, StatsStore
from bot.store.weekly import WeeklyStore
from moderation_model.errors import ModelError
from moderation_model.labels import LABEL_NAMES
from moderation_model.pictures import CardsPicture, alt, day

log = structlog.get_logger(__name__)


class Weekly:
    """Reads what was recorded and posts it. Every method raises StoreUnavailable."""

    def __init__(
        self,
        *,
        model: ModelService,
        board: WeekBoard,
        guilds: GuildStore,
        stats: StatsStore,
        weekly: WeeklyStore,
        queue: QueueStore,
        leases: LeaseStore,
        clock: Clock,
    ) -> None:
        self._model = model
        self._board = board
        self._guilds = guilds
        self._stats = stats
        self._weekly = weekly
        self._queue = queue
        self._leases = leases
        self._clock = clock

    async def run(self, turn: Turn) -> str:
        """Post the report on the seven days before the turn was due; what came of it. Raises BoardUnavailable."""
        assert turn.guild_id is not None, "this job runs by guild"
        rules = await self._guilds.get(turn.guild_id)
        if rules.reports_to is None:
            return "no channel for reports"
        report = await self.report(guild_id=turn.guild_id, until=turn.due)
        if len(report.cards) < LEAST_CARDS:
            return f"skipped: {len(report.cards)} cards, a report needs {LEAST_CARDS}"
        picture = picture_of(report)
        png = await self._drawn(picture, turn.guild_id)
        await turn.confirm()
        await self._board.show_week(report, channel_id=rules.reports_to, png=png, words=alt(picture))
        return f"posted: {len(report.cards)} cards, {report.needs} needs"

    async def report(self, *, guild_id: int, until: datetime) -> WeekReport:
        """The numbers of the seven days before then. Raises BoardUnavailable."""
        span = Span(guild_id, until - timedelta(days=DAYS), until)
        rules = await self._guilds.get(guild_id)
        queue = await self._queue.counts(guild_id=guild_id, opened_before=self._clock.now() - OVERDUE)
        precision = precision_by_label(await self._stats.verdicts(span))
        return WeekReport(
            guild_id=guild_id,
            since=span.since,
            until=span.until,
            cards=await self._weekly.cards(span),
            overdue=queue.overdue,
            oldest=queue.oldest,
            trouble=await self._board.trouble(rules),
            harm=await self._weekly.harm(span),
            precision={rules.title(name): precision[name] for name in LABEL_NAMES if name in precision},
            reported=await self._weekly.reported(span),
            audits=await self._stats.audits(span),
            words=len(await self.words(guild_id=guild_id, until=until)),
            wait=response_time(await self._stats.waits(span)),
            moods=await self._weekly.moods(span),
            read=await self._weekly.read(span),
            away=await away_between(self._leases, since=max(span.since, rules.set_up_at or span.since), until=until),
            drift=await drift_until(self._weekly, guild_id=guild_id, until=until),
            goal=rules.goal_precision / 100,
        )

    async def words(self, *, guild_id: int, until: datetime) -> tuple[WrongWord, ...]:
        """The words that were most often wrong in those seven days, out of the texts that are still kept."""
        span = Span(guild_id, until - timedelta(days=DAYS), until)
        known = (await self._guilds.get(guild_id)).fine_words
        return wrong_words(await self._weekly.judged_words(span), known=known)

    async def _drawn(self, picture: CardsPicture, guild_id: int) -> bytes | None:
        """None where the model server does not draw: the report says everything without it."""
        try:
            return await self._model.picture(picture)
        except ModelError as error:
            log.warning("no_picture", guild_id=guild_id, why=type(error).__name__)
            return None


def picture_of(report: WeekReport) -> CardsPicture:
    """Cards by day and how they ended; a day lasts 24 hours from the hour of the report on."""
    rows: list[tuple[str, int, int, int]] = []
    for number, ends in enumerate(report.days):
        date = report.since + timedelta(days=number)
        broke, fine = ends["breaks_rules"], ends["fine"]
        rows.append((f"{WEEKDAYS[date.weekday()].capitalize()} {date.day}", broke, fine, ends.total() - broke - fine))
    return CardsPicture.of(f"{day(report.since)} to {day(report.until)}", rows)
