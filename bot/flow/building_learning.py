"""The use cases of learning are built here, over stores of their own; `building.py` puts them beside the others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from bot.flow.collecting import Collecting
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.ports import Clock, LearnService, ReportBoard
from bot.flow.retraining_report import Promotion, RetrainingReports
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.leases import LeaseStore
from bot.store.lessons import LessonStore
from bot.store.runs import RunStore
from bot.store.teaching import TeachingStore
from moderation_model.learning import Mode, Source


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """How the bot learns: what a run changes, and whether a better model serves by itself."""

    mode: Mode = "lora"
    promotion: Promotion = "ask"


class LearnStores:
    """What learning reads and writes. `source`: what the messages are that this bot sees; `permitted`: the operator
    may train on them on all servers.
    """

    def __init__(self, db: Database, *, source: Source, permitted: bool) -> None:
        self.lessons = LessonStore(db)
        self.runs = RunStore(db)
        self.teaching = TeachingStore(db, source=source, permitted=permitted)
        self.leases = LeaseStore(db, holder=uuid4().hex)


@dataclass(frozen=True, slots=True)
class Learning:
    """The use cases of learning."""

    learn: Learn
    retraining: RetrainingReports
    lessons: Lessons


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
    return Learning(learn, retraining, lessons)
