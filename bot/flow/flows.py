"""The use cases as one bundle: what Discord's side of the bot may call."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flow.alarms import Alarms
from bot.flow.appeal_list import AppealList
from bot.flow.appeals import Appeals
from bot.flow.audit import Audit
from bot.flow.cards import CardDesk
from bot.flow.catch_up import CatchUp
from bot.flow.coverage import Coverage
from bot.flow.cursors import Cursors
from bot.flow.deciding import Deciding
from bot.flow.departing import Departing
from bot.flow.dropping import Dropping
from bot.flow.exporting import Exporting
from bot.flow.gone import Gone
from bot.flow.guild_setup import GuildSetup
from bot.flow.labelling import Labelling
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.moderate import Moderate
from bot.flow.names import Names
from bot.flow.nightly import Nightly
from bot.flow.preview import Preview
from bot.flow.privacy import Privacy
from bot.flow.proposing import Proposing
from bot.flow.putting_back import PuttingBack
from bot.flow.queue import Queue
from bot.flow.report import Statistics
from bot.flow.reporting import Reporting
from bot.flow.rescoring import Rescoring
from bot.flow.retraining_report import RetrainingReports
from bot.flow.review import Review
from bot.flow.run_details import RunDetails
from bot.flow.shadow import Shadow
from bot.flow.spooling import Spooling
from bot.flow.telling import Telling
from bot.flow.trouble import Trouble
from bot.flow.weekly import Weekly


@dataclass(frozen=True, slots=True)
class Flows:
    """Built once (`building.py`), given to the chat client before it connects."""

    desk: CardDesk
    telling: Telling
    moderate: Moderate
    spooling: Spooling
    rescoring: Rescoring
    review: Review
    deciding: Deciding
    gone: Gone
    names: Names
    setup: GuildSetup
    audit: Audit
    coverage: Coverage
    appeals: Appeals
    putting_back: PuttingBack
    queue: Queue
    preview: Preview
    reporting: Reporting
    labelling: Labelling
    alarms: Alarms
    trouble: Trouble
    cursors: Cursors
    catch_up: CatchUp
    proposing: Proposing
    statistics: Statistics
    exporting: Exporting
    appeal_list: AppealList
    nightly: Nightly
    weekly: Weekly
    learn: Learn
    retraining: RetrainingReports
    lessons: Lessons
    shadow: Shadow
    run_details: RunDetails
    dropping: Dropping
    privacy: Privacy
    departing: Departing

    def came_back(self) -> None:
        """Discord's servers are there, or one more of them is."""
        self.catch_up.came_back()
        self.rescoring.came_back()
