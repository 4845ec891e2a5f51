"""How the running bot stands: a word a part for /healthz, and the figures that are read at each scrape.

Everything here is in memory already: to look costs no request and no query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import get_args

from bot.chat.client import CandorBot
from bot.core.policy import Why
from bot.core.states import WORDS, WRONG, handles_messages
from bot.flow.backlog import Backlog
from bot.flow.flows import Flows
from bot.flow.ports import Clock
from bot.flow.stores import Stores
from bot.jobs import Jobs
from bot.model_watch import ModelWatch
from bot.steady import ClockWatch
from moderation_model.figures import Reading, Values, one_of

BREAKER = ("closed", "open", "half_open")


class Standing:
    """`closing` is set once the bot begins to stop; `blocked` says whether the event loop stood still."""

    def __init__(
        self,
        *,
        bot: CandorBot,
        flows: Flows,
        stores: Stores,
        backlog: Backlog,
        jobs: Jobs,
        model_watch: ModelWatch,
        clock_watch: ClockWatch,
        breaker: Callable[[], str],
        blocked: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._flows = flows
        self._stores = stores
        self._backlog = backlog
        self._jobs = jobs
        self._model = model_watch
        self._clock_watch = clock_watch
        self._breaker = breaker
        self._blocked = blocked
        self._clock = clock
        self.closing = False

    def state(self) -> dict[str, object]:
        """Each part in a word (`core/states.py`), and how much waits."""
        return {
            **self._words(),
            "spooled": self._stores.spool.count,
            "cards_waiting": self._flows.desk.waiting,
        }

    def _words(self) -> dict[str, str]:
        spooling = self._flows.spooling
        away = "full" if spooling.full else "away"
        return {
            "discord": self._discord(),
            "model": self._model.state,
            "model_version": "unhealthy" if self._model.unhealthy else "ok",
            "database": "ready" if spooling.away_since is None else away,
            "spool": self._stores.spool.state,
            "clock": "jumped" if self._clock_watch.jumped else "steady",
            "event_loop": "blocked" if self._blocked() else "ok",
        }

    def _discord(self) -> str:
        if self.closing:
            return "closing"
        if not self._bot.ready_event.is_set():
            return "connecting"
        return "ready" if self._bot.connected else "away"

    def figures(self) -> Reading:
        """Values of `metrics.STANDING`."""
        words, bot = self._words(), self._bot
        channels_left, checked = self._flows.catch_up.left
        found: dict[str, Values | float] = {
            "candor_ready": float(handles_messages(words)),
            "candor_state": {(part, word): float(words[part] == word) for part in WORDS for word in WORDS[part]},
            "candor_wrong": {(part,): float((part, word) in WRONG) for part, word in words.items()},
            "candor_build_info": {(_build(),): 1.0},
            "candor_model_info": {(self._model.version,): 1.0} if self._model.version else {},
            "candor_servers": len(bot.guilds),
            "candor_gateway_latency_seconds": bot.latency,
            "candor_messages_in_pass": bot.in_pass.messages,
            "candor_writes_waiting": self._stores.predictions.writes_waiting,
            "candor_cards_waiting": self._flows.desk.waiting,
            "candor_model_breaker": one_of(self._breaker(), BREAKER),
            "candor_cursor_lag_seconds": self._flows.cursors.lag(),
            "candor_catch_up_channels_left": channels_left,
            "candor_catch_up_messages_checked": checked,
            "candor_spooled_messages": self._stores.spool.count,
            "candor_spool_bytes": self._stores.spool.size,
            "candor_store_failures_total": self._stores.database.failures,
            "candor_discord_requests_total": {(outcome,): count for outcome, count in bot.requests.ended.items()},
            "candor_unreadable_events_total": bot.unreadable.count,
            "candor_unforeseen_failures_total": bot.failures,
            "candor_scheduled_runs_total": dict(self._jobs.ended),
            **self._waiting(),
        }
        return {name: value if isinstance(value, Mapping) else {(): value} for name, value in found.items()}

    def _waiting(self) -> dict[str, Values | float]:
        waiting, counted_at = self._backlog.waiting, self._backlog.counted_at
        if waiting is None or counted_at is None:
            return {}
        now = self._clock.now()
        oldest = 0.0 if waiting.oldest is None else (now - waiting.oldest).total_seconds()
        return {
            "candor_unscored_waiting": waiting.unscored,
            "candor_cases_waiting": {(why,): waiting.cases.get(why, 0) for why in get_args(Why)},
            "candor_oldest_case_seconds": max(0.0, oldest),
            "candor_backlog_age_seconds": max(0.0, (now - counted_at).total_seconds()),
        }


def _build() -> str:
    try:
        return version("candor")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
