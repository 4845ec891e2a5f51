"""The use cases of learning are built here, over stores of their own; `building.py` puts them beside the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.shadow import ShadowRules
from bot.flow.claiming import Claiming
from bot.flow.collecting import Collecting
from bot.flow.forgetting import Forgetting
from bot.flow.gone import Gone
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.promoting import Promoting
from bot.flow.retraining_report import Promotion, RetrainingReports
from bot.flow.run_details import RunDetails
from bot.flow.shadow import Shadow
from bot.flow.stores import LearnStores
from bot.store.guilds import GuildStore
from moderation_model.learning import Mode


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How the bot learns: what a run changes, whether a better model serves by itself, and how long it is checked
    beside the old one on live messages.
    """

    mode: Mode = "lora"
    promotion: Promotion = "ask"
    shadow: ShadowRules = field(default_factory=ShadowRules)


@dataclass(frozen=True, slots=True)
class Learning:
    """The use cases of learning."""

    learn: Learn
    retraining: RetrainingReports
    lessons: Lessons
    shadow: Shadow
    run_details: RunDetails


def build_learning(
    stores: LearnStores,
    guilds: GuildStore,
    *,
    model: LearnService,
    board: ReportBoard,
    clock: Clock,
    settings: LearnSettings,
    gone: Gone,
    text_days: int,
) -> Learning:
    """The use cases over these stores and what lies outside."""
    lessons, teaching, runs = stores.lessons, stores.teaching, stores.runs
    claiming = Claiming(claims=stores.claims, clock=clock)
    collecting = Collecting(model=model, guilds=guilds, lessons=lessons, teaching=teaching, clock=clock)
    shadow = _shadow(stores, guilds, gone, settings, model=model, clock=clock, text_days=text_days)
    retraining = RetrainingReports(
        model=model,
        board=board,
        guilds=guilds,
        runs=runs,
        teaching=teaching,
        leases=stores.leases,
        promoting=Promoting(model=model, guilds=guilds, runs=runs, clock=clock),
        shadow=shadow,
        forgetting=Forgetting(model=model, lessons=lessons, teaching=teaching, runs=runs),
        weekly=stores.weekly,
        clock=clock,
        promotion=settings.promotion,
    )
    learn = Learn(
        model=model,
        board=board,
        guilds=guilds,
        runs=runs,
        collecting=collecting,
        reports=retraining,
        claiming=claiming,
        clock=clock,
        mode=settings.mode,
    )
    written = Lessons(model=model, lessons=lessons, teaching=teaching, runs=runs, collecting=collecting, clock=clock)
    return Learning(learn, retraining, written, shadow, RunDetails(model=model, runs=runs))


def _shadow(
    stores: LearnStores,
    guilds: GuildStore,
    gone: Gone,
    settings: LearnSettings,
    *,
    model: LearnService,
    clock: Clock,
    text_days: int,
) -> Shadow:
    return Shadow(
        model=model,
        guilds=guilds,
        runs=stores.runs,
        shadow=stores.shadow,
        gone=gone,
        clock=clock,
        rules=settings.shadow,
        text_days=text_days,
    )
