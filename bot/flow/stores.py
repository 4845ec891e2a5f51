"""Every store over one database, built once for all use cases (`building.py`)."""

from __future__ import annotations

from pathlib import Path

from bot.store.appeal_lists import AppealListStore
from bot.store.appeals import AppealStore
from bot.store.audits import AuditStore
from bot.store.away import AwayStore
from bot.store.backlog import BacklogStore
from bot.store.case_lists import CaseListStore
from bot.store.cases import CaseStore
from bot.store.claims import ClaimStore
from bot.store.cursors import CursorStore
from bot.store.database import Database
from bot.store.departures import DepartureStore
from bot.store.expiring import ExpiryStore
from bot.store.exporting import ExportStore
from bot.store.forgetting import ForgetStore
from bot.store.gone import GoneStore
from bot.store.grouping import GroupStore
from bot.store.guilds import GuildStore
from bot.store.keeping import Keeping
from bot.store.labels import LabelStore
from bot.store.leases import LeaseStore
from bot.store.lessons import LessonStore
from bot.store.names import NameStore
from bot.store.notes import NoteStore
from bot.store.own_records import OwnRecordStore
from bot.store.predictions import PredictionStore
from bot.store.proposing import ProposalStore
from bot.store.queue import QueueStore
from bot.store.replaying import ReplayStore
from bot.store.reports import ReportStore
from bot.store.runs import RunStore
from bot.store.shadow import ShadowStore
from bot.store.spool import Spool
from bot.store.stats import StatsStore
from bot.store.teaching import TeachingStore
from bot.store.under_way import UnderWay
from bot.store.weekly import WeeklyStore
from moderation_model.learning import Source


class LearnStores:
    """What learning reads and writes. `source`: what the messages are that this bot sees; `permitted`: the operator
    may train on them on all servers.
    """

    def __init__(self, db: Database, leases: LeaseStore, *, source: Source, permitted: bool, keeping: Keeping) -> None:
        self.lessons = LessonStore(db)
        self.runs = RunStore(db)
        self.shadow = ShadowStore(db, keeping=keeping)
        self.teaching = TeachingStore(db, source=source, permitted=permitted)
        self.leases = leases
        self.claims = ClaimStore(db)
        self.weekly = WeeklyStore(db)


class Stores:
    """Every store over one database. `guilds` keeps rules in memory, so there is one for all; `under_way` knows what
    this process works on. `spool` lies in `folder` and is not opened here. `keep_text`: whether texts of messages are
    kept at all, where the server keeps them, too; the other options are those of `LearnStores`.
    """

    def __init__(
        self,
        db: Database,
        *,
        source: Source = "discord_message",
        permitted: bool = False,
        folder: Path = Path(),
        keep_text: bool = True,
    ) -> None:
        self.database = db
        self.keep_text = keep_text
        self.spool = Spool(folder, key=db.key)
        self.guilds = GuildStore(db)
        self.keeping = keeping = Keeping(db, keeps=self._keeps)
        self.predictions = PredictionStore(db)
        self.cases = CaseStore(db, keeping=keeping)
        self.groups = GroupStore(db)
        self.labels = LabelStore(db)
        self.audits = AuditStore(db, keeping=keeping)
        self.notes = NoteStore(db)
        self.appeals = AppealStore(db)
        self.queue = QueueStore(db)
        self.lists = CaseListStore(db)
        self.replay = ReplayStore(db)
        self.gone = GoneStore(db)
        self.cursors = CursorStore(db)
        self.away = AwayStore(db)
        self.names = NameStore(db)
        self.reports = ReportStore(db, keeping=keeping)
        self.proposals = ProposalStore(db)
        self.stats = StatsStore(db)
        self.appeal_lists = AppealListStore(db)
        self.records = ExportStore(db)
        self.weekly = WeeklyStore(db)
        self.leases = LeaseStore(db)
        self.claims = ClaimStore(db)
        self.under_way = UnderWay(db)
        self.learning = LearnStores(db, self.leases, source=source, permitted=permitted, keeping=keeping)
        self.own_records = OwnRecordStore(db)
        self.forgetting = ForgetStore(db)
        self.departures = DepartureStore(db)
        self.expiry = ExpiryStore(db)
        self.backlog = BacklogStore(db)

    async def _keeps(self, guild_id: int) -> bool:
        return self.keep_text and (await self.guilds.get(guild_id)).keep_text
