"""A bot that is killed while it promotes a model: whatever it had done by then, the next start ends it once."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config import Settings
from bot.core.guild_rules import GuildRules, LabelRule, default_labels
from bot.core.lessons import NewLesson, Run
from bot.core.shadow import ShadowRules
from bot.flow.building_learning import LearnSettings
from bot.store.crypto import TextKey
from bot.store.database import Database
from moderation_model.learning import RunResult
from tests.builders import GUILD
from tests.fake_runs import BETTER, NEW, OLD
from tests.flow.conftest import House

OTHER = GUILD + 1
BEFORE, AFTER = {GUILD: 0.7, OTHER: None}, {GUILD: 0.6, OTHER: 0.55}
"""Both servers' own limit for insults: with the old model, and with the new one."""
RESULT: RunResult = replace(BETTER, limits={str(guild): {"insult": limit} for guild, limit in AFTER.items()})


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing is done after it."""


class Mortal(Database):
    """A database whose process is killed before its `at`-th transaction from now on that writes; None: never."""

    at: int | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        if self.at is not None:
            self.at -= 1
            if self.at <= 0:
                raise Killed
        async with super().begin() as connection:
            yield connection


def process(db: Database, before: House | None = None) -> House:
    """The bot's process, as it starts; the world around it goes on."""
    house = House(db, model=before.model, board=before.board, clock=before.clock) if before else House(db)
    house.build(LearnSettings(promotion="auto", shadow=ShadowRules(messages=0)))
    return house


async def trained(house: House) -> Run:
    """A run whose result nobody has heard yet, for two servers."""
    await house.rules(insult=LabelRule(flag_at=BEFORE[GUILD]))
    other = GuildRules(OTHER, review_channel_id=1, labels={**default_labels(), "insult": LabelRule()})
    await house.guilds.save(other, by=1, at=house.clock.now())
    lessons = [
        NewLesson(GUILD, "moderator_written", f"line {each}", {"insult": float(each % 2)}, 9, house.clock.now())
        for each in range(200)
    ]
    await house.stores.learning.lessons.add(lessons)
    run = await house.learn.start(guild_id=GUILD, by=9)
    house.model.ends(RESULT)
    return run


async def limits(house: House) -> dict[int, float | None]:
    return {guild: (await house.guilds.get(guild)).rule("insult").flag_at for guild in (GUILD, OTHER)}


async def killed_at(folder: Path, step: int) -> bool:
    """Whether the process was killed before its `step`-th transaction; what must hold after the next start is held."""
    settings = Settings(_env_file=None, data_dir=folder)  # pyright: ignore[reportCallIssue]
    db = Mortal(settings.sql_url, key=TextKey.from_settings(settings))
    try:
        first = process(db)
        run = await trained(first)
        db.at, killed = step, False
        try:
            await first.learn.watch()
        except Killed:
            killed = True
        db.at = None
        posted, heard = len(first.board.reports), await first.stores.learning.runs.get(run.run_id)
        noted = heard is not None and heard.report is not None
        first.clock.move(minutes=10)
        second = process(db, first)
        for _ in range(2):
            await second.learn.watch()
        assert (second.model.serving, second.model.previous) == (NEW, [OLD])
        assert await limits(second) == AFTER
        kept = await second.stores.learning.runs.get(run.run_id)
        assert kept is not None
        assert (kept.decision, kept.report is not None) == ("auto", True)
        assert len(second.board.reports) == posted + (not noted)  # twice only where the first was not written down
        assert second.board.reports[-1].standing == "used"
        await second.retraining.rollback(by=9)
        assert second.model.serving == OLD
        assert await limits(second) == BEFORE
        return killed
    finally:
        await db.close()


@pytest.mark.timeout(240)
async def test_killed_before_any_of_its_writes_it_ends_as_if_it_had_not_been(tmp_path: Path, migrated: Path):
    kills = 0
    for step in count(1):
        if not await killed_at(shutil.copytree(migrated, tmp_path / str(step)), step):
            break
        kills += 1
    assert kills >= 7  # heard, lease, limits before, two servers' limits, decided, reported
