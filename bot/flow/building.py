"""The use cases are built here, over the stores and what lies outside; `bot.app` and the tests do it the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.core.cases import Case
from bot.flow.acting import Acting
from bot.flow.alarms import Alarms
from bot.flow.appeal_list import AppealList
from bot.flow.appeals import Appeals
from bot.flow.asked import Asked
from bot.flow.audit import Audit
from bot.flow.breaker import Breaker
from bot.flow.budgeting import CardBudget
from bot.flow.building_learning import Learning, LearnSettings, build_learning
from bot.flow.cards import CardDesk
from bot.flow.coverage import Coverage
from bot.flow.deciding import Deciding
from bot.flow.exporting import Exporting
from bot.flow.flows import Flows
from bot.flow.gone import Gone
from bot.flow.guild_setup import GuildSetup
from bot.flow.labelling import Labelling
from bot.flow.moderate import Moderate, Passed
from bot.flow.names import Names
from bot.flow.nightly import Nightly
from bot.flow.pings import Pings
from bot.flow.ports import AuditBoard, Board, Clock, Enforcer, Messages, Messenger, Model, ReportBoard, WeekBoard
from bot.flow.preview import Preview
from bot.flow.proposing import Proposing
from bot.flow.putting_back import PuttingBack
from bot.flow.queue import Queue
from bot.flow.report import Statistics
from bot.flow.reporting import Reporting
from bot.flow.review import Review
from bot.flow.stores import Stores
from bot.flow.telling import Telling
from bot.flow.trouble import Trouble
from bot.flow.weekly import Weekly


class Boards(Board, AuditBoard, ReportBoard, WeekBoard, Protocol):
    """The review channel and the reports channel with everything that is posted there."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What the use cases reach outside of this process."""

    model: Model
    enforcer: Enforcer
    messenger: Messenger
    board: Boards
    messages: Messages
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Brake:
    """What holds the bot back, and what tells of it."""

    breaker: Breaker
    pings: Pings
    alarms: Alarms
    trouble: Trouble


def build_flows(
    stores: Stores,
    outside: Outside,
    *,
    text_days: int,
    passed: Callable[[Passed], None],
    presented: Callable[[Case], None],
    learning: LearnSettings = LearnSettings(),
) -> Flows:
    """The use cases. `passed` and `presented` are called after each message and each card.

    Over 50 lines because every use case has its line here.
    """
    model, board, clock, guilds, cases = outside.model, outside.board, outside.clock, stores.guilds, stores.cases
    brake = _brake(stores, outside)
    desk = _desk(stores, outside, brake, presented)
    telling = Telling(enforcer=outside.enforcer, messenger=outside.messenger, board=board, guilds=guilds, clock=clock)
    review = _review(stores, outside, telling, desk, text_days=text_days)
    audit = _audit(stores, outside, desk, text_days=text_days)
    gone = Gone(gone=stores.gone, cases=cases, desk=desk, clock=clock, text_days=text_days)
    taught = _learning(stores, outside, gone, learning, text_days=text_days)
    passed = _each(taught.shadow.consider, passed)
    asked = Asked(model=model, guilds=guilds, cases=cases, clock=clock, text_days=text_days)
    return Flows(
        desk=desk,
        telling=telling,
        moderate=_moderate(
            stores, outside, desk, telling, gone=gone, audit=audit, brake=brake, text_days=text_days, passed=passed
        ),
        review=review,
        deciding=_deciding(stores, outside, review, telling, gone),
        gone=gone,
        names=_names(stores, outside, desk, text_days=text_days),
        setup=GuildSetup(guilds=guilds, labels=stores.labels, desk=desk, clock=clock),
        audit=audit,
        coverage=Coverage(model=model, predictions=stores.predictions, clock=clock),
        appeals=Appeals(guilds=guilds, cases=cases, appeals=stores.appeals, desk=desk, clock=clock),
        putting_back=_putting_back(stores, outside, review, telling),
        queue=_queue(stores, outside),
        preview=Preview(model=model, replay=stores.replay, clock=clock),
        reporting=Reporting(asked=asked, guilds=guilds, cases=cases, reports=stores.reports, desk=desk, clock=clock),
        labelling=Labelling(asked=asked, review=review),
        alarms=brake.alarms,
        trouble=brake.trouble,
        proposing=Proposing(model=model, guilds=guilds, store=stores.proposals, clock=clock),
        appeal_list=AppealList(appeals=stores.appeal_lists, guilds=guilds, clock=clock),
        exporting=Exporting(records=stores.records, guilds=guilds, clock=clock),
        nightly=Nightly(stats=stores.stats, weekly=stores.weekly),
        weekly=_weekly(stores, outside),
        statistics=Statistics(model=model, stats=stores.stats, guilds=guilds, clock=clock),
        learn=taught.learn,
        retraining=taught.retraining,
        lessons=taught.lessons,
        run_details=taught.run_details,
        shadow=taught.shadow,
    )


