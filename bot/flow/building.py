"""The use cases are built here, over the stores and what lies outside; `bot.app` and the tests do it the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from bot.core.cases import Case
from bot.flow.acting import Acting
from bot.flow.appeals import Appeals
from bot.flow.audit import Audit
from bot.flow.budgeting import CardBudget
from bot.flow.cards import CardDesk
from bot.flow.collecting import Collecting
from bot.flow.coverage import Coverage
from bot.flow.deciding import Deciding
from bot.flow.flows import Flows
from bot.flow.guild_setup import GuildSetup
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.moderate import Moderate, Passed
from bot.flow.ports import (
    AuditBoard,
    Board,
    Clock,
    Enforcer,
    LearnService,
    Messages,
    Messenger,
    ModelService,
    ReportBoard,
)
from bot.flow.preview import Preview
from bot.flow.putting_back import PuttingBack
from bot.flow.queue import Queue
from bot.flow.retraining_report import Promotion, RetrainingReports
from bot.flow.review import Review
from bot.flow.telling import Telling
from bot.store.appeals import AppealStore
from bot.store.audits import AuditStore
from bot.store.case_lists import CaseListStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.grouping import GroupStore
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from bot.store.leases import LeaseStore
from bot.store.lessons import LessonStore
from bot.store.notes import NoteStore
from bot.store.predictions import PredictionStore
from bot.store.queue import QueueStore
from bot.store.replaying import ReplayStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.learning import Mode, Source


class Boards(Board, AuditBoard, ReportBoard, Protocol):
    """The review channel and the reports channel with everything that is posted there."""


class Model(LearnService, ModelService, Protocol):
    """The model server: it scores, and it learns."""


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How the bot learns: what a run changes, and whether a better model serves by itself."""

    mode: Mode = "lora"
    promotion: Promotion = "ask"


@dataclass(frozen=True, slots=True)
class Outside:
    """What the use cases reach outside of this process."""

    model: Model
    enforcer: Enforcer
    messenger: Messenger
    board: Boards
    messages: Messages
    clock: Clock


class Stores:
    """Every store over one database. `guilds` keeps rules in memory, so there is one for all.

    `source`: what the messages are that this bot sees; `permitted`: the operator may train on them on all servers.
    """

    def __init__(self, db: Database, *, source: Source = "discord_message", permitted: bool = False) -> None:
        self.guilds = GuildStore(db)
        self.predictions = PredictionStore(db)
        self.cases = CaseStore(db)
        self.groups = GroupStore(db)
        self.labels = LabelStore(db)
        self.audits = AuditStore(db)
        self.notes = NoteStore(db)
        self.appeals = AppealStore(db)
        self.queue = QueueStore(db)
        self.lists = CaseListStore(db)
        self.replay = ReplayStore(db)
        self.lessons = LessonStore(db)
        self.runs = RunStore(db)
        self.teaching = TeachingStore(db, source=source, permitted=permitted)
        self.leases = LeaseStore(db, holder=uuid4().hex)


def build_flows(
    stores: Stores,
    outside: Outside,
    *,
    text_days: int,
    passed: Callable[[Passed], None],
    presented: Callable[[Case], None],
    learning: LearnSettings = LearnSettings(),
) -> Flows:
    """The use cases. `passed` and `presented` are called after each message and each card."""
    model, board, clock, messenger = outside.model, outside.board, outside.clock, outside.messenger
    guilds, cases, labels, appeals = stores.guilds, stores.cases, stores.labels, stores.appeals
    budget = CardBudget(guilds=guilds, queue=stores.queue, clock=clock)
    desk = CardDesk(model=model, board=board, guilds=guilds, cases=cases, budget=budget, observe=presented)
    telling = Telling(enforcer=outside.enforcer, messenger=messenger, board=board, guilds=guilds, clock=clock)
    review = Review(
        model=model,
        telling=telling,
        guilds=guilds,
        cases=cases,
        labels=labels,
        appeals=appeals,
        desk=desk,
        clock=clock,
        text_days=text_days,
    )
    audit = _audit(stores, outside, desk, text_days=text_days)
    collecting = _collecting(stores, outside)
    reports = _reports(stores, outside, learning.promotion)
    return Flows(
        desk=desk,
        telling=telling,
        moderate=_moderate(stores, outside, desk, telling, audit, text_days=text_days, passed=passed),
        review=review,
        deciding=Deciding(
            model=model, review=review, telling=telling, guilds=guilds, cases=cases, notes=stores.notes, clock=clock
        ),
        setup=GuildSetup(guilds=guilds, labels=labels, desk=desk, clock=clock),
        audit=audit,
        coverage=Coverage(model=model, predictions=stores.predictions, clock=clock),
        appeals=Appeals(guilds=guilds, cases=cases, appeals=appeals, desk=desk, clock=clock),
        putting_back=PuttingBack(review=review, messenger=messenger, cases=cases, telling=telling, clock=clock),
        queue=_queue(stores, outside),
        preview=Preview(model=model, replay=stores.replay, clock=clock),
        learn=_learn(stores, outside, collecting, reports, learning.mode),
        reports=reports,
        lessons=Lessons(
            model=model, lessons=stores.lessons, teaching=stores.teaching, collecting=collecting, clock=clock
        ),
    )


def _collecting(stores: Stores, outside: Outside) -> Collecting:
    return Collecting(
        model=outside.model,
        guilds=stores.guilds,
        lessons=stores.lessons,
        teaching=stores.teaching,
        clock=outside.clock,
    )


def _reports(stores: Stores, outside: Outside, promotion: Promotion) -> RetrainingReports:
    return RetrainingReports(
        model=outside.model,
        board=outside.board,
        guilds=stores.guilds,
        runs=stores.runs,
        teaching=stores.teaching,
        leases=stores.leases,
        clock=outside.clock,
        promotion=promotion,
    )


def _learn(stores: Stores, outside: Outside, collecting: Collecting, reports: RetrainingReports, mode: Mode) -> Learn:
    return Learn(
        model=outside.model,
        board=outside.board,
        guilds=stores.guilds,
        runs=stores.runs,
        collecting=collecting,
        reports=reports,
        clock=outside.clock,
        mode=mode,
    )


def _queue(stores: Stores, outside: Outside) -> Queue:
    return Queue(
        guilds=stores.guilds,
        cases=stores.cases,
        queue=stores.queue,
        lists=stores.lists,
        board=outside.board,
        clock=outside.clock,
    )


def _audit(stores: Stores, outside: Outside, desk: CardDesk, *, text_days: int) -> Audit:
    return Audit(
        board=outside.board,
        guilds=stores.guilds,
        audits=stores.audits,
        cases=stores.cases,
        labels=stores.labels,
        desk=desk,
        clock=outside.clock,
        text_days=text_days,
    )


def _moderate(
    stores: Stores,
    outside: Outside,
    desk: CardDesk,
    telling: Telling,
    audit: Audit,
    *,
    text_days: int,
    passed: Callable[[Passed], None],
) -> Moderate:
    return Moderate(
        model=outside.model,
        acting=Acting(telling=telling, cases=stores.cases, desk=desk, clock=outside.clock),
        messages=outside.messages,
        guilds=stores.guilds,
        predictions=stores.predictions,
        cases=stores.cases,
        groups=stores.groups,
        desk=desk,
        audit=audit,
        clock=outside.clock,
        text_days=text_days,
        observe=passed,
    )
