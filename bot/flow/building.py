"""The use cases are built here, over the stores and what lies outside; `bot.app` and the tests do it the same way."""

from __future__ import annotations

from collections.abc import Callable

from bot.core.cases import Case
from bot.flow import building_casework as casework
from bot.flow.appeal_list import AppealList
from bot.flow.appeals import Appeals
from bot.flow.asked import Asked
from bot.flow.audit import Audit
from bot.flow.building_learning import Learning, LearnSettings, build_learning
from bot.flow.coverage import Coverage
from bot.flow.cursors import Cursors
from bot.flow.departing import Departing
from bot.flow.dropping import Dropping
from bot.flow.exporting import Exporting
from bot.flow.flows import Flows
from bot.flow.gone import Gone
from bot.flow.guild_setup import GuildSetup
from bot.flow.labelling import Labelling
from bot.flow.moderate import Passed
from bot.flow.nightly import Nightly
from bot.flow.outside import Outside
from bot.flow.ports import Clock
from bot.flow.preview import Preview
from bot.flow.privacy import Privacy
from bot.flow.proposing import Proposing
from bot.flow.queue import Queue
from bot.flow.report import Statistics
from bot.flow.reporting import Reporting
from bot.flow.stores import Stores
from bot.flow.telling import Telling
from bot.flow.weekly import Weekly


def build_flows(
    stores: Stores,
    outside: Outside,
    *,
    text_days: int,
    passed: Callable[[Passed], None],
    presented: Callable[[Case], None],
    learning: LearnSettings = LearnSettings(),
    catch_up_hours: float = 24.0,
    grace_days: int = 7,
) -> Flows:
    """The use cases. `passed` and `presented` are called after each message and each card; `catch_up_hours`: how far
    back what was missed is looked at; `grace_days`: how long what is stored of a server stays after the bot was removed
    from it.

    Over 50 lines because every use case has its line here.
    """
    model, board, clock, guilds, cases = outside.model, outside.board, outside.clock, stores.guilds, stores.cases
    brake = casework.brake(stores, outside)
    desk = casework.desk(stores, outside, brake, presented)
    telling = Telling(enforcer=outside.enforcer, messenger=outside.messenger, board=board, guilds=guilds, clock=clock)
    review = casework.review(stores, outside, telling, desk, text_days=text_days)
    audit = casework.audit(stores, outside, desk, text_days=text_days)
    dropping = Dropping(cases=cases, desk=desk, clock=clock)
    gone = Gone(
        gone=stores.gone,
        away=stores.away,
        cases=cases,
        desk=desk,
        dropping=dropping,
        audit=audit,
        clock=clock,
        text_days=text_days,
    )
    taught = _learning(stores, outside, gone, learning, text_days=text_days)
    passed = _each(taught.shadow.consider, passed)
    asked = Asked(model=model, guilds=guilds, cases=cases, clock=clock, text_days=text_days)
    moderate = casework.moderate(
        stores, outside, desk, telling, gone=gone, audit=audit, brake=brake, text_days=text_days, passed=passed
    )
    names = casework.names(stores, outside, desk, text_days=text_days)
    cursors = Cursors(store=stores.cursors, clock=clock)
    return Flows(
        desk=desk,
        telling=telling,
        moderate=moderate,
        spooling=casework.spooling(stores, outside, moderate, gone=gone, brake=brake, passed=passed),
        rescoring=casework.rescoring(stores, outside, moderate),
        review=review,
        deciding=casework.deciding(stores, outside, review, telling, gone),
        gone=gone,
        names=names,
        setup=GuildSetup(guilds=guilds, labels=stores.labels, desk=desk, clock=clock),
        audit=audit,
        coverage=Coverage(model=model, predictions=stores.predictions, clock=clock),
        appeals=Appeals(guilds=guilds, cases=cases, appeals=stores.appeals, desk=desk, clock=clock),
        putting_back=casework.putting_back(stores, outside, review, telling),
        queue=_queue(stores, outside),
        preview=Preview(model=model, replay=stores.replay, clock=clock),
        reporting=Reporting(asked=asked, guilds=guilds, cases=cases, reports=stores.reports, desk=desk, clock=clock),
        labelling=Labelling(asked=asked, review=review),
        alarms=brake.alarms,
        trouble=brake.trouble,
        cursors=cursors,
        catch_up=casework.catch_up(
            stores, outside, moderate, desk, gone=gone, names=names, cursors=cursors, hours=catch_up_hours
        ),
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
        dropping=dropping,
        privacy=_privacy(stores, dropping, audit, taught, clock),
        departing=Departing(
            departures=stores.departures, guilds=guilds, lessons=taught.lessons, clock=clock, grace_days=grace_days
        ),
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


def _privacy(stores: Stores, dropping: Dropping, audit: Audit, taught: Learning, clock: Clock) -> Privacy:
    return Privacy(
        records=stores.own_records,
        forgetting=stores.forgetting,
        keeping=stores.keeping,
        dropping=dropping,
        audit=audit,
        lessons=taught.lessons,
        clock=clock,
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
