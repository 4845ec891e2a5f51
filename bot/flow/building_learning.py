"""The use cases of learning are built here, over stores of their own; `building.py` puts them beside the others."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flow.collecting import Collecting
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.retraining_report import Promotion, RetrainingReports
from bot.flow.run_details import RunDetails
from bot.flow.stores import LearnStores
from bot.store.guilds import GuildStore
from moderation_model.learning import Mode


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How the bot learns: what a run changes, and whether a better model serves by itself."""

    mode: Mode = "lora"
    promotion: Promotion = "ask"


@dataclass(frozen=True, slots=True)
class Learning:
    """The use cases of learning."""

    learn: Learn
    retraining: RetrainingReports
    lessons: Lessons
    run_details: RunDetails


def build_learning(
    stores: LearnStores,
    guilds: GuildStore,
    *,
    model: LearnService,
    board: ReportBoard,
    clock: Clock,
    settings: LearnSettings,
) -> Learning:
    """The use cases over these stores and what lies outside."""
    collecting = Collecting(model=model, guilds=guilds, lessons=stores.lessons, teaching=stores.teaching, clock=clock)
    retraining = RetrainingReports(
        model=model,
        board=board,
        guilds=guilds,
        runs=stores.runs,
        teaching=stores.teaching,
        leases=stores.leases,
        weekly=stores.weekly,
        clock=clock,
        promotion=settings.promotion,
    )
    learn = Learn(
        model=model,
        board=board,
        guilds=guilds,
        runs=stores.runs,
        collecting=collecting,
        reports=retraining,
        clock=clock,
        mode=settings.mode,
    )
    lessons = Lessons(model=model, lessons=stores.lessons, teaching=stores.teaching, collecting=collecting, clock=clock)
    return Learning(learn, retraining, lessons, RunDetails(model=model, runs=stores.runs))
