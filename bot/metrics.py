"""The bot's figures for Prometheus: what is counted on the way, and what is read when somebody asks.

They name outcomes, labels, kinds and versions, never people, servers, channels or texts; every label has a bounded set
of values. docs/metrics.md is written from these tables.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from time import monotonic
from typing import get_args

from bot.core.actions import BY_PEOPLE, Action
from bot.core.cases import ActionState
from bot.core.policy import Why
from bot.flow.laps import Stage
from bot.flow.moderate import Passed, PassOutcome
from moderation_model.figures import Counts, Figure, Page, Read, Reading, Times
from moderation_model.labels import LABEL_NAMES

PASS_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STAGE_BOUNDS = (0.001, 0.0025, 0.005, *PASS_BOUNDS)
LAG_BOUNDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
WORST_SECONDS = 60.0
"""The worst lateness is shown for so long at least, and for twice as long at most."""

OTHER = "other"
"""A label that is none of ours: a foreign model may have any."""
DECIDED_BY = (*LABEL_NAMES, "keyword", *get_args(Why), OTHER)
KINDS = tuple(kind.__dataclass_fields__["kind"].default for kind in get_args(Action) if kind not in BY_PEOPLE)
ENDS = (*get_args(ActionState), "withheld")

MESSAGES = Figure("candor_messages_total", "counter", "Messages by how their pass ended.", ("outcome",))
DECISIONS = Figure(
    "candor_decisions_total",
    "counter",
    "Cases opened, by each label that reached a limit; by why they were opened where none did.",
    ("label",),
)
ACTIONS = Figure("candor_actions_total", "counter", "Automatic actions by how they ended.", ("kind", "state"))
UNSCORED = Figure("candor_model_failures_total", "counter", "Messages that the model could not score.")
PASS = Figure("candor_pass_seconds", "histogram", "Seconds of a whole pass, from its turn.", bounds=PASS_BOUNDS)
STAGES = Figure(
    "candor_pass_stage_seconds",
    "histogram",
    "Seconds by stage of the pass: wait (for its turn), rules (with whether it was seen), model, decide, store, act.",
    ("stage",),
    STAGE_BOUNDS,
)
CARD = Figure(
    "candor_card_seconds",
    "histogram",
    "Seconds of one review card, from its turn: explained (for 2 s at most), posted or brought up to date.",
    bounds=PASS_BOUNDS,
)
LAG = Figure(
    "candor_event_loop_lag_seconds", "histogram", "Seconds by which the event loop was late.", bounds=LAG_BOUNDS
)
LAG_LAST = Figure("candor_event_loop_lag_last_seconds", "gauge", "Lateness of the event loop at the last beat.")
LAG_WORST = Figure(
    "candor_event_loop_lag_max_seconds", "gauge", "Worst lateness of the event loop in the last minute or two."
)
COUNTED = (MESSAGES, DECISIONS, ACTIONS, UNSCORED, PASS, STAGES, CARD, LAG)

STANDING = (
    Figure("candor_ready", "gauge", "1 while messages are handled, as /readyz says."),
    Figure("candor_state", "gauge", "1 for the word in which a part stands, 0 for its others.", ("part", "state")),
    Figure(
        "candor_wrong", "gauge", "1 while a part stands in a word that `candor doctor` finds fault with.", ("part",)
    ),
    Figure("candor_build_info", "gauge", "Always 1: the version of the bot.", ("version",)),
    Figure("candor_model_info", "gauge", "Always 1: the model version that serves, as far as is known.", ("version",)),
    Figure("candor_servers", "gauge", "Discord servers that this process looks after."),
    Figure("candor_gateway_latency_seconds", "gauge", "From a heartbeat to Discord's answer."),
    Figure("candor_messages_in_pass", "gauge", "Messages in the pass, or waiting for one of its 64 turns."),
    Figure("candor_writes_waiting", "gauge", "Rows of scores that wait for the transaction before theirs."),
    Figure("candor_cards_waiting", "gauge", "Review cards that wait to be posted."),
    Figure(
        "candor_model_breaker",
        "gauge",
        "1 for the state of the circuit breaker in front of the model server: closed (calls go out), open, half_open "
        "(one call tries).",
        ("state",),
    ),
    Figure(
        "candor_cursor_lag_seconds",
        "gauge",
        "For how long the oldest message that should be decided has waited for it.",
    ),
    Figure(
        "candor_catch_up_channels_left",
        "gauge",
        "Channels whose messages of an absence are still to be read. Discord does not say how many messages those are.",
    ),
    Figure("candor_catch_up_messages_checked", "gauge", "Messages of absences that are being caught up with, checked."),
    Figure("candor_spooled_messages", "gauge", "Messages and deletions in the spool, waiting for the database."),
    Figure("candor_spool_bytes", "gauge", "Size of the spool's file. It is full at 64 MiB."),
    Figure("candor_unscored_waiting", "gauge", "Messages of the last 24 hours that wait to be scored."),
    Figure("candor_cases_waiting", "gauge", "Open cases that wait for moderators, by why they were opened.", ("why",)),
    Figure("candor_oldest_case_seconds", "gauge", "For how long the oldest open case is open; 0 where none is."),
    Figure(
        "candor_backlog_age_seconds",
        "gauge",
        "How old the three figures before this one are: they are counted once a minute, and kept while the database is "
        "away.",
    ),
    Figure("candor_store_failures_total", "counter", "What the database did not answer or refused."),
    Figure(
        "candor_discord_requests_total",
        "counter",
        "Requests to Discord by how they ended: ok, forbidden (401, 403), limited (429), refused (other 4xx), failed "
        "(5xx), lost (no answer).",
        ("outcome",),
    ),
    Figure(
        "candor_unreadable_events_total", "counter", "Events of Discord that were dropped because nobody can read them."
    ),
    Figure("candor_unforeseen_failures_total", "counter", "Messages and answers that ended in an unforeseen error."),
    Figure(
        "candor_scheduled_runs_total",
        "counter",
        "Scheduled jobs of this process by how they ended.",
        ("work", "outcome"),
    ),
)
"""Read at each scrape from `bot/standing.py`."""

FIGURES = (*COUNTED, LAG_LAST, LAG_WORST, *STANDING)


class Metrics:
    """The bot's figures. All of it belongs to the event loop's thread."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._messages = Counts(MESSAGES, [(outcome,) for outcome in get_args(PassOutcome)])
        self._decisions = Counts(DECISIONS, [(label,) for label in DECIDED_BY])
        self._actions = Counts(ACTIONS, list(product(KINDS, ENDS)))
        self._unscored = Counts(UNSCORED)
        self._seconds = Times(PASS)
        self._stages = Times(STAGES, [(stage,) for stage in get_args(Stage)])
        self._cards = Times(CARD)
        self._lag = Times(LAG)
        self._last = self._worst = self._worst_before = 0.0
        self._minute = self._now()
        lateness, self._standing = Read((LAG_LAST, LAG_WORST)), Read(STANDING)
        lateness.source = self._lateness
        counted = (self._messages, self._decisions, self._actions, self._unscored)
        self._page = Page(*counted, self._seconds, self._stages, self._cards, self._lag, lateness, self._standing)
        self.registry = self._page.registry

    def watch(self, standing: Callable[[], Reading]) -> None:
        """Ask for the figures of `STANDING` there at every scrape; what it answers must cost next to nothing."""
        self._standing.source = standing

    def passed(self, passed: Passed) -> None:
        """Count one message that went through the pass."""
        self._messages.add(passed.outcome)
        self._seconds.observe(passed.milliseconds / 1000)
        for stage, seconds in passed.stages.items():
            self._stages.observe(seconds, stage)
        if passed.outcome == "unscored" or passed.failure is not None:
            self._unscored.add()
        if passed.outcome != "decided" or passed.case is None:
            return
        for label in passed.decision.labels or (passed.decision.opens or OTHER,):
            self._decisions.add(label if label in DECIDED_BY else OTHER)
        for record in passed.case.actions:
            self._actions.add(record.action.kind, record.state)
        for action in passed.decision.withheld:
            self._actions.add(action.kind, "withheld")

    def waited(self, seconds: float) -> None:
        """Record for how long a message waited for its turn in the pass."""
        self._stages.observe(seconds, "wait")

    def carded(self, seconds: float) -> None:
        """Record how long a review card took."""
        self._cards.observe(seconds)

    def lagged(self, seconds: float) -> None:
        """Record by how much the event loop was late at one beat."""
        self._lag.observe(seconds)
        self._last = seconds
        self._forget_old()
        self._worst = max(self._worst, seconds)

    def page(self) -> bytes:
        """All figures in Prometheus' text form."""
        return self._page.text()

    def _lateness(self) -> Reading:
        self._forget_old()
        return {LAG_LAST.name: {(): self._last}, LAG_WORST.name: {(): max(self._worst, self._worst_before)}}

    def _forget_old(self) -> None:
        """Keep the worst of this minute and of the one before, so that no reader takes it away from another."""
        now = self._now()
        passed = now - self._minute
        if passed >= WORST_SECONDS:
            self._worst_before = self._worst if passed < 2 * WORST_SECONDS else 0.0
            self._worst, self._minute = 0.0, now
