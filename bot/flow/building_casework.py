"""The use cases around a case are built here: the pass, what holds it back, cards, verdicts. `building.py` calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.cases import Case
from bot.flow.acting import Acting
from bot.flow.alarms import Alarms
from bot.flow.audit import Audit
from bot.flow.breaker import Breaker
from bot.flow.budgeting import CardBudget
from bot.flow.cards import CardDesk
from bot.flow.catch_up import CatchUp
from bot.flow.claiming import Claiming
from bot.flow.cursors import Cursors
from bot.flow.deciding import Deciding
from bot.flow.gone import Gone
from bot.flow.kept_texts import KeptTexts
from bot.flow.missed_pages import MissedPages
from bot.flow.moderate import Moderate, Passed
from bot.flow.names import Names
from bot.flow.outside import Outside
from bot.flow.pings import Pings
from bot.flow.putting_back import PuttingBack
from bot.flow.rescoring import Rescoring
from bot.flow.review import Review
from bot.flow.spooling import Spooling
from bot.flow.stores import Stores
from bot.flow.telling import Telling
from bot.flow.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Brake:
    """What holds the bot back, and what tells of it."""

    breaker: Breaker
    pings: Pings
    alarms: Alarms
    trouble: Trouble


def brake(stores: Stores, outside: Outside) -> Brake:
    board, guilds, clock = outside.board, stores.guilds, outside.clock
    breaker = Breaker(guilds=guilds, cases=stores.cases, clock=clock)
    claiming = Claiming(claims=stores.claims, clock=clock)
    pings = Pings(board=board, guilds=guilds, breaker=breaker, claiming=claiming, clock=clock)
    alarms = Alarms(board=board, pings=pings, guilds=guilds, claiming=claiming, clock=clock)
    return Brake(breaker, pings, alarms, Trouble(pings=pings, clock=clock))


def desk(stores: Stores, outside: Outside, brake: Brake, presented: Callable[[Case], None]) -> CardDesk:
    return CardDesk(
        model=outside.model,
        board=outside.board,
        guilds=stores.guilds,
        cases=stores.cases,
        budget=CardBudget(guilds=stores.guilds, queue=stores.queue, clock=outside.clock),
        pings=brake.pings,
        trouble=brake.trouble,
        claiming=Claiming(claims=stores.claims, clock=outside.clock),
        observe=presented,
    )


def review(stores: Stores, outside: Outside, telling: Telling, desk: CardDesk, *, text_days: int) -> Review:
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


def putting_back(stores: Stores, outside: Outside, review: Review, telling: Telling) -> PuttingBack:
    return PuttingBack(
        review=review,
        messenger=outside.messenger,
        guilds=stores.guilds,
        cases=stores.cases,
        telling=telling,
        clock=outside.clock,
    )


def deciding(stores: Stores, outside: Outside, review: Review, telling: Telling, gone: Gone) -> Deciding:
    return Deciding(
        model=outside.model,
        review=review,
        telling=telling,
        gone=gone,
        guilds=stores.guilds,
        cases=stores.cases,
        under_way=stores.under_way,
        notes=stores.notes,
        clock=outside.clock,
    )


def names(stores: Stores, outside: Outside, desk: CardDesk, *, text_days: int) -> Names:
    return Names(
        model=outside.model,
        guilds=stores.guilds,
        cases=stores.cases,
        names=stores.names,
        desk=desk,
        clock=outside.clock,
        text_days=text_days,
    )


def audit(stores: Stores, outside: Outside, desk: CardDesk, *, text_days: int) -> Audit:
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


def catch_up(
    stores: Stores,
    outside: Outside,
    moderate: Moderate,
    desk: CardDesk,
    *,
    gone: Gone,
    names: Names,
    cursors: Cursors,
    hours: float,
) -> CatchUp:
    history, away, clock = outside.history, stores.away, outside.clock
    return CatchUp(
        pages=MissedPages(
            history=history, moderate=moderate, gone=gone, names=names, away=away, clock=clock, hours=hours
        ),
        history=history,
        cursors=cursors,
        store=stores.cursors,
        away=away,
        guilds=stores.guilds,
        desk=desk,
        board=outside.board,
        texts=KeptTexts(history=history, away=away, gone=gone),
        claiming=Claiming(claims=stores.claims, clock=clock),
        clock=clock,
        hours=hours,
    )


def moderate(
    stores: Stores,
    outside: Outside,
    desk: CardDesk,
    telling: Telling,
    *,
    gone: Gone,
    audit: Audit,
    brake: Brake,
    text_days: int,
    passed: Callable[[Passed], None],
) -> Moderate:
    return Moderate(
        model=outside.model,
        acting=Acting(
            telling=telling,
            guilds=stores.guilds,
            cases=stores.cases,
            under_way=stores.under_way,
            desk=desk,
            gone=gone,
            clock=outside.clock,
            text_days=text_days,
        ),
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


def rescoring(stores: Stores, outside: Outside, moderate: Moderate) -> Rescoring:
    return Rescoring(
        moderate=moderate,
        model=outside.model,
        messages=outside.messages,
        predictions=stores.predictions,
        clock=outside.clock,
    )


def spooling(
    stores: Stores,
    outside: Outside,
    moderate: Moderate,
    *,
    gone: Gone,
    brake: Brake,
    passed: Callable[[Passed], None],
) -> Spooling:
    return Spooling(
        moderate=moderate,
        gone=gone,
        guilds=stores.guilds,
        predictions=stores.predictions,
        database=stores.database,
        spool=stores.spool,
        pings=brake.pings,
        trouble=brake.trouble,
        clock=outside.clock,
        keep_text=stores.keep_text,
        observe=passed,
    )
