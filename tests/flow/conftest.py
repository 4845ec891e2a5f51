"""The real use cases over a real SQLite file; only Discord, the model and the clock are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.config import Settings
from bot.core.cases import Case
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.flow.audit import Audit
from bot.flow.cards import CardDesk
from bot.flow.deciding import Deciding
from bot.flow.guild_setup import GuildSetup
from bot.flow.moderate import Moderate, Passed
from bot.flow.review import Review
from bot.store.audits import AuditStore
from bot.store.cases import CaseStore
from bot.store.crypto import TextKey
from bot.store.database import Database
from bot.store.guilds import GuildStore
from bot.store.labels import LabelStore
from bot.store.notes import NoteStore
from bot.store.predictions import PredictionStore
from tests.builders import GUILD
from tests.fakes import FakeBoard, FakeClock, FakeEnforcer, FakeMessages, FakeModel

REVIEW_CHANNEL = 900


@dataclass
class House:
    """The use cases with everything around them at hand."""

    db: Database
    guilds: GuildStore
    predictions: PredictionStore
    cases: CaseStore
    labels: LabelStore
    model: FakeModel = field(default_factory=FakeModel)
    enforcer: FakeEnforcer = field(default_factory=FakeEnforcer)
    board: FakeBoard = field(default_factory=FakeBoard)
    messages: FakeMessages = field(default_factory=FakeMessages)
    clock: FakeClock = field(default_factory=FakeClock)
    seen: list[Passed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.audits = AuditStore(self.db)
        self.desk = CardDesk(
            model=self.model, board=self.board, guilds=self.guilds, cases=self.cases, observe=lambda case: None
        )
        self.review = Review(
            model=self.model,
            enforcer=self.enforcer,
            guilds=self.guilds,
            cases=self.cases,
            labels=self.labels,
            desk=self.desk,
            clock=self.clock,
            text_days=30,
        )
        self.deciding = Deciding(
            model=self.model,
            review=self.review,
            enforcer=self.enforcer,
            guilds=self.guilds,
            cases=self.cases,
            notes=NoteStore(self.db),
            clock=self.clock,
        )
        self.audit = Audit(
            board=self.board,
            guilds=self.guilds,
            audits=self.audits,
            cases=self.cases,
            labels=self.labels,
            desk=self.desk,
            clock=self.clock,
            text_days=30,
        )
        self.moderate = Moderate(
            model=self.model,
            enforcer=self.enforcer,
            messages=self.messages,
            guilds=self.guilds,
            predictions=self.predictions,
            cases=self.cases,
            desk=self.desk,
            audit=self.audit,
            clock=self.clock,
            text_days=30,
            observe=self.seen.append,
        )
        self.setup = GuildSetup(guilds=self.guilds, labels=self.labels, desk=self.desk, clock=self.clock)

    async def rules(self, **labels: LabelRule) -> GuildRules:
        """Save active rules with a review channel and the given label rules."""
        acting = {name: replace(rule, mode="act") for name, rule in default_labels().items()}
        rules = GuildRules(GUILD, shadow=False, review_channel_id=REVIEW_CHANNEL, labels={**acting, **labels})
        await self.guilds.save(rules, by=1, at=self.clock.now())
        return rules

    async def shadow(self) -> None:
        rules = await self.rules()
        await self.guilds.save(replace(rules, shadow=True), by=1, at=self.clock.now())

    async def post_cards(self) -> None:
        """Let the card desk finish what waits."""
        working = asyncio.create_task(self.desk.run())
        await self.desk.drain()
        working.cancel()
        await asyncio.wait([working])

    async def case(self, case_id: int) -> Case:
        return await self.cases.get(guild_id=GUILD, case_id=case_id)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # pyright: ignore[reportCallIssue]
    db = Database(settings.sql_url, key=TextKey.from_settings(settings))
    await db.migrate()
    yield House(db, GuildStore(db), PredictionStore(db), CaseStore(db), LabelStore(db))
    await db.close()