def _each(first: Callable[[Passed], None], second: Callable[[Passed], None]) -> Callable[[Passed], None]:
    def both(passed: Passed) -> None:
        first(passed)
        second(passed)

    return both


def _learning(stores: Stores, outside: Outside, gone: Gone, settings: LearnSettings, *, text_days: int) -> Learning:
    return build_learning(
        stores.learning,
        stores.guilds,
        model=outside.model,
        board=outside.board,
        clock=outside.clock,
        settings=settings,
        gone=gone,
        text_days=text_days,
    )


def _review(stores: Stores, outside: Outside, telling: Telling, desk: CardDesk, *, text_days: int) -> Review:
    return Review(
        model=outside.model,
        telling=telling,
        guilds=stores.guilds,
        cases=stores.cases,
        labels=stores.labels,
        appeals=stores.appeals,
        desk=desk,
        clock=outside.clock,
        text_days=text_days,
    )


def _putting_back(stores: Stores, outside: Outside, review: Review, telling: Telling) -> PuttingBack:
    return PuttingBack(
        review=review,
        messenger=outside.messenger,
        guilds=stores.guilds,
        cases=stores.cases,
        telling=telling,
        clock=outside.clock,
    )


def _deciding(stores: Stores, outside: Outside, review: Review, telling: Telling, gone: Gone) -> Deciding:
    return Deciding(
        model=outside.model,
        review=review,
        telling=telling,
        gone=gone,
        guilds=stores.guilds,
        cases=stores.cases,
        notes=stores.notes,
        clock=outside.clock,
    )


def _names(stores: Stores, outside: Outside, desk: CardDesk, *, text_days: int) -> Names:
    return Names(
        model=outside.model,
        guilds=stores.guilds,
        cases=stores.cases,
        names=stores.names,
        desk=desk,
        clock=outside.clock,
        text_days=text_days,
    )


def _desk(stores: Stores, outside: Outside, brake: _Brake, presented: Callable[[Case], None]) -> CardDesk:
    return CardDesk(
        model=outside.model,
        board=outside.board,
        guilds=stores.guilds,
        cases=stores.cases,
        budget=CardBudget(guilds=stores.guilds, queue=stores.queue, clock=outside.clock),
        pings=brake.pings,
        trouble=brake.trouble,
        observe=presented,
    )


def _brake(stores: Stores, outside: Outside) -> _Brake:
    board, guilds, clock = outside.board, stores.guilds, outside.clock
    breaker = Breaker(guilds=guilds, cases=stores.cases, clock=clock)
    pings = Pings(board=board, guilds=guilds, breaker=breaker, clock=clock)
    alarms = Alarms(board=board, pings=pings, guilds=guilds, clock=clock)
    return _Brake(breaker, pings, alarms, Trouble(pings=pings, clock=clock))


def _queue(stores: Stores, outside: Outside) -> Queue:
    return Queue(
        guilds=stores.guilds,
        cases=stores.cases,
        queue=stores.queue,
        lists=stores.lists,
        board=outside.board,
        clock=outside.clock,
    )


def _weekly(stores: Stores, outside: Outside) -> Weekly:
    return Weekly(
        model=outside.model,
        board=outside.board,
        guilds=stores.guilds,
        stats=stores.stats,
        weekly=stores.weekly,
        queue=stores.queue,
        leases=stores.leases,
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
    *,
    gone: Gone,
    audit: Audit,
    brake: _Brake,
    text_days: int,
    passed: Callable[[Passed], None],
) -> Moderate:
    return Moderate(
        model=outside.model,
        acting=Acting(
            telling=telling,
            guilds=stores.guilds,
            cases=stores.cases,
            desk=desk,
            gone=gone,
            clock=outside.clock,
            text_days=text_days,
        ),
        messages=outside.messages,
        guilds=stores.guilds,
        predictions=stores.predictions,
        cases=stores.cases,
        groups=stores.groups,
        desk=desk,
        audit=audit,
        gone=gone,
        breaker=brake.breaker,
        alarms=brake.alarms,
        trouble=brake.trouble,
        clock=outside.clock,
        text_days=text_days,
        observe=passed,
    )
