"""Every store over one database, built once for all use cases (`building.py`)."""

from __future__ import annotations

from uuid import uuid4

from bot.store.appeal_lists import AppealListStore
from bot.store.appeals import AppealStore
from bot.store.audits import AuditStore
from bot.store.case_lists import CaseListStore
from bot.store.cases import CaseStore
from bot.store.database import Database
from bot.store.exporting import ExportStore
from bot.store.gone import GoneStore
from bot.store.grouping import GroupStore
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from bot.store.leases import LeaseStore
from bot.store.names import NameStore
from bot.store.notes import NoteStore
from bot.store.predictions import PredictionStore
from bot.store.proposing import ProposalStore
from bot.store.queue import QueueStore
from bot.store.replaying import ReplayStore
from bot.store.reports import ReportStore
from bot.store.stats import StatsStore
from bot.store.weekly import WeeklyStore


class Stores:
    """Every store over one database. `guilds` keeps rules in memory, so there is one for all. `leases` holds slots in
    this process's name, which is new at each start.
    """

    def __init__(self, db: Database) -> None:
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
        self.gone = GoneStore(db)
        self.names = NameStore(db)
        self.reports = ReportStore(db)
        self.proposals = ProposalStore(db)
        self.stats = StatsStore(db)
        self.appeal_lists = AppealListStore(db)
        self.records = ExportStore(db)
        self.weekly = WeeklyStore(db)
        self.leases = LeaseStore(db, holder=uuid4().hex)
