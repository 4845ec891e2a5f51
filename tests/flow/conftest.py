"""The real use cases over real databases; only Discord, the model and the clock are fakes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.core.cases import Case
from bot.core.events import IncomingMessage
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.building import build_flows
from bot.flow.building_learning import LearnSettings
from bot.flow.moderate import Passed
from bot.flow.outside import Outside
from bot.flow.ports import Outcome
from bot.flow.stores import Stores
from bot.store.database import Database
from tests.builders import GUILD, message
from tests.fake_history import FakeHistory
from tests.fakes import FakeBoard, FakeClock, FakeEnforcer, FakeMessages, FakeMessenger, FakeModel

REVIEW_CHANNEL = 900


@dataclass
class House:
    """The use cases with everything around them at hand."""

    db: Database
    model: FakeModel = field(default_factory=FakeModel)
    enforcer: FakeEnforcer = field(default_factory=FakeEnforcer)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)
    board: FakeBoard = field(default_factory=FakeBoard)
    messages: FakeMessages = field(default_factory=FakeMessages)
    history: FakeHistory = field(default_factory=FakeHistory)
    clock: FakeClock = field(default_factory=FakeClock)
    folder: Path = Path("not made")
    seen: list[Passed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.build(LearnSettings())

    def build(self, learning: LearnSettings) -> None:
        """Build the use cases, anew where the operator has other settings."""
        self.stores = stores = Stores(self.db, folder=self.folder)
        self.guilds, self.predictions, self.cases = stores.guilds, stores.predictions, stores.cases
        self.labels, self.audits = stores.labels, stores.audits
        self.reports = stores.reports
        outside = Outside(
            self.model, self.enforcer, self.messenger, self.board, self.messages, self.clock, self.history
        )
        flows = build_flows(
            stores,
            outside,
            text_days=30,
            passed=self.seen.append,
            presented=lambda case: None,
            learning=learning,
        )
        self.desk, self.telling, self.moderate, self.review = flows.desk, flows.telling, flows.moderate, flows.review
        self.deciding, self.setup, self.audit = flows.deciding, flows.setup, flows.audit
        self.appeals, self.putting_back = flows.appeals, flows.putting_back
        self.weekly, self.nightly = flows.weekly, flows.nightly
        self.queue, self.reporting, self.labelling = flows.queue, flows.reporting, flows.labelling
        self.alarms, self.trouble, self.names = flows.alarms, flows.trouble, flows.names
        self.cursors, self.catch_up = flows.cursors, flows.catch_up
        self.gone, self.rescoring, self.spooling = flows.gone, flows.rescoring, flows.spooling
        self.statistics, self.exporting = flows.statistics, flows.exporting
        self.learn, self.retraining, self.lessons = flows.learn, flows.retraining, flows.lessons
        self.stage = flows.shadow
        self.run_details = flows.run_details
        self.dropping, self.privacy, self.departing = flows.dropping, flows.privacy, flows.departing

    async def rules(self, **labels: LabelRule) -> GuildRules:
        """Save active rules with a review channel and the given label rules."""
        acting = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
        rules = GuildRules(GUILD, shadow=False, review_channel_id=REVIEW_CHANNEL, labels={**acting, **labels})
        await self.guilds.save(rules, by=1, at=self.clock.now())
        return rules

    async def shadow(self) -> None:
        rules = await self.rules()
        await self.guilds.save(replace(rules, shadow=True), by=1, at=self.clock.now())

    async def killed_before_acting(self, said: IncomingMessage | None = None) -> None:
        """A message is decided and what is to be done written down, as by a process that is killed before it acts."""

        async def killed(*_: object, **__: object) -> Outcome:
            raise asyncio.CancelledError

        perform, self.enforcer.perform = self.enforcer.perform, killed  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await self.moderate.handle(said or message("what an insult"))
        self.enforcer.perform = perform  # type: ignore[method-assign]

    async def post_cards(self) -> None:
        """Let the card desk finish what waits."""
        working = asyncio.create_task(self.desk.run())
        await self.desk.drain()
        working.cancel()
        await asyncio.wait([working])

    async def check(self) -> None:
        """Let the model that is being checked look at what waits for it."""
        working = asyncio.create_task(self.stage.run())
        await self.stage.drain()
        working.cancel()
        await asyncio.wait([working])

    async def tell(self) -> None:
        """Let the bot tell what waits to be told."""
        working = asyncio.create_task(self.telling.run())
        await self.telling.drain()
        working.cancel()
        await asyncio.wait([working])

    async def case(self, case_id: int) -> Case:
        return await self.cases.get(guild_id=GUILD, case_id=case_id)


@pytest.fixture
async def house(db: Database, tmp_path: Path) -> House:
    """Over SQLite and over PostgreSQL."""
    return House(db, folder=tmp_path)
