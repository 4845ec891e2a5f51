"""The use cases as one bundle: what Discord's side of the bot may call."""

from __future__ import annotations

from dataclasses import dataclass

from bot.flow.appeals import Appeals
from bot.flow.audit import Audit
from bot.flow.cards import CardDesk
from bot.flow.coverage import Coverage
from bot.flow.deciding import Deciding
from bot.flow.guild_setup import GuildSetup
from bot.flow.learn import Learn
from bot.flow.lessons import Lessons
from bot.flow.moderate import Moderate
from bot.flow.preview import Preview
from bot.flow.putting_back import PuttingBack
from bot.flow.queue import Queue
from bot.flow.retraining_report import RetrainingReports
from bot.flow.review import Review
from bot.flow.telling import Telling


@dataclass(frozen=True, slots=True)
class Flows:
    """Built once (`building.py`), given to the chat client before it connects."""

    desk: CardDesk
    telling: Telling
    moderate: Moderate
    review: Review
    deciding: Deciding
    setup: GuildSetup
    audit: Audit
    coverage: Coverage
    appeals: Appeals
    putting_back: PuttingBack
    queue: Queue
    preview: Preview
    learn: Learn
    reports: RetrainingReports
    lessons: Lessons
